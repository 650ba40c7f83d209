import { type Address, P2PError } from '@p2p/interfaces'

/**
 * Codes of the errors of every transport.
 *
 * - `P2P_BAD_ADDRESS`: the address is not one of this transport's, or is not well formed.
 * - `P2P_ADDRESS_IN_USE`: somebody listens there already.
 * - `P2P_ADDRESS_NOT_AVAILABLE`: this machine has no such address, or none left.
 * - `P2P_HOST_UNKNOWN`: the name of the host could not be resolved.
 * - `P2P_HOST_UNREACHABLE`: there is no route to the host.
 * - `P2P_CONNECTION_REFUSED`: nobody listens there.
 * - `P2P_CONNECTION_RESET`: the other end, or the network, broke the connection.
 * - `P2P_CONNECTION_CLOSED`: the connection has ended while something waited for it.
 * - `P2P_CONNECTION_ABORTED`: this end aborted the connection and gave no reason.
 * - `P2P_CONNECTION_FAILED`: another error of the system; see its `cause`.
 * - `P2P_CONNECTION_LIMIT`: a connection was turned away because as many as allowed are open.
 * - `P2P_QUEUE_LIMIT`: a writer ignored back-pressure until its queue was longer than allowed.
 * - `P2P_TOO_MANY_FILES`: the process or the machine has no file descriptor left.
 * - `P2P_NOT_PERMITTED`: the system does not let this process use that address, often a port below 1024.
 * - `P2P_TIMEOUT`: the other end did not answer in time.
 * - `P2P_CERTIFICATE_REFUSED`: the other end's certificate is not to be trusted, or it does not trust ours; see its `cause`.
 * - `P2P_CERTIFICATE_UNUSABLE`: our own certificate, key or authorities cannot be used.
 * - `P2P_PROTOCOL_ERROR`: the other end does not keep to the protocol of this transport: TLS, WebSocket.
 * - `P2P_NOT_SUPPORTED`: this platform cannot do it: a browser cannot listen.
 */
export type TransportErrorCode =
  | 'P2P_BAD_ADDRESS'
  | 'P2P_ADDRESS_IN_USE'
  | 'P2P_ADDRESS_NOT_AVAILABLE'
  | 'P2P_HOST_UNKNOWN'
  | 'P2P_HOST_UNREACHABLE'
  | 'P2P_CONNECTION_REFUSED'
  | 'P2P_CONNECTION_RESET'
  | 'P2P_CONNECTION_CLOSED'
  | 'P2P_CONNECTION_ABORTED'
  | 'P2P_CONNECTION_FAILED'
  | 'P2P_CONNECTION_LIMIT'
  | 'P2P_QUEUE_LIMIT'
  | 'P2P_TOO_MANY_FILES'
  | 'P2P_NOT_PERMITTED'
  | 'P2P_TIMEOUT'
  | 'P2P_CERTIFICATE_REFUSED'
  | 'P2P_CERTIFICATE_UNUSABLE'
  | 'P2P_PROTOCOL_ERROR'
  | 'P2P_NOT_SUPPORTED'

/** What a transport throws, rejects with, or gives as the reason of an end. */
export class TransportError extends P2PError<TransportErrorCode> {}

/** The error for what is not an address of a scheme. */
export const badAddress = (scheme: string, address: Address, reason: string): TransportError => {
  const shown = JSON.stringify(address.slice(0, 300))
  return new TransportError('P2P_BAD_ADDRESS', `${shown} is not an address of ${scheme}: ${reason}`)
}
