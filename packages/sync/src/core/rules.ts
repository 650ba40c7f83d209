import type { PeerId } from '@p2p/interfaces'
import {
  type Moment,
  type Sighting,
  type Stamp,
  type Version,
  type Write,
  type WriteOrder,
  stampOrder,
  zeroStamp,
} from '@p2p/replica'
import type { Held } from './table.ts'

/** What becomes of a write of this node when another one wins over it. */
export type Fate =
  /** It had its time: the other one follows it. */
  | 'followed'
  /** It lost only to what anybody may write over: it is written once more, above that. */
  | 'reissued'
  /** It lost. */
  | 'lost'

/** What differs between dictionaries with leases and without. */
export interface Rules {
  /** Which write wins. */
  readonly order: WriteOrder
  /** Whether writes are made under leases. */
  readonly leased: boolean
  /** @throws LeaseError unless this node may write over what is held */
  check(held: Held | undefined, now: Moment): void
  /** Who, and when, of a write over what is held; it wins over that. */
  version(held: Held | undefined, counter: Stamp, now: Moment): Version
  /** What becomes of `mine`, a write of this node that was seen as `seen` says, now that another one is held. */
  fate(mine: Write, seen: Sighting | undefined, winner: Held, now: Moment): Fate
}

/** Anybody writes at any time, and the later write wins. */
export const plainRules = (self: PeerId): Rules => ({
  order: stampOrder,
  leased: false,
  check: () => undefined,
  version: (_held, counter) => ({ epoch: 0, start: zeroStamp, owner: self, counter }),
  // The later one may have known of ours or not: nothing tells.
  fate: () => 'followed',
})
