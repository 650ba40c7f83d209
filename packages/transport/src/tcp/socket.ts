import { connect, type Socket, type TcpNetConnectOpts } from 'node:net'
import type { Address, Connection } from '@p2p/interfaces'
import { type Endpoint, formatEndpoint } from '../endpoint.ts'
import { TransportError } from '../errors.ts'
import type { Ends } from '../queued-connection.ts'
import { socketMark } from '../socket/connection.ts'
import { transportError } from '../socket/system-error.ts'
import { sourceFor, type Via } from '../via.ts'

/** Who waits for a socket to connect. */
export interface Connecting {
  readonly connected: (socket: Socket) => void
  readonly failed: (error: TransportError) => void
}

/** What a socket is to be opened with in order to come from a route. @throws TransportError `P2P_HOST_UNREACHABLE` */
export const localEnd = (
  via: Via | undefined,
  address: Address,
  endpoint: Endpoint,
): Pick<TcpNetConnectOpts, 'localAddress' | 'family'> => {
  if (via === undefined) return {}
  const { host, family } = sourceFor(via, address, endpoint)
  return { localAddress: host, family }
}

/** Opens a socket of TCP, paused and allowed to be half open. */
export const openSocket = (
  address: Address,
  { host, port }: Endpoint,
  more: Partial<TcpNetConnectOpts>,
  { connected, failed }: Connecting,
): Socket => {
  const options: TcpNetConnectOpts & { readonly writableHighWaterMark: number } = {
    host,
    port,
    noDelay: true,
    allowHalfOpen: true,
    writableHighWaterMark: socketMark,
    ...more,
  }
  const socket = connect(options)
  socket.pause()
  socket.once('error', cause => failed(transportError(`dialling ${address}`, cause)))
  socket.once('connect', () => {
    if (!isOwnEcho(socket)) connected(socket)
    else failed(nobodyListens(address))
  })
  return socket
}

/**
 * Who dials a port of this machine again and again may be given that very port for its own end, and TCP then connects the socket with itself: over
 * loopback after some ten thousand dials, which is a night of retrying a seed. Nobody listens there, so that is a refusal.
 */
export const isOwnEcho = ({ localAddress, localPort, remoteAddress, remotePort }: Socket): boolean =>
  localPort === remotePort && localAddress === remoteAddress

/** The error of who has dialled itself, as of {@link isOwnEcho}. */
export const nobodyListens = (address: Address): TransportError =>
  new TransportError('P2P_CONNECTION_REFUSED', `dialling ${address}: nobody listens there`)

/** The two ends of a connected socket of TCP, or of TLS over it. */
export const endsOf = (scheme: string, socket: Socket, direction: Connection['direction']): Ends => {
  const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = socket
  return {
    direction,
    local: formatEndpoint(scheme, { host: localAddress, port: localPort }),
    remote: formatEndpoint(scheme, { host: remoteAddress, port: remotePort }),
  }
}
