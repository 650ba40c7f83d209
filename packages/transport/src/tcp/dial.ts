import type { Address, Connection, WaitOptions } from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import { dialable, parseEndpoint } from '../endpoint.ts'
import { SocketConnection, type SocketContext } from '../socket/connection.ts'
import { type ReadBuffer, readInto, startPaused } from '../socket/read-buffer.ts'
import type { Via } from '../via.ts'
import { endsOf, localEnd, openSocket } from './socket.ts'

/** Opens a connection to `tcp://HOST:PORT`. */
export const dial = async (
  address: Address,
  context: SocketContext,
  buffer: ReadBuffer,
  via: Via | undefined,
  options: WaitOptions = {},
): Promise<Connection> => {
  const endpoint = dialable(address, parseEndpoint('tcp', address))
  const from = localEnd(via, address, endpoint)
  const { signal, timeout = context.connectTimeout } = options
  const what = `a connection to ${address}`
  return wait<Connection>({ clock: context.clock, what, signal, timeout }, ({ resolve, reject }) => {
    let connection: SocketConnection | undefined
    const connected = () => {
      startPaused(socket)
      const wire = { socket, tcp: socket, hasReadBuffer: buffer !== undefined }
      connection = new SocketConnection(wire, endsOf('tcp', socket, 'outbound'), context)
      resolve(connection)
    }
    const more = { ...readInto(buffer, () => connection), ...from }
    const socket = openSocket(address, endpoint, more, { connected, failed: reject })
    return () => {
      if (connection === undefined) socket.destroy()
    }
  })
}
