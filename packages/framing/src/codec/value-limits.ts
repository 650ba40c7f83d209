import { FramingError } from '../errors.ts'

/** How large a value may be, beside the bytes that it takes. Options of {@link msgpack} and {@link json}. */
export interface ValueLimits {
  /** How many arrays and objects may lie within each other. Default 64, from 1 to 1000: what recursion over a peer's value can take on any stack. */
  readonly depth?: number | undefined
  /**
   * How many values an array or object may contain in all, at every depth. Default 1 048 576: one byte of a message can become an empty object of 56 bytes,
   * so a frame of 16 MiB could otherwise take a gigabyte.
   */
  readonly values?: number | undefined
}

/** Limits with their defaults filled in. */
export interface CheckedValueLimits {
  readonly depth: number
  readonly values: number
}

/** @throws `P2P_BAD_OPTION` for a limit out of range */
export const checkedValueLimits = (limits: ValueLimits): CheckedValueLimits => {
  const { depth = 64, values = 2 ** 20 } = limits
  checkRange('depth', depth, 1000)
  checkRange('values', values, 2 ** 32 - 1)
  return { depth, values }
}

const checkRange = (name: string, value: number, greatest: number) => {
  if (Number.isSafeInteger(value) && value >= 1 && value <= greatest) return
  throw new FramingError(
    'P2P_BAD_OPTION',
    `${name} must be a whole number from 1 to ${greatest}, not ${value}`,
  )
}
