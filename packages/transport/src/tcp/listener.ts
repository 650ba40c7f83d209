import { createServer, type Socket } from 'node:net'
import type { Address, Connection, Listener, WaitOptions } from '@p2p/interfaces'
import { parseEndpoint } from '../endpoint.ts'
import { SocketConnection, socketMark, type SocketContext } from '../socket/connection.ts'
import { admit } from '../socket/listener.ts'
import { type ListenSettings, serve } from './server.ts'
import { endsOf } from './socket.ts'

/** Listens at `tcp://HOST:PORT`. */
export const listen = async (
  address: Address,
  accept: (connection: Connection) => void,
  context: SocketContext,
  settings: ListenSettings,
  { signal, timeout = context.connectTimeout }: WaitOptions = {},
): Promise<Listener> => {
  const endpoint = parseEndpoint('tcp', address)
  const server = createServer({
    allowHalfOpen: true,
    noDelay: true,
    pauseOnConnect: true,
    highWaterMark: socketMark,
  })
  const service = {
    scheme: 'tcp',
    address,
    endpoint,
    clock: context.clock,
    onSocket: (socket: Socket) =>
      admit(new SocketConnection({ socket, tcp: socket }, endsOf('tcp', socket, 'inbound'), context), accept),
  }
  return serve(server, service, settings, { signal, timeout })
}
