import type { Address, Clock, Connection, Listener, Transport, WaitOptions } from '@p2p/interfaces'

/** Counts what a node's code holds of its machine, so that what it has not given back shows. */
export class Resources {
  readonly clock: Clock
  readonly transport: Transport
  #timers = 0
  #connections = 0
  #listeners = 0

  constructor(clock: Clock, transport: Transport) {
    this.clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (delay, callback) => this.#after(clock, delay, callback),
    }
    this.transport = {
      scheme: transport.scheme,
      dial: async (address, options) => this.#count(await transport.dial(address, options)),
      listen: (address, accept, options) => this.#listen(transport, address, accept, options),
    }
  }

  /** What is held at the moment, in words; empty if nothing is. */
  get held(): string[] {
    return [
      ...(this.#timers > 0 ? [`${this.#timers} timers`] : []),
      ...(this.#connections > 0 ? [`${this.#connections} connections`] : []),
      ...(this.#listeners > 0 ? [`${this.#listeners} listeners`] : []),
    ]
  }

  #after(clock: Clock, delay: number, callback: () => void): Disposable {
    this.#timers++
    let over = false
    const end = () => {
      if (!over) this.#timers--
      over = true
    }
    const timer = clock.after(delay, () => {
      end()
      callback()
    })
    return {
      [Symbol.dispose]: () => {
        end()
        timer[Symbol.dispose]()
      },
    }
  }

  async #listen(
    transport: Transport,
    address: Address,
    accept: (connection: Connection) => void,
    options: WaitOptions | undefined,
  ): Promise<Listener> {
    const listener = await transport.listen(address, connection => accept(this.#count(connection)), options)
    this.#listeners++
    void listener.closed.then(() => this.#listeners--)
    return listener
  }

  #count(connection: Connection): Connection {
    this.#connections++
    void connection.closed.then(() => this.#connections--)
    return connection
  }
}
