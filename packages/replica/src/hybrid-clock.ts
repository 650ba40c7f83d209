import { ReplicaError } from './errors.ts'
import { countLimit, type Stamp, compareStamps, timeLimit, zeroStamp } from './stamp.ts'

/** How far, in milliseconds, a stamp may be ahead of the wall clock: a day. An hour's error is common, a day's is a broken clock. */
export const defaultSkew: number = 86_400_000

/** Settings of a {@link HybridClock}. */
export interface HybridClockOptions {
  /** How far a stamp may be ahead of the wall clock, in milliseconds. Default {@link defaultSkew}. */
  readonly skew?: number
  /** Where an earlier clock stopped: {@link HybridClock.last}. Default: before every stamp. */
  readonly last?: Stamp
}

/**
 * A hybrid logical clock (Kulkarni, Demirbas, Madappa, Avva, Leone: *Logical Physical Clocks*, 2014): its stamps are above all that it made
 * or saw and stay near the wall clock, which is a parameter of every call, in milliseconds since 1970.
 */
export class HybridClock {
  readonly #skew: number
  #last: Stamp

  constructor(options: HybridClockOptions = {}) {
    this.#skew = options.skew ?? defaultSkew
    this.#last = options.last ?? zeroStamp
  }

  /** The greatest stamp that was made or seen. Keep it and pass it as `last`, and the next life goes on above it. */
  get last(): Stamp {
    return this.#last
  }

  /** What the clock reads, in milliseconds: the wall clock, or the last stamp's time where that is later. It never goes back. */
  read(now: number): number {
    return Math.max(Math.floor(now), this.#last.time)
  }

  /**
   * A new stamp, above every earlier one.
   *
   * @throws `P2P_STAMP_AHEAD` if it would be too far ahead of the wall clock, so that others would refuse it: that clock was set back by days
   */
  tick(now: number): Stamp {
    const wall = Math.floor(now)
    const last = this.#last
    let next: Stamp
    if (wall > last.time) next = { time: wall, count: 0 }
    else if (last.count + 1 < countLimit) next = { time: last.time, count: last.count + 1 }
    else next = { time: last.time + 1, count: 0 }
    this.check(next, now)
    this.#last = next
    return next
  }

  /** Sees another's stamp: later stamps of ours are above it. @throws `P2P_STAMP_AHEAD`, and is unchanged then */
  observe(stamp: Stamp, now: number): void {
    this.check(stamp, now)
    if (compareStamps(stamp, this.#last) > 0) this.#last = stamp
  }

  /** @throws `P2P_STAMP_AHEAD` for a stamp that {@link observe} would refuse */
  check(stamp: Stamp, now: number): void {
    const ahead = stamp.time - now
    if (!(ahead <= this.#skew) || stamp.time >= timeLimit) {
      throw new ReplicaError(
        'P2P_STAMP_AHEAD',
        `a stamp is ${ahead} ms ahead of the wall clock, more than ${this.#skew} ms`,
      )
    }
  }
}
