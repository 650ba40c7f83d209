import type { Socket } from 'node:net'
import type { Address, Connection, WaitOptions } from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import { dialable, parseEndpoint } from '../endpoint.ts'
import { TransportError } from '../errors.ts'
import { SocketConnection, type SocketContext } from '../socket/connection.ts'
import { type ReadBuffer, readInto } from '../socket/read-buffer.ts'
import { endsOf, localEnd, openSocket } from '../tcp/socket.ts'
import type { Via } from '../via.ts'
import { dialSecure, secure } from './client.ts'
import type { Security } from './options.ts'
import { socketBeneath } from './own-socket.ts'

/** Opens a connection to `tls://HOST:PORT`: with a buffer on a socket that TLS makes itself, else on one of TCP. */
export const dial = async (
  address: Address,
  context: SocketContext,
  security: Security,
  buffer: ReadBuffer,
  via: Via | undefined,
  { signal, timeout = context.connectTimeout }: WaitOptions = {},
): Promise<Connection> => {
  const endpoint = dialable(address, parseEndpoint('tls', address))
  const from = localEnd(via, address, endpoint)
  const what = `a connection to ${address}`
  return wait<Connection>({ clock: context.clock, what, signal, timeout }, ({ resolve, reject: failed }) => {
    let connection: SocketConnection | undefined
    const secured = (socket: Socket, tcp: Socket) => {
      const wire = { socket, tcp, hasReadBuffer: buffer !== undefined }
      connection = new SocketConnection(wire, endsOf('tls', socket, 'outbound'), context)
      resolve(connection)
    }
    const dialOwn = (reads: Uint8Array) => {
      const connected = () => {
        // Without the socket beneath, abort would end the connection as if all were well
        try {
          secured(socket, socketBeneath(socket))
        } catch (cause) {
          failed(new TransportError('P2P_CONNECTION_FAILED', `${what}: it could not be reset`, { cause }))
        }
      }
      const more = { ...from, ...readInto(reads, () => connection) }
      const socket = dialSecure(address, endpoint, more, security, { connected, failed })
      return socket
    }
    const dialUpon = () => {
      const connected = (tcp: Socket) =>
        secure(address, endpoint.host, tcp, security, { connected: socket => secured(socket, tcp), failed })
      return openSocket(address, endpoint, from, { connected, failed })
    }
    const socket = buffer === undefined ? dialUpon() : dialOwn(buffer)
    return () => {
      if (connection === undefined) socket.destroy()
    }
  })
}
