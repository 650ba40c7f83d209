import { isIP, type Socket } from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { Address } from '@p2p/interfaces'
import { TransportError } from '../errors.ts'
import { socketMark } from '../socket/connection.ts'
import type { Connecting } from '../tcp/socket.ts'
import type { Security } from './options.ts'
import { certificateError, tlsError } from './tls-error.ts'

/** Puts TLS on a socket that was dialled. */
export const secure = (
  address: Address,
  host: string,
  tcp: Socket,
  { context, serverName }: Security,
  { connected, failed }: Connecting,
): TLSSocket => {
  // The scope of an address means something on this machine only; no certificate has it.
  const [name = host] = (serverName ?? host).split('%')
  const options: ConnectionOptions & { readonly highWaterMark: number } = {
    socket: tcp,
    secureContext: context,
    host: name,
    // RFC 6066, section 3: an IP address is no name to ask for.
    servername: isIP(name) ? '' : name,
    highWaterMark: socketMark,
  }
  const socket = connect(options)
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
  return socket
}
