import { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'

/**
 * What Node.js 20 to 26 keeps behind a socket of TLS, and documents nowhere. `_parent` is the handle of TCP, `_parentWrap` the socket of TCP that
 * TLS was put upon, of which there is none where TLS has made its TCP socket itself. If there is one, TLS ends by ending it.
 */
interface Inside {
  readonly _handle?: { readonly _parent?: { readonly reset?: unknown }; _parentWrap?: Socket | null } | null
}

/**
 * The socket of TCP beneath one of TLS that has made its TCP socket itself: by it the connection can be reset, and be asked how it has ended. From
 * here on both are as if TLS had been put upon it.
 *
 * Why so: only a socket that TLS has made itself can read into a buffer of its owner's (`onread`), which spares it fresh memory for each record of 16 KiB;
 * and only a socket of TCP has `resetAndDestroy`. This is the one place of the package that uses what Node.js does not document.
 *
 * @throws whatever comes of it if Node.js keeps other things there than it did
 */
export const socketBeneath = (socket: TLSSocket): Socket => {
  const { _handle: handle } = socket as Inside
  const beneath = handle?._parent
  if (handle?._parentWrap !== null || typeof beneath?.reset !== 'function') {
    throw new TypeError('no socket of TCP beneath one of TLS')
  }
  const tcp = new Socket({ handle: beneath, manualStart: true, allowHalfOpen: true } as object)
  handle._parentWrap = tcp
  tcp.once('close', () => socket.destroy())
  return tcp
}

/**
 * Whether {@link socketBeneath} does what it says in this Node.js: tried once for each transport, with a socket that goes nowhere. If not, TLS is put upon
 * sockets that were dialled before, as it is where one listens: all is the same, but reading takes half as much processor time again.
 */
export const hasSocketBeneath = (secureContext: SecureContext): boolean => {
  try {
    const socket = new TLSSocket(undefined as unknown as Socket, { secureContext })
    const tcp = socketBeneath(socket)
    socket.destroy()
    return tcp.destroyed
  } catch {
    return false
  }
}
