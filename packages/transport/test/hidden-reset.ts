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

/** Puts another thing in the place of what sockets of TCP are reset by, until it is disposed of. */
export const hideReset = (instead: PropertyDescriptor = { value: undefined }): Disposable => {
  const prototype = handlePrototype()
  const { reset } = prototype
  Object.defineProperty(prototype, 'reset', { ...instead, configurable: true })
  return {
    [Symbol.dispose]: () =>
      void Object.defineProperty(prototype, 'reset', {
        value: reset,
        writable: true,
        configurable: true,
      }),
  }
}

/** A transport of TLS as it is in a Node.js that keeps nothing beneath a socket of TLS by which it could be reset. */
export const tlsUponSockets = (options: TlsOptions): Transport => {
  using _ = hideReset()
  return tls(options)
}
