import { isIP, type Socket, type TcpNetConnectOpts } from 'node:net'
import { checkServerIdentity, connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { Address } from '@p2p/interfaces'
import type { Endpoint } from '../endpoint.ts'
import { TransportError } from '../errors.ts'
import { socketMark } from '../socket/connection.ts'
import { type Connecting, isOwnEcho, nobodyListens } from '../tcp/socket.ts'
import type { Security } from './options.ts'
import { certificateError, tlsError } from './tls-error.ts'

/** Puts TLS on a socket that was dialled. */
export const secure = (
  address: Address,
  host: string,
  tcp: Socket,
  security: Security,
  connecting: Connecting,
): TLSSocket => {
  const socket = connect({ ...optionsFor(host, security), socket: tcp })
  watch(socket, address, connecting)
  return socket
}

/** Dials with a socket of TCP that is TLS's own, and reads into a buffer. */
export const dialSecure = (
  address: Address,
  { host, port }: Endpoint,
  more: Partial<TcpNetConnectOpts>,
  security: Security,
  connecting: Connecting,
): TLSSocket => {
  const options = { ...optionsFor(host, security), ...more, host, port, allowHalfOpen: true }
  const socket = connect(options)
  socket.once('connect', () => {
    socket.setNoDelay()
    if (isOwnEcho(socket)) connecting.failed(nobodyListens(address))
  })
  watch(socket, address, connecting)
  return socket
}

const optionsFor = (
  host: string,
  { context, serverName }: Security,
): ConnectionOptions & { readonly highWaterMark: number } => {
  // The scope of an address means something on this machine only; no certificate has it.
  const [name = host] = (serverName ?? host).split('%')
  return {
    secureContext: context,
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    // RFC 6066, section 3: an IP address is no name to ask for.
    servername: isIP(name) ? '' : name,
    highWaterMark: socketMark,
  }
}

const watch = (socket: TLSSocket, address: Address, { connected, failed }: Connecting): void => {
  const what = `dialling ${address}`
  socket.once('error', (cause: Error) => {
    // Node.js sets it before it gives up for that reason.
    const refused = (socket.authorizationError as Error | string | null) !== null
    failed(refused ? certificateError(what, cause) : tlsError(what, cause))
  })
  socket.once('end', () =>
    failed(new TransportError('P2P_CONNECTION_RESET', `${what}: it ended within the handshake`)),
  )
  socket.once('secureConnect', () => {
    socket.pause()
    connected(socket)
  })
}
