import { type ErrorOptions, P2PError, type PeerId } from '@p2p/interfaces'

/** Codes of {@link SyncError}. What the application passes itself is refused with the two that are also a `ReplicaError`'s by that error. */
export type SyncErrorCode =
  /** An option is not usable. */
  | 'P2P_BAD_OPTION'
  /** The dictionary is closed. */
  | 'P2P_CLOSED'
  /** Another node holds the key's lease: {@link LeaseError}. */
  | 'P2P_LEASE_HELD'
  /** There is nothing at the key. */
  | 'P2P_KEY_ABSENT'
  /** A stamp is further ahead of this node's wall clock than is tolerated; thrown by a local write, the clock was set back by days. Also a `ReplicaError`. */
  | 'P2P_STAMP_AHEAD'
  /** A value takes more bytes than the limit. Also a `ReplicaError`. */
  | 'P2P_VALUE_TOO_LARGE'
  /** The key is longer than the limit. */
  | 'P2P_KEY_TOO_LONG'
  /** There is no room for another entry, or for so many bytes. */
  | 'P2P_REPLICA_FULL'
  /** An entry's epoch is further ahead than any tolerable clock would put it. */
  | 'P2P_EPOCH_AHEAD'
  /** A peer has another lease duration (or none) or another tombstone life: the two dictionaries do not mix. */
  | 'P2P_SETTINGS_DIFFER'
  /** A peer's message is not of the protocol's grammar. */
  | 'P2P_MALFORMED'
  /** A neighbour knows nothing of a catching-up that was begun with it: it was restarted, or has too many. Nobody is told; it is tried again. */
  | 'P2P_NO_SESSION'
  /** Catching up with a neighbour broke off; `cause` says why. It is tried again. */
  | 'P2P_CATCH_UP_FAILED'
  /** The group did not take a broadcast; `cause` says why. */
  | 'P2P_BROADCAST_FAILED'
  /** A listener of the application threw; `cause` is what. */
  | 'P2P_HANDLER_FAILED'

/** Options of a {@link SyncError}. */
export interface SyncErrorOptions extends ErrorOptions {
  /** Whose message it was about. */
  readonly peer?: PeerId | undefined
}

/** An error of `@p2p/sync`. Decide on its `code`. */
export class SyncError extends P2PError<SyncErrorCode> {
  /** Whose message it was about, where it was about one. */
  readonly peer: PeerId | undefined

  constructor(code: SyncErrorCode, message: string, options?: SyncErrorOptions) {
    super(code, message, options)
    this.peer = options?.peer
  }
}

/** A key is leased to another node: `P2P_LEASE_HELD`. */
export class LeaseError extends SyncError {
  /** Who holds the lease. */
  readonly owner: PeerId
  /** When this node may take the key over, unless the lease is renewed: milliseconds of its wall clock. */
  readonly expires: number

  constructor(owner: PeerId, expires: number) {
    super(
      'P2P_LEASE_HELD',
      `the key is leased to ${owner} until ${new Date(expires).toISOString()}, as far as is known here`,
    )
    this.owner = owner
    this.expires = expires
  }
}
