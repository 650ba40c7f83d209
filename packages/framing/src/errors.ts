import { P2PError } from '@p2p/interfaces'

/** Codes of the errors of this package. */
export type FramingErrorCode =
  /** A payload is longer than the framing's limit, made here or announced by the peer. */
  | 'P2P_FRAME_TOO_LONG'
  /** The stream ended within a frame. */
  | 'P2P_FRAME_CUT_OFF'
  /** Bytes that no encoder of ours would have made. */
  | 'P2P_NOT_DECODABLE'
  /** A value or a payload beyond the limits of its codec or framing, or one that its framing cannot carry. */
  | 'P2P_NOT_ENCODABLE'
  /** An option out of its range. */
  | 'P2P_BAD_OPTION'
  /** A decoder was fed from within its own listener. */
  | 'P2P_REENTRANT_PUSH'

/** What framings and codecs throw. */
export class FramingError extends P2PError<FramingErrorCode> {}
