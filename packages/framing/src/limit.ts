import { FramingError } from './errors.ts'

/**
 * The longest payload unless told otherwise, in bytes: 16 MiB. Long enough for any message that an application should send as one, short enough that
 * a few peers at once cannot exhaust a small machine.
 */
export const defaultLimit: number = 16 * 2 ** 20

/** The longest payload that any framing can be told to carry, in bytes: what four bytes of length can say. */
export const greatestLimit: number = 2 ** 32 - 1

/** @throws `P2P_BAD_OPTION` unless `limit` is a whole number from 1 to `greatest` */
export const checkedLimit = (limit: number, greatest: number): number => {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > greatest) {
    throw new FramingError(
      'P2P_BAD_OPTION',
      `limit must be a whole number from 1 to ${greatest}, not ${limit}`,
    )
  }
  return limit
}

/** The error for a payload of ours, or of a peer's, that is longer than the limit. */
export const frameTooLong = (length: number, limit: number): FramingError =>
  new FramingError('P2P_FRAME_TOO_LONG', `a payload of ${length} bytes is above the limit of ${limit}`)

/** @throws RangeError where a frame does not fit behind `offset`, before a byte is written */
export const checkRoom = (target: Uint8Array, offset: number, frameLength: number): void => {
  if (target.length - offset < frameLength) {
    throw new RangeError(
      `a frame of ${frameLength} bytes does not fit into ${target.length} bytes from offset ${offset}`,
    )
  }
}
