import type { ContractNetwork } from '../src/contracts/index.ts'
import {
  type Contact,
  type Group,
  type Handler,
  type Incoming,
  type MessageId,
  P2PError,
  type PeerChange,
  type PeerId,
  type WaitOptions,
} from '../src/index.ts'
import { wait } from '../src/wait.ts'
import { FakeClock } from './fake-clock.ts'

/** Groups in one process: the least that keeps the promises of `Messenger` and `Group`. */
export class FakeNetwork implements ContractNetwork<FakeNode> {
  readonly clock: FakeClock = new FakeClock()
  readonly stranger: Contact = { id: 'stranger', addresses: [] }
  readonly present: Map<PeerId, FakeNode> = new Map()
  readonly nodes: readonly FakeNode[]
  readonly #prepare: (node: FakeNode) => void
  #made = 0

  /** @param prepare is shown every node before it joins */
  constructor(count: number, prepare: (node: FakeNode) => void = () => undefined) {
    this.#prepare = prepare
    this.nodes = Array.from({ length: count }, () => this.#join())
  }

  #join(): FakeNode {
    this.#made += 1
    const node = new FakeNode(this, `node-${this.#made}`)
    this.#prepare(node)
    for (const other of this.present.values()) other.notice({ type: 'up', peer: node.self })
    this.present.set(node.self.id, node)
    return node
  }

  /** Every node but this one. */
  others(node: FakeNode): FakeNode[] {
    return [...this.present.values()].filter(other => other !== node)
  }

  async add(): Promise<FakeNode> {
    return this.#join()
  }

  async remove(node: FakeNode): Promise<void> {
    this.present.delete(node.self.id)
    node.end()
    for (const other of this.present.values()) other.notice({ type: 'down', peer: node.self })
  }

  // All that happens here happens in microtasks, so that a turn of the event loop is enough.
  settle(): Promise<void> {
    return new Promise(resolve => setImmediate(resolve))
  }

  async elapse(milliseconds: number): Promise<void> {
    this.clock.advance(milliseconds)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.present.values()) await this.remove(node)
  }
}

/** Copies a body as an encoding would. */
const encode = (body: unknown): unknown => {
  try {
    return structuredClone(body)
  } catch (cause) {
    throw new TypeError('the body cannot be encoded', { cause })
  }
}

export class FakeNode implements Group {
  readonly self: Contact
  readonly network: FakeNetwork
  readonly handlers: Map<string, Handler> = new Map()
  readonly watchers: Set<(change: PeerChange) => void> = new Set()
  readonly #asking = new Set<AbortController>()
  #names = 0

  constructor(network: FakeNetwork, id: PeerId) {
    this.network = network
    this.self = { id, addresses: [] }
  }

  get peers(): readonly Contact[] {
    return this.network.others(this).map(({ self }) => self)
  }

  name(): MessageId {
    this.#names += 1
    return `${this.self.id}/${this.#names}`
  }

  find(to: Contact | PeerId): FakeNode {
    const node = this.network.present.get(typeof to === 'string' ? to : to.id)
    if (node === undefined) throw new P2PError('P2P_PEER_UNREACHABLE', 'there is no such node')
    return node
  }

  /** Hands a message to its handler, in a turn of its own. */
  async deliver(
    message: Omit<Incoming, 'from' | 'signal'>,
    from: FakeNode,
    signal: AbortSignal,
  ): Promise<unknown> {
    await Promise.resolve()
    const handler = this.handlers.get(message.protocol)
    if (handler === undefined) throw new P2PError('P2P_NO_HANDLER', `nobody handles ${message.protocol}`)
    return handler({ ...message, from: from.self, signal })
  }

  async request(
    to: Contact | PeerId,
    protocol: string,
    body: unknown,
    options: WaitOptions = {},
  ): Promise<unknown> {
    const target = this.find(to)
    const message = { kind: 'request', protocol, body: encode(body) } as const
    const controller = new AbortController()
    const settings = { timeout: 10_000, ...options, clock: this.network.clock, what: 'an answer' }
    return wait(settings, waiter => {
      this.#asking.add(controller)
      let answered = false
      const answer = target.deliver(message, this, controller.signal).finally(() => (answered = true))
      answer.then(
        value => waiter.resolve(encode(value ?? null)),
        (error: unknown) => waiter.reject(failure(error)),
      )
      return () => {
        this.#asking.delete(controller)
        if (!answered) controller.abort()
      }
    })
  }

  send(
    to: Contact | PeerId,
    protocol: string,
    body: unknown,
    { signal }: WaitOptions = {},
  ): Promise<MessageId> {
    const message = { kind: 'send', protocol, body: encode(body) } as const
    const sent = (async () => {
      if (signal?.aborted === true) throw new P2PError('P2P_ABORTED', 'gave up', { cause: signal.reason })
      dropUnhandled(this.find(to).deliver(message, this, new AbortController().signal))
      return this.name()
    })()
    dropUnhandled(sent)
    return sent
  }

  broadcast(protocol: string, body: unknown): MessageId {
    const message = { kind: 'broadcast', protocol, body: encode(body) } as const
    for (const other of this.network.others(this)) {
      dropUnhandled(other.deliver(message, this, new AbortController().signal))
    }
    return this.name()
  }

  handle(protocol: string, handler: Handler): Disposable {
    if (this.handlers.has(protocol)) throw new P2PError('P2P_PROTOCOL_TAKEN', `${protocol} has a handler`)
    this.handlers.set(protocol, handler)
    return {
      [Symbol.dispose]: () => {
        if (this.handlers.get(protocol) === handler) this.handlers.delete(protocol)
      },
    }
  }

  watch(listener: (change: PeerChange) => void): Disposable {
    this.watchers.add(listener)
    return { [Symbol.dispose]: () => void this.watchers.delete(listener) }
  }

  notice(change: PeerChange): void {
    for (const watcher of this.watchers) watcher(change)
  }

  /** The node is gone: nobody waits for the answers to its questions any more. */
  end(): void {
    for (const controller of this.#asking) controller.abort()
  }
}

/** Marks a rejection as seen: a real implementation would emit it as an event. */
const dropUnhandled = (promise: Promise<unknown>): void => void promise.catch(() => undefined)

/** What the requester gets to know of a handler's failure. */
const failure = (error: unknown): P2PError => {
  if (P2PError.is(error, 'P2P_NO_HANDLER')) return error
  const code = P2PError.is(error) ? error.code : 'P2P_REQUEST_FAILED'
  const message = error instanceof Error ? error.message : String(error)
  return new P2PError('P2P_REQUEST_FAILED', message, { cause: new P2PError(code, message) })
}
