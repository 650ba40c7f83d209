import type { Handler } from '@p2p/interfaces'
import { MeshError } from './errors.ts'
import type { Message } from './message.ts'

/** Looks at messages that no protocol's handler takes. Returns (or resolves to) something truthy to say that it took the message. */
export type Middleware = (message: Message) => unknown

/** Who takes which message: a handler per protocol, then a chain that is asked in order. */
export class Handlers {
  readonly #byProtocol = new Map<string, Handler>()
  readonly #chain = new Set<Middleware>()

  get chained(): boolean {
    return this.#chain.size > 0
  }

  of(protocol: string): Handler | undefined {
    return this.#byProtocol.get(protocol)
  }

  /** @throws `P2P_PROTOCOL_TAKEN` */
  set(protocol: string, handler: Handler): Disposable {
    if (this.#byProtocol.has(protocol)) {
      throw new MeshError('P2P_PROTOCOL_TAKEN', `the protocol ${protocol} has a handler already`)
    }
    this.#byProtocol.set(protocol, handler)
    return {
      [Symbol.dispose]: () => {
        if (this.#byProtocol.get(protocol) === handler) this.#byProtocol.delete(protocol)
      },
    }
  }

  use(middleware: Middleware): Disposable {
    // The same function twice is two links of the chain
    const entry: Middleware = message => middleware(message)
    this.#chain.add(entry)
    return { [Symbol.dispose]: () => void this.#chain.delete(entry) }
  }

  /** Asks the chain in order until somebody takes the message. */
  async offer(message: Message): Promise<boolean> {
    for (const middleware of this.#chain) if (Boolean(await middleware(message))) return true
    return false
  }
}
