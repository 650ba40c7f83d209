import { connect, type Socket, type TcpNetConnectOpts } from 'node:net'
import type { Address, Connection, WaitOptions } from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import { TransportError } from '../errors.ts'
import { parseTcpAddress } from './address.ts'
import { socketMark, TcpConnection, type TcpContext } from './connection.ts'
import { transportError } from './system-error.ts'

/**
 * Where dialled sockets read into. One buffer serves all of them: libuv reads and calls back before it reads for the next, and a chunk is
 * valid only that long. Measured with 256 KiB writes over loopback, 1.15 to 1.25 x the default (which allocates for each read), and an idle
 * connection holds no buffer. On Windows a read is started before there is data, so there sockets read as they do by default; sockets that
 * were accepted do so everywhere, because `net.Server` has no such option.
 */
export type ReadBuffer = Uint8Array | undefined

export const readBuffer = (): ReadBuffer =>
  process.platform === 'win32' ? undefined : new Uint8Array(65_536)

/** Opens a connection to `tcp://HOST:PORT`. */
export const dial = async (
  address: Address,
  context: TcpContext,
  buffer: ReadBuffer,
  options: WaitOptions = {},
): Promise<Connection> => {
  const { host, port } = parseTcpAddress(address)
  if (port === 0)
    throw new TransportError('P2P_BAD_ADDRESS', `${address} cannot be dialled: nobody has port 0`)
  const { signal, timeout = context.connectTimeout } = options
  const what = `a connection to ${address}`
  return wait<Connection>({ clock: context.clock, what, signal, timeout }, ({ resolve, reject }) => {
    let connection: TcpConnection | undefined
    const socketOptions: TcpNetConnectOpts & { writableHighWaterMark: number } = {
      host,
      port,
      noDelay: true,
      allowHalfOpen: true,
      writableHighWaterMark: socketMark,
    }
    if (buffer !== undefined) {
      const received = (length: number, bytes: Uint8Array) => {
        connection?.received(bytes.subarray(0, length))
        return true
      }
      socketOptions.onread = { buffer, callback: received }
    }
    const socket = connect(socketOptions)
    socket.pause()
    socket.once('error', cause => reject(transportError(`dialling ${address}`, cause)))
    socket.once('connect', () => {
      if (isOwnEcho(socket)) {
        reject(new TransportError('P2P_CONNECTION_REFUSED', `dialling ${address}: nobody listens there`))
        return
      }
      // Readable starts its first read a tick after `resume`, even if a `pause` came between, and into our buffer that would deliver. It
      // starts no second one, so this is the first: begun and stopped before anything can be read.
      socket.read(0)
      socket.pause()
      connection = new TcpConnection(socket, 'outbound', context, buffer !== undefined)
      resolve(connection)
    })
    return () => {
      if (connection === undefined) socket.destroy()
    }
  })
}

/**
 * Who dials a port of this machine again and again may be given that very port for its own end, and TCP then connects the socket with itself: over
 * loopback after some ten thousand dials, which is a night of retrying a seed. Nobody listens there, so that is a refusal.
 */
const isOwnEcho = ({ localAddress, localPort, remoteAddress, remotePort }: Socket) =>
  localPort === remotePort && localAddress === remoteAddress
