import type { Address, CloseReason, Connection, Listener } from '@p2p/interfaces'
import { asError } from './connection.ts'

/** A port of a simulated host that is listened at. */
export class SimulatedListener implements Listener {
  readonly address: Address
  readonly reachable: readonly Address[]
  readonly closed: Promise<CloseReason>
  readonly #accept: (connection: Connection) => void
  readonly #free: () => void
  #open = true
  #resolveClosed!: (reason: CloseReason) => void

  constructor(address: Address, accept: (connection: Connection) => void, free: () => void) {
    this.address = address
    this.reachable = [address]
    this.closed = new Promise(resolve => (this.#resolveClosed = resolve))
    this.#accept = accept
    this.#free = free
  }

  /** Hands over a connection that was made. If the listener was closed before the process came to it, nobody takes it. */
  hand(connection: Connection): void {
    if (!this.#open) {
      connection.abort()
      return
    }
    try {
      this.#accept(connection)
    } catch (error) {
      connection.abort(asError(error))
    }
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    this.#free()
    this.#resolveClosed({})
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
