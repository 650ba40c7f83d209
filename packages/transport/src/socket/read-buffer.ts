import type { OnReadOpts, Socket } from 'node:net'
import type { SocketConnection } from './connection.ts'

/**
 * Where dialled sockets read into. One buffer serves all of them: libuv reads and calls back before it reads for the next, and a chunk is
 * valid only that long. Measured with 256 KiB writes over loopback, 1.15 to 1.25 x the default (which allocates for each read), and an idle
 * connection holds no buffer. It is that large because a frame of 64 KiB then mostly lies within one chunk and need not be put together: of 64 KiB
 * the buffer cost 1.15 x as much processor time a byte. On Windows a read is started before there is data, so there sockets read as they do by default; sockets that
 * were accepted do so everywhere, because `net.Server` has no such option.
 */
export type ReadBuffer = Uint8Array | undefined

export const readBuffer = (): ReadBuffer =>
  process.platform === 'win32' ? undefined : new Uint8Array(262_144)

/** The option of `connect` that makes a socket read into the buffer, for the connection that it is going to be. */
export const readInto = (
  buffer: ReadBuffer,
  connection: () => SocketConnection | undefined,
): { readonly onread?: OnReadOpts } => {
  if (buffer === undefined) return {}
  const callback = (length: number, bytes: Uint8Array) =>
    connection()?.received(bytes.subarray(0, length)) ?? true
  return { onread: { buffer, callback } }
}

/**
 * Readable starts its first read a tick after `resume`, even if a `pause` came between, and into our buffer that would deliver. It starts no
 * second one, so this is the first: begun and stopped before anything can be read.
 */
export const startPaused = (socket: Socket): void => {
  socket.read(0)
  socket.pause()
}
