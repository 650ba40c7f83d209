import { P2PError } from '@p2p/interfaces'

/** Codes of {@link NoiseError}. */
export type NoiseErrorCode =
  /** An option is not usable. */
  | 'P2P_BAD_OPTION'
  /** The other end belongs to another network. */
  | 'P2P_WRONG_NETWORK'
  /** The other end has another secret, has one where we have none, or has none where we have one. */
  | 'P2P_WRONG_SECRET'
  /** The two ends speak no common version of this protocol. */
  | 'P2P_WRONG_VERSION'
  /** Another node than the expected one is at the other end. */
  | 'P2P_UNEXPECTED_ID'
  /** The other end could not prove that the key it names is its own. */
  | 'P2P_NOT_PROVEN'
  /** The other end does not speak this protocol; most likely it speaks without protection. */
  | 'P2P_PLAINTEXT'
  /** The handshake was not done by its deadline. */
  | 'P2P_HANDSHAKE_TIMEOUT'
  /** The other end has no room for more connections. */
  | 'P2P_LIMIT_REACHED'
  /** The connection ended within the handshake, or the other end refused for a reason that we do not know. */
  | 'P2P_HANDSHAKE_FAILED'
  /** The other end broke the grammar of this protocol. */
  | 'P2P_MALFORMED'
  /** Something was changed, repeated, left out or put in on the way. */
  | 'P2P_TAMPERED'
  /** The stream was cut off: it ended without the other end's saying so. */
  | 'P2P_TRUNCATED'
  /** The connection has ended while something waited for it. */
  | 'P2P_CONNECTION_CLOSED'
  /** This end aborted the connection and gave no reason, or gave something that is not an error. */
  | 'P2P_CONNECTION_ABORTED'
  /** The other end has ended the connection and does not take what it was sent before. */
  | 'P2P_TIMEOUT'
  /** A writer ignored back-pressure until its queue was longer than allowed. */
  | 'P2P_QUEUE_LIMIT'

/** What this package throws, rejects with, or gives as the reason of an end. No key and no secret is ever in its message or its cause. */
export class NoiseError extends P2PError<NoiseErrorCode> {}
