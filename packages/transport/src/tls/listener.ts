import { createServer as createTcpServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Address, Connection, Listener, WaitOptions } from '@p2p/interfaces'
import { parseEndpoint } from '../endpoint.ts'
import { SocketConnection, type SocketContext } from '../socket/connection.ts'
import { Handshakes } from '../socket/handshakes.ts'
import { admit } from '../socket/listener.ts'
import { type ListenSettings, serve } from '../tcp/server.ts'
import { endsOf } from '../tcp/socket.ts'
import type { Security } from './options.ts'
import { guard, serverOptions } from './shaking.ts'

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
  const options = serverOptions(address, security)
  const { clock } = context
  const { onRefused } = settings
  const { handshakeTimeout } = security
  const handshakes = new Handshakes({ clock, handshakeTimeout, onRefused })
  // It does not listen itself: only so are the sockets below TLS known, which alone can be reset.
  const shaking = createTlsServer({ ...options, allowHalfOpen: true, pauseOnConnect: true })
  const mayGoOn = guard(shaking, address, security, handshakes)
  shaking.on('secureConnection', socket => {
    if (!mayGoOn(socket)) return
    const tcp = handshakes.finish(socket)
    if (tcp === undefined) return
    admit(new SocketConnection({ socket, tcp }, endsOf('tls', socket, 'inbound'), context), accept)
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
