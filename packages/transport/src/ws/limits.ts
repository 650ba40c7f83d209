import { positive } from '../limits.ts'

/** What a connection over WebSockets keeps within, beside what all connections do. */
export interface WsLimits {
  /**
   * Bytes of the longest message that is sent or taken. A message is buffered until it is whole; one that is longer ends the connection with
   * `P2P_PROTOCOL_ERROR`. Both ends should have the same.
   */
  readonly maxPayload: number
  /** Milliseconds that who was accepted may take for its handshake. Until then it counts among `maxConnections`. */
  readonly handshakeTimeout: number
}

/** The limits where nothing else is said. */
export const wsLimits: WsLimits = {
  // Some queues long, so that it splits nothing that is written as one; and with 2048 connections that all wait for the rest of a message, 2 GiB.
  maxPayload: 1_048_576,
  // Three round trips with TLS; a client on the other side of the world with one packet lost needs three seconds.
  handshakeTimeout: 5_000,
}

/** @throws RangeError for one that is not above 0 */
export const wsLimitsFrom = (given: Partial<WsLimits>): WsLimits => ({
  maxPayload: Math.floor(positive('maxPayload', given.maxPayload ?? wsLimits.maxPayload)),
  handshakeTimeout: positive('handshakeTimeout', given.handshakeTimeout ?? wsLimits.handshakeTimeout),
})
