import { type ErrorOptions, P2PError } from '@p2p/interfaces'
import type { Value } from '@p2p/replica'

/** Codes of {@link ChordError}. */
export type ChordErrorCode =
  /** An option is not usable. */
  | 'P2P_BAD_OPTION'
  /** The table is closed. */
  | 'P2P_CLOSED'
  /** There is nothing at the key. */
  | 'P2P_KEY_ABSENT'
  /** The key is longer than the limit. */
  | 'P2P_KEY_TOO_LONG'
  /** A value takes more bytes than the limit: {@link ValueTooLargeError}. */
  | 'P2P_VALUE_TOO_LARGE'
  /** There is no room for another entry, or for so many bytes. */
  | 'P2P_TABLE_FULL'
  /** No three tables agreed on a version by the deadline: {@link NoAgreementError}. */
  | 'P2P_NO_AGREEMENT'
  /** Fewer than three tables held the write by the deadline; some may hold it. */
  | 'P2P_TOO_FEW_TABLES'
  /** No member of the ring is known, or none answers. */
  | 'P2P_NO_MEMBER'
  /** A look-up did not find the owner of a position. */
  | 'P2P_OWNER_NOT_FOUND'
  /** This node is the last one of the ring: nobody could take what it holds. */
  | 'P2P_LAST_MEMBER'
  /** A stamp is further ahead of this node's wall clock than is tolerated. Also a `ReplicaError`. */
  | 'P2P_STAMP_AHEAD'
  /** A peer has another number of points or copies: the two rings do not mix. */
  | 'P2P_SETTINGS_DIFFER'
  /** A peer's message is not of the protocol's grammar. */
  | 'P2P_MALFORMED'
  /** A listener of the application threw; `cause` is what. */
  | 'P2P_HANDLER_FAILED'
  /** A piece of the upkeep failed and is tried again; `cause` says why. */
  | 'P2P_UPKEEP_FAILED'

/** An error of `@p2p/chord`. Decide on its `code`. */
export class ChordError extends P2PError<ChordErrorCode> {}

/** A value is above the limit: `P2P_VALUE_TOO_LARGE`. The README has a recipe for what is larger. */
export class ValueTooLargeError extends ChordError {
  /** The most bytes that a value may take. */
  readonly limit: number

  constructor(limit: number, options?: ErrorOptions) {
    super('P2P_VALUE_TOO_LARGE', `a value takes more than ${limit} bytes`, options)
    this.limit = limit
  }
}

/** No three of the five tables agreed on a version by the deadline: `P2P_NO_AGREEMENT`. */
export class NoAgreementError extends ChordError {
  /** How many tables answered at all. */
  readonly answered: number
  /** The newest copy that any of them holds; `undefined` where none has one. */
  readonly newest: Value | undefined

  constructor(answered: number, newest: Value | undefined) {
    super('P2P_NO_AGREEMENT', `no three tables agree on a version; ${answered} of 5 answered`)
    this.answered = answered
    this.newest = newest
  }
}
