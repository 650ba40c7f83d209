import type { Socket } from 'node:net'
import type { Clock } from '@p2p/interfaces'
import { TransportError } from '../errors.ts'
import { nameOf } from './listener.ts'

/** What {@link Handshakes} keeps to. */
export interface HandshakeSettings {
  readonly clock: Clock
  /** Milliseconds. */
  readonly handshakeTimeout: number
  readonly onRefused: ((error: TransportError) => void) | undefined
}

/**
 * Sockets of a listener that have connected and not finished the handshake above TCP. Each has a deadline, so that who connects and says nothing
 * holds its place among the connections only that long.
 */
export class Handshakes {
  readonly #settings: HandshakeSettings
  readonly #pending = new Map<string, { readonly socket: Socket; readonly deadline: Disposable }>()

  constructor(settings: HandshakeSettings) {
    this.#settings = settings
  }

  /** A socket has connected. */
  begin(socket: Socket): void {
    const name = nameOf(socket)
    if (name === undefined) return
    const { clock, handshakeTimeout } = this.#settings
    const deadline = clock.after(handshakeTimeout, () => {
      this.fail(
        name,
        new TransportError('P2P_TIMEOUT', `no handshake from ${name} within ${handshakeTimeout} ms`),
      )
    })
    this.#pending.set(name, { socket, deadline })
    // What is wrong with it is told by the layer above, or by the deadline.
    socket.on('error', () => undefined)
    socket.once('close', () => {
      this.fail(name, new TransportError('P2P_CONNECTION_RESET', `${name} left during the handshake`))
    })
  }

  /** The handshake of a socket, or of the one of TLS above it, is over. @returns the socket of TCP, `undefined` if it was given up */
  finish(socket: Socket): Socket | undefined {
    const name = nameOf(socket)
    return name === undefined ? undefined : this.#end(name)
  }

  /** The handshake of a socket has failed: it is cut, and the owner of the listener is told. Only the first failure counts. */
  fail(name: string, error: TransportError): void {
    const socket = this.#end(name)
    if (socket === undefined) return
    if (!socket.destroyed) socket.resetAndDestroy()
    this.#settings.onRefused?.(error)
  }

  /** Cuts all of them. */
  close(): void {
    for (const { socket, deadline } of this.#pending.values()) {
      deadline[Symbol.dispose]()
      socket.resetAndDestroy()
    }
    this.#pending.clear()
  }

  #end(name: string): Socket | undefined {
    const pending = this.#pending.get(name)
    this.#pending.delete(name)
    pending?.deadline[Symbol.dispose]()
    return pending?.socket
  }
}
