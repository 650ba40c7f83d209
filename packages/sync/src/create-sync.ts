import type { Group } from '@p2p/interfaces'
import type { Value } from '@p2p/replica'
import { Dictionary } from './dictionary.ts'
import { type SyncOptions, checkOptions } from './options.ts'
import type { Sync } from './sync.ts'

/**
 * This node's replica of a dictionary that all nodes of a group hold whole, under the protocol `/sync/1/NAME`. It begins to catch up at once: see `ready`.
 *
 * @throws `P2P_BAD_OPTION`, also for a group whose id is not 1 to 128 printable ASCII characters; `P2P_PROTOCOL_TAKEN` if the group has this dictionary already
 */
export const createSync = <V = Value>(group: Group, options: SyncOptions = {}): Sync<V> =>
  // What the nodes keep here is of type V by their own agreement: nothing checks it.
  new Dictionary(group, checkOptions(options)) as unknown as Sync<V>
