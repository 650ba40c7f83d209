import type { Stamp } from './stamp.ts'

/** Takeovers of one key that fit between the first epochs of two periods: one every 0.3 s, for ever, with a tombstone life of a week. */
const epochsInPeriod = 2 ** 20

/** A period is half of the tombstone life. */
const periodOf = (time: number, tombstoneLife: number) => Math.floor(time / (tombstoneLife / 2))

/**
 * The first epoch of a key that nobody holds, from the stamp of the write that takes it.
 *
 * It rises by 2^20 each period, and a tombstone is dropped only two periods after it was written, by the clock that made the stamp: so the next epoch of that key is above the dropped one, and tokens never fall.
 */
export const firstEpoch = (start: Stamp, tombstoneLife: number): number =>
  periodOf(start.time, tombstoneLife) * epochsInPeriod + 1

/** The epoch of one who takes over a lapsed, released or deleted entry of epoch `seen`: above that, and not below {@link firstEpoch}. */
export const nextEpoch = (seen: number, start: Stamp, tombstoneLife: number): number =>
  Math.max(firstEpoch(start, tombstoneLife), seen + 1)

/** Whether an epoch is more than two periods above the reader's own, whose clock reads `time`: nobody with a tolerable clock makes such a one. */
export const isEpochAhead = (epoch: number, time: number, tombstoneLife: number): boolean =>
  epoch > (periodOf(time, tombstoneLife) + 3) * epochsInPeriod

/** Whether a tombstone's life is over for a reader whose hybrid clock reads `time`. */
export const isTombstoneOver = (counter: Stamp, time: number, tombstoneLife: number): boolean =>
  time >= counter.time + tombstoneLife
