import { P2PError } from '@p2p/interfaces'

/**
 * Codes of the errors of pipes, their servers, and daemons. What the network says has a code of `TransportErrorCode`, what a framing or a codec says one of
 * `FramingErrorCode`.
 *
 * - `P2P_PIPE_CLOSED`: the pipe, server, daemon or subscription has ended: while something waited for it, or before. `cause` is why, if it failed.
 * - `P2P_QUEUE_OVERFLOW`: a subscription with the policy `end` was full.
 * - `P2P_PATTERN_FAILED`: a pattern threw, or cannot be applied to such data; its subscription has ended.
 * - `P2P_HANDLER_FAILED`: a handler threw or rejected; `cause` is what with.
 * - `P2P_PENDING_LIMIT`: a client was turned away: as many as allowed wait to be accepted.
 * - `P2P_PEER_LIMIT`: a peer was turned away: as many as allowed are here.
 * - `P2P_NOT_ADMITTED`: `admit` said no.
 * - `P2P_ADMISSION_FAILED`: `admit` threw or rejected, which counts as no.
 * - `P2P_UNKNOWN_PEER`: there is no peer of that address.
 * - `P2P_SLOW_PEER`: a peer was disconnected because its queue was full.
 * - `P2P_IDLE_PEER`: a peer was disconnected because nothing came from it for too long.
 * - `P2P_NO_TRANSPORT`: no transport has this scheme, or what it needs is not installed.
 * - `P2P_NO_TARGET`: not one of the targets could be listened at or dialled; the errors are the `cause`'s `errors`.
 * - `P2P_NO_REPLY`: a request was sent as often as allowed and not answered.
 */
export type PipeErrorCode =
  | 'P2P_PIPE_CLOSED'
  | 'P2P_QUEUE_OVERFLOW'
  | 'P2P_PATTERN_FAILED'
  | 'P2P_HANDLER_FAILED'
  | 'P2P_PENDING_LIMIT'
  | 'P2P_PEER_LIMIT'
  | 'P2P_NOT_ADMITTED'
  | 'P2P_ADMISSION_FAILED'
  | 'P2P_UNKNOWN_PEER'
  | 'P2P_SLOW_PEER'
  | 'P2P_IDLE_PEER'
  | 'P2P_NO_TRANSPORT'
  | 'P2P_NO_TARGET'
  | 'P2P_NO_REPLY'

/** What pipes, servers and daemons throw, reject with, or emit. */
export class PipeError extends P2PError<PipeErrorCode> {}

/** The error for what has ended. */
export const closedError = (what: string, cause?: Error): PipeError =>
  new PipeError('P2P_PIPE_CLOSED', `${what} has ended`, cause && { cause })
