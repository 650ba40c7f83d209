import type { ListenOptions, Server, Socket } from 'node:net'
import type { Address, CloseReason, Clock, Connection, Listener, WaitOptions } from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import type { TransportError } from '../errors.ts'
import { asError } from '../queued-connection.ts'
import { transportError } from './system-error.ts'

/** Where a listener really listens, and where others reach it. */
export interface Place {
  readonly address: Address
  readonly reachable: readonly Address[]
}

class SocketListener implements Listener {
  readonly address: Address
  readonly reachable: readonly Address[]
  readonly closed: Promise<CloseReason>
  readonly #server: Server
  readonly #onClose: () => void
  #resolveClosed!: (reason: CloseReason) => void
  #closing: Promise<void> | undefined

  constructor(server: Server, { address, reachable }: Place, onClose: () => void) {
    this.address = address
    this.reachable = reachable
    this.#server = server
    this.#onClose = onClose
    this.closed = new Promise(resolve => (this.#resolveClosed = resolve))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /**
   * The server's own `close` event waits for the accepted connections, which live on. The address is free at once; the handle is gone at the end
   * of this pass of the event loop, so that the next pass is after it.
   */
  async #close(): Promise<void> {
    this.#server.close()
    this.#onClose()
    await pass()
    await pass()
    this.#resolveClosed({})
  }
}

const pass = () => new Promise<void>(resolve => setImmediate(resolve))

/** What {@link openListener} needs. */
export interface Opening {
  /** What was asked for. */
  readonly address: Address
  readonly at: ListenOptions
  readonly clock: Clock
  /** Called once it listens. */
  readonly place: () => Place
  /** Called when the listener closes: ends what the server has begun and not handed out. */
  readonly onClose?: () => void
  readonly onRefused: ((error: TransportError) => void) | undefined
  /** How the system's errors are to be read. */
  readonly errorOf?: typeof transportError
}

/** Makes a server listen. */
export const openListener = (
  server: Server,
  { address, at, clock, place, onClose = () => undefined, onRefused, errorOf = transportError }: Opening,
  { signal, timeout }: WaitOptions,
): Promise<Listener> => {
  const what = `to listen at ${address}`
  return wait<Listener>({ clock, what, signal, timeout }, ({ resolve, reject }) => {
    let listener: Listener | undefined
    server.on('error', cause => {
      const error = errorOf(`listening at ${address}`, cause)
      if (listener === undefined) reject(error)
      else onRefused?.(error)
    })
    server.listen(at, () => {
      listener = new SocketListener(server, place(), onClose)
      resolve(listener)
    })
    return () => {
      if (listener === undefined) server.close()
    }
  })
}

/** Hands a connection out. */
export const admit = (connection: Connection, accept: (connection: Connection) => void): void => {
  try {
    accept(connection)
  } catch (error) {
    connection.abort(asError(error))
  }
}

/** A name for a connection of a server, which the socket of TCP and the one of TLS above it have in common. `undefined` if it is gone. */
export const nameOf = ({ remoteAddress, remotePort, localAddress }: Socket): string | undefined =>
  remoteAddress === undefined ? undefined : `${remoteAddress} ${remotePort} ${localAddress}`
