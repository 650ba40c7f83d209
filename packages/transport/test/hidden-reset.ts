import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { tls, type TlsOptions } from '../src/tls.ts'
import type { Transport } from '@p2p/interfaces'

/** What all sockets of TCP inherit of their handle. */
const handlePrototype = (): { reset?: unknown } => {
  const socket = new TLSSocket(undefined as unknown as Socket)
  const { _handle: handle } = socket as unknown as { readonly _handle: { readonly _parent: object } }
  socket.destroy()
  return Object.getPrototypeOf(handle._parent) as { reset?: unknown }
}

/** A transport of TLS as it is in a Node.js that keeps nothing beneath a socket of TLS by which it could be reset. */
export const tlsUponSockets = (options: TlsOptions): Transport => {
  const prototype = handlePrototype()
  const { reset } = prototype
  delete prototype.reset
  try {
    return tls(options)
  } finally {
    prototype.reset = reset
  }
}
