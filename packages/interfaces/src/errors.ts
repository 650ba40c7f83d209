/** Marks every error of the family, also across two copies of this package in one process. */
const mark = Symbol.for('@p2p/error')

/** Options of every error: what it was caused by. */
export interface ErrorOptions {
  readonly cause?: unknown
}

/**
 * The base of every error that a package of the family throws, rejects with or emits.
 *
 * `code` is stable and is what a program decides on; `message` is for people and may change. Packages subclass this once
 * and list their codes in one union type (`TransportErrorCode`, `MeshErrorCode`, …).
 */
export class P2PError<Code extends string = string> extends Error {
  /** A stable identifier such as `P2P_ADDRESS_IN_USE`. */
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    Object.defineProperty(this, mark, { value: true })
  }

  /**
   * Whether `value` is an error of the family, and of this code if one is given. Prefer it to `instanceof`, which fails
   * when two versions of a package are installed.
   */
  static is<Code extends string = string>(value: unknown, code?: Code): value is P2PError<Code> {
    return (
      typeof value === 'object' &&
      value !== null &&
      mark in value &&
      (code === undefined || ('code' in value && value.code === code))
    )
  }
}

/** Codes of the errors that waiting itself can end in, whatever was waited for. */
export type WaitErrorCode = 'P2P_ABORTED' | 'P2P_TIMEOUT'

/** A wait that ended because its signal was aborted (`P2P_ABORTED`, `cause` is the signal's reason) or its time was up (`P2P_TIMEOUT`). */
export class WaitError extends P2PError<WaitErrorCode> {}
