/** A moment of the hybrid logical clock. Plain data: it survives any codec that keeps integers. */
export interface Stamp {
  /** Milliseconds since 1970: an integer below 2^48. */
  readonly time: number
  /** Tells apart the stamps of one millisecond: an integer below 2^16. */
  readonly count: number
}

/** `time` of every stamp is below this (the year 10889). */
export const timeLimit: number = 2 ** 48

/** `count` of every stamp is below this; the next stamp after the last of a millisecond borrows from the next millisecond. */
export const countLimit: number = 2 ** 16

/** Below every other stamp. */
export const zeroStamp: Stamp = Object.freeze({ time: 0, count: 0 })

/** Negative, zero or positive, as `a` is before, at or after `b`. */
export const compareStamps = (a: Stamp, b: Stamp): number => a.time - b.time || a.count - b.count

/** 16 lower-case hexadecimal digits that sort as the stamps do. */
export const encodeStamp = ({ time, count }: Stamp): string =>
  time.toString(16).padStart(12, '0') + count.toString(16).padStart(4, '0')
