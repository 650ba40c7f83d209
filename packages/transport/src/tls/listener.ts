import { createServer as createTcpServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import type { Address, Connection, Listener, WaitOptions } from '@p2p/interfaces'
import { parseEndpoint } from '../endpoint.ts'
import { TransportError } from '../errors.ts'
import { SocketConnection, type SocketContext } from '../socket/connection.ts'
import { Handshakes } from '../socket/handshakes.ts'
import { admit, nameOf } from '../socket/listener.ts'
import { type ListenSettings, serve } from '../tcp/server.ts'
import { endsOf } from '../tcp/socket.ts'
import type { Security } from './options.ts'
import { certificateError, tlsError } from './tls-error.ts'

// The longest that a timer can be: the deadline is ours, in our clock.
const never = 2_147_483_647

/** Listens at `tls://HOST:PORT`. */
export const listen = async (
  address: Address,
  accept: (connection: Connection) => void,
  context: SocketContext,
  settings: ListenSettings,
  security: Security,
  { signal, timeout = context.connectTimeout }: WaitOptions = {},
): Promise<Listener> => {
  const endpoint = parseEndpoint('tls', address)
  if (!security.canListen)
    throw new TransportError(
      'P2P_CERTIFICATE_UNUSABLE',
      `to listen at ${address} needs a certificate and its key`,
    )
  const { clock } = context
  const { onRefused } = settings
  const { requireClientCertificate, handshakeTimeout } = security
  const handshakes = new Handshakes({ clock, handshakeTimeout, onRefused })
  // It does not listen itself: only so are the sockets below TLS known, which alone can be reset.
  const shaking = createTlsServer({
    ...security.contextOptions,
    handshakeTimeout: never,
    requestCert: requireClientCertificate,
    // Node.js would close such a connection as if all were well.
    rejectUnauthorized: false,
    allowHalfOpen: true,
    pauseOnConnect: true,
  })
  shaking.on('secureConnection', socket => {
    const name = nameOf(socket)
    if (requireClientCertificate && !isProven(socket)) {
      const reason = socket.authorizationError
      const error = certificateError(`a handshake with ${address}`, reason)
      if (name !== undefined) handshakes.fail(name, error)
      return
    }
    const tcp = handshakes.finish(socket)
    if (tcp === undefined) return
    admit(new SocketConnection({ socket, tcp }, endsOf('tls', socket, 'inbound'), context), accept)
  })
  shaking.on('tlsClientError', (cause, socket) => {
    const name = nameOf(socket)
    if (name !== undefined) handshakes.fail(name, tlsError(`a handshake with ${address}`, cause))
  })
  const server = createTcpServer({ allowHalfOpen: true, noDelay: true })
  const service = {
    scheme: 'tls',
    address,
    endpoint,
    clock,
    onSocket: (socket: Socket) => {
      handshakes.begin(socket)
      shaking.emit('connection', socket)
    },
    onClose: () => handshakes.close(),
  }
  return serve(server, service, settings, { signal, timeout })
}

/**
 * Whether a client has a certificate that we trust. A session that is taken up again counts as trusted even if there never was one, so that there is
 * one is asked as well.
 */
const isProven = (socket: TLSSocket) => socket.authorized && socket.getPeerX509Certificate() !== undefined
