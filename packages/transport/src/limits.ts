/** What every connection keeps within, whatever its transport. */
export interface ConnectionLimits {
  /** Bytes of queue from which on `write` answers `false`. */
  readonly highWaterMark: number
  /** Bytes of queue above which the connection is aborted with `P2P_QUEUE_LIMIT`: its writer ignores back-pressure. */
  readonly queueLimit: number
  /** Milliseconds that a dial or a listen may take. */
  readonly connectTimeout: number
  /** Milliseconds that the flush of an ending connection may take. */
  readonly closeTimeout: number
}

/** The limits where nothing else is said. */
export const connectionLimits: ConnectionLimits = {
  // Four writes of 64 KiB: enough to keep a fast network busy from one turn to the next.
  highWaterMark: 262_144,
  // Four frames of the largest size that framing allows by default (16 MiB): no honest writer gets there.
  queueLimit: 67_108_864,
  // Three lost SYN segments, sent again after 1, 2 and 4 s, are survived.
  connectTimeout: 10_000,
  closeTimeout: 5_000,
}

/** Limits with the defaults filled in. @throws RangeError for one that is not a number above 0 (`Infinity` is one) */
export const limitsFrom = (given: Partial<ConnectionLimits>): ConnectionLimits => ({
  highWaterMark: positive('highWaterMark', given.highWaterMark ?? connectionLimits.highWaterMark),
  queueLimit: positive('queueLimit', given.queueLimit ?? connectionLimits.queueLimit),
  connectTimeout: positive('connectTimeout', given.connectTimeout ?? connectionLimits.connectTimeout),
  closeTimeout: positive('closeTimeout', given.closeTimeout ?? connectionLimits.closeTimeout),
})

/** @throws RangeError */
export const positive = (name: string, value: number): number => {
  if (value > 0) return value
  throw new RangeError(`${name} must be above 0, and is ${value}`)
}
