import type { PeerId } from '@p2p/interfaces'
import {
  type Moment,
  type Sighting,
  type Stamp,
  type Version,
  type Write,
  type WriteOrder,
  compareStamps,
  firstEpoch,
  leaseOrder,
  nextEpoch,
  remainingForHolder,
  remainingForOthers,
} from '@p2p/replica'
import { LeaseError } from '../errors.ts'
import type { Fate, Rules } from './rules.ts'
import type { Held } from './table.ts'

/** Who writes first to an open key holds it for a while, and only the holder writes to it. */
export class Leases implements Rules {
  readonly order: WriteOrder = leaseOrder
  readonly leased: boolean = true
  readonly #self: PeerId
  readonly #duration: number
  readonly #tombstoneLife: number

  constructor(self: PeerId, duration: number, tombstoneLife: number) {
    this.#self = self
    this.#duration = duration
    this.#tombstoneLife = tombstoneLife
  }

  /**
   * Milliseconds until a lease ends as this node sees it: soon if it is its own, late if it is another's. At most 0 where nobody holds the key.
   */
  remaining({ entry, seen }: Held, now: Moment): number {
    const write = entry.base as Write
    if (write.state !== 'held') return 0
    return write.owner === this.#self
      ? remainingForHolder(seen as Sighting, this.#duration, now)
      : remainingForOthers(seen as Sighting, this.#duration, now)
  }

  check(held: Held | undefined, now: Moment): void {
    if (held === undefined) return
    const { owner } = held.entry.base as Write
    if (owner === this.#self) return
    const remaining = this.remaining(held, now)
    if (remaining > 0) throw new LeaseError(owner, Math.ceil(now.wall + remaining))
  }

  version(held: Held | undefined, counter: Stamp, now: Moment): Version {
    const owner = this.#self
    if (held === undefined) {
      return { epoch: firstEpoch(counter, this.#tombstoneLife), start: counter, owner, counter }
    }
    const { epoch, start, owner: holder } = held.entry.base as Write
    if (holder === owner && this.remaining(held, now) > 0) return { epoch, start, owner, counter }
    return { epoch: nextEpoch(epoch, counter, this.#tombstoneLife), start: counter, owner, counter }
  }

  fate(mine: Write, seen: Sighting | undefined, winner: Held, now: Moment): Fate {
    const theirs = winner.entry.base as Write
    // A former life of this node, or a clone: its later write stands.
    if (theirs.owner === mine.owner) {
      return compareStamps(mine.counter, theirs.counter) > 0 ? 'reissued' : 'followed'
    }
    const inTime = remainingForHolder(seen as Sighting, this.#duration, now) > 0
    // Whoever takes over what lapsed or was given up goes to a later epoch. In the same epoch neither knew of the other.
    if (theirs.epoch > mine.epoch && (mine.state !== 'held' || !inTime)) return 'followed'
    return inTime && this.remaining(winner, now) <= 0 ? 'reissued' : 'lost'
  }
}
