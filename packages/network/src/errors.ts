import { P2PError } from '@p2p/interfaces'

/**
 * Codes of the errors of this package.
 *
 * - `P2P_BAD_ADDRESS`: not an IP address, a range, or an endpoint; or a link-local address without the interface that it belongs to.
 * - `P2P_INTERFACE_NOT_FOUND`: this machine has no interface of that name; the message lists those that it has.
 * - `P2P_NO_DEFAULT_ROUTE`: no interface leads to everywhere, for the family that was asked for.
 * - `P2P_NETWORK_UNKNOWN`: the system's tools did not say how the network looks; see the `cause`.
 * - `P2P_HOST_UNKNOWN`: the name of the host could not be resolved.
 * - `P2P_HOST_UNREACHABLE`: there is no route to the host; without any network that is at once.
 * - `P2P_ADDRESS_IN_USE`, `P2P_ADDRESS_NOT_AVAILABLE`, `P2P_NOT_PERMITTED`: the local address cannot be bound.
 * - `P2P_CONNECTION_REFUSED`: nobody listens there.
 * - `P2P_SOCKET_FAILED`: another error of the system; see the `cause`.
 * - `P2P_SOCKET_CLOSED`: the socket was closed while something waited for it.
 * - `P2P_PROTOCOL_ERROR`: what came is not STUN, or not what was asked for.
 * - `P2P_STUN_REFUSED`: the server answered with an error.
 * - `P2P_NO_SERVER`: no server was named, or none can answer this question.
 * - `P2P_NO_PATH`: no path between the two nodes could be proven.
 * - `P2P_NO_GATEWAY`: no router that maps ports was found.
 * - `P2P_MAPPING_REFUSED`: the router does not map that port; see the `cause`.
 * - `P2P_NOT_INSTALLED`: the optional package that does this is not installed.
 */
export type NetworkErrorCode =
  | 'P2P_BAD_ADDRESS'
  | 'P2P_INTERFACE_NOT_FOUND'
  | 'P2P_NO_DEFAULT_ROUTE'
  | 'P2P_NETWORK_UNKNOWN'
  | 'P2P_HOST_UNKNOWN'
  | 'P2P_HOST_UNREACHABLE'
  | 'P2P_ADDRESS_IN_USE'
  | 'P2P_ADDRESS_NOT_AVAILABLE'
  | 'P2P_NOT_PERMITTED'
  | 'P2P_CONNECTION_REFUSED'
  | 'P2P_SOCKET_FAILED'
  | 'P2P_SOCKET_CLOSED'
  | 'P2P_PROTOCOL_ERROR'
  | 'P2P_STUN_REFUSED'
  | 'P2P_NO_SERVER'
  | 'P2P_NO_PATH'
  | 'P2P_NO_GATEWAY'
  | 'P2P_MAPPING_REFUSED'
  | 'P2P_NOT_INSTALLED'

/** What this package throws or rejects with. A wait that runs out of time or is aborted rejects with a `WaitError` instead. */
export class NetworkError extends P2PError<NetworkErrorCode> {}

/** The system's names for what can go wrong with a socket or a name, and ours. */
const known = new Map<string, NetworkErrorCode>([
  ['ENOTFOUND', 'P2P_HOST_UNKNOWN'],
  ['EAI_AGAIN', 'P2P_HOST_UNKNOWN'],
  ['EAI_FAIL', 'P2P_HOST_UNKNOWN'],
  ['EAI_NODATA', 'P2P_HOST_UNKNOWN'],
  ['ENETUNREACH', 'P2P_HOST_UNREACHABLE'],
  ['EHOSTUNREACH', 'P2P_HOST_UNREACHABLE'],
  ['ENETDOWN', 'P2P_HOST_UNREACHABLE'],
  ['EHOSTDOWN', 'P2P_HOST_UNREACHABLE'],
  ['EADDRINUSE', 'P2P_ADDRESS_IN_USE'],
  ['EADDRNOTAVAIL', 'P2P_ADDRESS_NOT_AVAILABLE'],
  ['EAFNOSUPPORT', 'P2P_ADDRESS_NOT_AVAILABLE'],
  ['EACCES', 'P2P_NOT_PERMITTED'],
  ['EPERM', 'P2P_NOT_PERMITTED'],
  ['ECONNREFUSED', 'P2P_CONNECTION_REFUSED'],
])

/** The coded error for one of the system's. `what` begins its message: `binding 10.0.0.1:0`. */
export const systemError = (what: string, cause: Error): NetworkError => {
  const name = 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
  return new NetworkError(known.get(name) ?? 'P2P_SOCKET_FAILED', `${what}: ${cause.message}`, { cause })
}
