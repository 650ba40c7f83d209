import type { Address, CloseReason, Connection, Listener, Transport, WaitOptions } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'
import { TransportError } from '../errors.ts'
import { limitsFrom } from '../limits.ts'
import { asError } from '../queued-connection.ts'
import { formatMemoryAddress, isAnywhere, parseMemoryAddress } from './address.ts'
import { MemoryConnection, type MemoryContext } from './connection.ts'
import { travel } from './lane.ts'
import type { MemoryNetworkOptions } from './options.ts'

/** Listeners and connections that see each other, within one process. */
export interface MemoryNetwork {
  /** A transport of this network. All of them are alike: one will do, or one for each node. */
  transport(): Transport
}

/**
 * Makes an empty network. Two networks never meet. Nothing is ever delivered within the call that sent it.
 *
 * @throws RangeError for a limit that is not above 0
 * @example
 * const transport = createMemoryNetwork().transport()
 * const listener = await transport.listen('memory://alice', connection => connection.onData(() => {}))
 * const connection = await transport.dial('memory://alice')
 */
export const createMemoryNetwork = (options: MemoryNetworkOptions = {}): MemoryNetwork => {
  const hub = new Hub({
    ...limitsFrom(options),
    clock: options.clock ?? systemClock,
    latency: options.latency ?? 0,
  })
  return {
    transport: () => ({
      scheme: 'memory',
      dial: (address, waitOptions) => hub.dial(address, waitOptions),
      listen: (address, accept, waitOptions) => hub.listen(address, accept, waitOptions),
    }),
  }
}

/** Who listens under which name. */
class Hub {
  readonly #context: MemoryContext
  readonly #listeners = new Map<string, MemoryListener>()
  #madeUp = 0

  constructor(context: MemoryContext) {
    this.#context = context
  }

  async dial(address: Address, options: WaitOptions = {}): Promise<Connection> {
    const name = parseMemoryAddress(address)
    const what = `a connection to ${address}`
    return wait<Connection>({ ...this.#deadline(options), what }, ({ resolve, reject }) => {
      let outbound: MemoryConnection | undefined
      let given = false
      let gaveUp = false
      travel(this.#context, () => {
        if (gaveUp) return
        const listener = this.#listeners.get(name)
        if (listener === undefined) {
          const refused = new TransportError(
            'P2P_CONNECTION_REFUSED',
            `dialling ${address}: nobody listens there`,
          )
          this.#answer(() => reject(refused))
          return
        }
        const pair = MemoryConnection.pair(
          formatMemoryAddress(this.#makeUp()),
          formatMemoryAddress(name),
          this.#context,
        )
        outbound = pair.outbound
        try {
          listener.accept(pair.inbound)
        } catch (error) {
          pair.inbound.abort(asError(error))
        }
        this.#answer(() => {
          given = !gaveUp
          resolve(pair.outbound)
        })
      })
      return () => {
        gaveUp = true
        if (!given) outbound?.abort()
      }
    })
  }

  async listen(
    address: Address,
    accept: (connection: Connection) => void,
    options: WaitOptions = {},
  ): Promise<Listener> {
    const asked = isAnywhere(address) ? undefined : parseMemoryAddress(address)
    const what = `to listen at ${address}`
    return wait<Listener>({ ...this.#deadline(options), what }, ({ resolve, reject }) => {
      const name = asked ?? this.#makeUp()
      if (this.#listeners.has(name)) {
        reject(new TransportError('P2P_ADDRESS_IN_USE', `listening at ${address}: the address is in use`))
        return undefined
      }
      const listener = new MemoryListener(formatMemoryAddress(name), accept, () => {
        // Closing one twice must not close a later one of the same name.
        if (this.#listeners.get(name) === listener) this.#listeners.delete(name)
      })
      this.#listeners.set(name, listener)
      resolve(listener)
      return undefined
    })
  }

  /** The way back of a dial. Without latency it is settled at once: a promise tells of it in a microtask anyway. */
  #answer(arrive: () => void): void {
    if (this.#context.latency > 0) travel(this.#context, arrive)
    else arrive()
  }

  #makeUp(): string {
    do this.#madeUp++
    while (this.#listeners.has(`~${this.#madeUp}`))
    return `~${this.#madeUp}`
  }

  /** Without latency everything is settled within the turn, and a deadline would only set timers. */
  #deadline({ signal, timeout = this.#context.connectTimeout }: WaitOptions) {
    return { clock: this.#context.clock, signal, timeout: this.#context.latency > 0 ? timeout : Infinity }
  }
}

class MemoryListener implements Listener {
  readonly address: Address
  readonly reachable: readonly Address[]
  readonly closed: Promise<CloseReason>
  readonly accept: (connection: Connection) => void
  readonly #free: () => void
  #resolveClosed!: (reason: CloseReason) => void

  constructor(address: Address, accept: (connection: Connection) => void, free: () => void) {
    this.address = address
    this.reachable = [address]
    this.closed = new Promise(resolve => (this.#resolveClosed = resolve))
    this.accept = accept
    this.#free = free
  }

  async close(): Promise<void> {
    this.#free()
    this.#resolveClosed({})
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
