import type { Messenger } from '@p2p/interfaces'
import type { Value } from '@p2p/replica'
import type { Chord } from './chord.ts'
import { ChordNode } from './chord-node.ts'
import { type ChordOptions, checkOptions } from './options.ts'

/**
 * This node's access to a table that the processes of a ring hold together, under the protocol `/chord/1/NAME`. It is leeching at first: `meet` a member and use
 * the table, or `join`.
 *
 * @throws `P2P_BAD_OPTION`, also for a messenger whose id is not 1 to 128 printable ASCII characters; `P2P_PROTOCOL_TAKEN` if the messenger has this table already
 */
export const createChord = <V = Value>(messenger: Messenger, options: ChordOptions = {}): Chord<V> =>
  // What the nodes keep here is of type V by their own agreement: nothing checks it.
  new ChordNode(messenger, checkOptions(options)) as unknown as Chord<V>
