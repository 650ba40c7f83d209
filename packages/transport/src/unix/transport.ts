import { connect, createServer, type Socket, type IpcNetConnectOpts } from 'node:net'
import type { Address, Connection, Listener, Transport, WaitOptions } from '@p2p/interfaces'
import { P2PError } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'
import { limitsFrom } from '../limits.ts'
import { SocketConnection, socketMark, type SocketContext } from '../socket/connection.ts'
import { admit, openListener } from '../socket/listener.ts'
import { type ReadBuffer, readBuffer, readInto, startPaused } from '../socket/read-buffer.ts'
import { listenSettings, type ListenSettings } from '../tcp/server.ts'
import { TransportError } from '../errors.ts'
import { Turn } from '../turn.ts'
import { anonymousAddress, formatUnixAddress, freshPath, isAnywhere, parseUnixAddress } from './address.ts'
import { pathError } from './path-error.ts'
import type { UnixOptions } from './options.ts'
import { removeStale } from './stale.ts'

/**
 * Unix sockets, and named pipes on Windows. Addresses are `unix:///PATH`; `unix://*` asks a listener for a path that nobody has.
 *
 * @throws RangeError for a limit that is not above 0
 * @example
 * const transport = unix()
 * const listener = await transport.listen('unix:///run/me.sock', connection => connection.onData(() => {}))
 * const connection = await transport.dial('unix:///run/me.sock')
 */
export const unix = (options: UnixOptions = {}): Transport => {
  const { clock = systemClock } = options
  const context: SocketContext = { ...limitsFrom(options), clock, turn: new Turn() }
  const settings = listenSettings(options)
  const buffer = readBuffer()
  return {
    scheme: 'unix',
    dial: (address, waitOptions) => dial(address, context, buffer, waitOptions),
    listen: (address, accept, waitOptions) => listen(address, accept, context, settings, waitOptions),
  }
}

const dial = async (
  address: Address,
  context: SocketContext,
  buffer: ReadBuffer,
  { signal, timeout = context.connectTimeout }: WaitOptions = {},
): Promise<Connection> => {
  const path = parseUnixAddress(address)
  const what = `a connection to ${address}`
  return wait<Connection>({ clock: context.clock, what, signal, timeout }, ({ resolve, reject }) => {
    let connection: SocketConnection | undefined
    const socketOptions: IpcNetConnectOpts & { readonly writableHighWaterMark: number } = {
      path,
      allowHalfOpen: true,
      writableHighWaterMark: socketMark,
      ...readInto(buffer, () => connection),
    }
    const socket = connect(socketOptions)
    socket.pause()
    socket.once('error', cause => reject(pathError(`dialling ${address}`, cause)))
    socket.once('connect', () => {
      startPaused(socket)
      const ends = { direction: 'outbound', local: anonymousAddress(), remote: address } as const
      connection = new SocketConnection({ socket, hasReadBuffer: buffer !== undefined }, ends, context)
      resolve(connection)
    })
    return () => {
      if (connection === undefined) socket.destroy()
    }
  })
}

const listen = async (
  asked: Address,
  accept: (connection: Connection) => void,
  context: SocketContext,
  settings: ListenSettings,
  { signal, timeout = context.connectTimeout }: WaitOptions = {},
): Promise<Listener> => {
  const path = isAnywhere(asked) ? freshPath() : parseUnixAddress(asked)
  const address = formatUnixAddress(path)
  const { maxConnections, backlog, exclusive, onRefused } = settings
  const place = () => ({ address, reachable: [address] })
  const open = () => {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, highWaterMark: socketMark })
    server.maxConnections = maxConnections
    server.on('connection', (socket: Socket) => {
      const ends = { direction: 'inbound', local: address, remote: anonymousAddress() } as const
      admit(new SocketConnection({ socket }, ends, context), accept)
    })
    server.on('drop', () => {
      const message = `a connection to ${address} was turned away: ${maxConnections} are open`
      onRefused?.(new TransportError('P2P_CONNECTION_LIMIT', message))
    })
    const at = { path, backlog, exclusive }
    const opening = { address, at, clock: context.clock, place, onRefused, errorOf: pathError }
    return openListener(server, opening, { signal, timeout })
  }
  try {
    return await open()
  } catch (error) {
    if (!P2PError.is(error, 'P2P_ADDRESS_IN_USE') || !(await removeStale(path))) throw error
    return open()
  }
}
