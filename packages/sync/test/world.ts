import {
  type Contact,
  type Group,
  type Handler,
  type Incoming,
  type MessageId,
  P2PError,
  type PeerChange,
  type PeerId,
  type Random,
  type WaitOptions,
} from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import { type Sync, type SyncOptions, createSync } from '../src/index.ts'
import { dice } from './dice.ts'
import { MachineClock, Timeline } from './timeline.ts'

/** What may happen to a message on its way. */
export interface Fate {
  /** How many times it arrives. */
  readonly copies?: number
  /** Milliseconds until it does. */
  readonly delay?: number
}

/** A message on its way, for tests that look or interfere. */
export interface Passing {
  readonly from: PeerId
  readonly to: PeerId
  readonly kind: Incoming['kind'] | 'answer'
  readonly body: unknown
}

/** Nodes, what connects them, and the time. Everybody is everybody's neighbour unless they are cut off from each other. */
export class World {
  readonly timeline: Timeline = new Timeline()
  readonly random: Random
  readonly nodes: Map<PeerId, Node> = new Map()
  /** Whether messages say how long they were on their way, as those of a mesh do. */
  tellsAge = false
  /** Decides what becomes of each message. */
  fate: (message: Passing) => Fate = () => ({})
  readonly #cut = new Set<string>()

  constructor(seed = 1) {
    this.random = dice(seed)
  }

  /** A node joins: one that was there with this id is gone first. */
  join(id: PeerId, clockError = 0): Node {
    this.leave(id)
    const node = new Node(this, id, new MachineClock(this.timeline, clockError))
    this.show(node)
    return node
  }

  /** A node is gone from one moment to the next: nothing of it goes on. */
  leave(id: PeerId): void {
    const node = this.nodes.get(id)
    if (node === undefined) return
    this.hide(node)
    node.end()
  }

  /** A node is there: a new one, or one that was hidden. */
  show(node: Node): void {
    const { id } = node.self
    const neighbours = [...this.nodes.values()].filter(other => this.linked(id, other.self.id))
    this.nodes.set(id, node)
    for (const other of neighbours) this.#notice(node, other, 'up')
  }

  /** A node is out of everybody's reach, and goes on alone. */
  hide(node: Node): void {
    const { id } = node.self
    this.nodes.delete(id)
    for (const other of this.nodes.values())
      if (this.linked(id, other.self.id)) this.#notice(other, node, 'down')
  }

  linked(a: PeerId, b: PeerId): boolean {
    return !this.#cut.has(pair(a, b))
  }

  /** Cuts the links between two groups of nodes, or mends them. */
  cut(left: readonly PeerId[], right: readonly PeerId[], cut = true): void {
    for (const a of left) {
      for (const b of right) {
        if (a === b || this.linked(a, b) !== cut) continue
        if (cut) this.#cut.add(pair(a, b))
        else this.#cut.delete(pair(a, b))
        const [nodeA, nodeB] = [this.nodes.get(a), this.nodes.get(b)]
        if (nodeA && nodeB) this.#notice(nodeA, nodeB, cut ? 'down' : 'up')
      }
    }
  }

  /** All that are reachable over links. */
  component(id: PeerId): Node[] {
    const found = new Set<PeerId>([id])
    for (const one of found)
      for (const other of this.nodes.keys()) if (this.linked(one, other)) found.add(other)
    return [...found].flatMap(one => this.nodes.get(one) ?? [])
  }

  /** Sends a message on its way. */
  carry(message: Passing, arrive: () => void): void {
    const { copies = 1, delay = 1 } = this.fate(message)
    for (let copy = 0; copy < copies; copy++) this.timeline.after(delay + copy * 7, arrive)
  }

  pass(milliseconds: number): Promise<void> {
    return this.timeline.pass(milliseconds)
  }

  /** Lets time pass until the promise is settled. */
  async until<T>(promise: PromiseLike<T>, step = 10): Promise<T> {
    const state = { open: true }
    const settled = Promise.resolve(promise).finally(() => (state.open = false))
    settled.catch(() => undefined)
    for (let waited = 0; state.open; waited += step) {
      if (waited > 3_600_000) throw new Error('an hour passed and nothing happened')
      await this.pass(step)
    }
    return settled
  }

  async close(): Promise<void> {
    for (const node of this.nodes.values()) for (const sync of node.syncs) await this.until(sync.close())
  }

  #notice(a: Node, b: Node, type: PeerChange['type']): void {
    a.notice({ type, peer: b.self })
    b.notice({ type, peer: a.self })
  }
}

const pair = (a: PeerId, b: PeerId) => (a < b ? `${a} ${b}` : `${b} ${a}`)

/** A group on a machine of its own. */
export class Node implements Group {
  readonly world: World
  readonly self: Contact
  readonly clock: MachineClock
  readonly syncs: Sync[] = []
  readonly #handlers = new Map<string, Handler>()
  readonly #watchers = new Set<(change: PeerChange) => void>()
  readonly #asking = new Set<(error: Error) => void>()
  #ended = false
  #sent = 0

  constructor(world: World, id: PeerId, clock: MachineClock) {
    this.world = world
    this.self = { id, addresses: [] }
    this.clock = clock
  }

  /** A dictionary on this node, on its clock. */
  sync(options: SyncOptions = {}): Sync {
    const sync = createSync(this, { clock: this.clock, random: this.world.random, ...options })
    this.syncs.push(sync)
    return sync
  }

  /** Whether others can reach it. */
  get present(): boolean {
    return this.world.nodes.get(this.self.id) === this
  }

  get handlers(): number {
    return this.#handlers.size + this.#watchers.size
  }

  get peers(): readonly Contact[] {
    const others = [...this.world.nodes.values()].filter(
      other => this.present && other !== this && this.world.linked(this.self.id, other.self.id),
    )
    return others.map(({ self }) => self)
  }

  request(
    to: Contact | PeerId,
    protocol: string,
    body: unknown,
    options: WaitOptions = {},
  ): Promise<unknown> {
    const { world, self } = this
    const target = typeof to === 'string' ? to : to.id
    const question: Passing = { from: self.id, to: target, kind: 'request', body: encode(body) }
    return wait(
      { timeout: 10_000, ...options, clock: this.clock, what: 'an answer' },
      ({ resolve, reject }) => {
        const lost = () => reject(new P2PError('P2P_PEER_UNREACHABLE', `${target} is not there`))
        this.#asking.add(reject)
        const controller = new AbortController()
        world.carry(question, () => {
          const other = world.nodes.get(target)
          if (other === undefined || !world.linked(self.id, target) || !this.present) {
            lost()
            return
          }
          void other.take(question, protocol, controller.signal).then(({ value, error }) =>
            world.carry({ from: target, to: self.id, kind: 'answer', body: value }, () => {
              if (!world.linked(self.id, target) || !this.present) lost()
              else if (error) reject(error)
              else resolve(value)
            }),
          )
        })
        return () => {
          this.#asking.delete(reject)
          controller.abort()
        }
      },
    )
  }

  send(): Promise<MessageId> {
    throw new Error('sync sends nothing')
  }

  broadcast(protocol: string, body: unknown): MessageId {
    const from = this.self.id
    for (const other of this.world.component(from)) {
      if (other === this || !this.present) continue
      const message: Passing = { from, to: other.self.id, kind: 'broadcast', body: encode(body) }
      const { timeline, tellsAge } = this.world
      const sent = timeline.now
      this.world.carry(message, () => {
        // Sent over whatever way there was: a partition that comes meanwhile stops it.
        if (!this.present || !this.world.component(from).includes(other)) return
        const age = timeline.now - sent
        void other.take(message, protocol, undefined, tellsAge ? { age } : {})
      })
    }
    return `${from}/${++this.#sent}`
  }

  handle(protocol: string, handler: Handler): Disposable {
    if (this.#handlers.has(protocol)) throw new P2PError('P2P_PROTOCOL_TAKEN', `${protocol} has a handler`)
    this.#handlers.set(protocol, handler)
    return { [Symbol.dispose]: () => void this.#handlers.delete(protocol) }
  }

  watch(listener: (change: PeerChange) => void): Disposable {
    this.#watchers.add(listener)
    return { [Symbol.dispose]: () => void this.#watchers.delete(listener) }
  }

  notice(change: PeerChange): void {
    for (const watcher of this.#watchers) watcher(change)
  }

  /** Hands a message to its handler, and says what came of it. */
  async take(
    { kind, from, body }: Passing,
    protocol: string,
    signal: AbortSignal = new AbortController().signal,
    more: { readonly age?: number } = {},
  ): Promise<{ value?: unknown; error?: Error }> {
    const handler = this.#handlers.get(protocol)
    if (this.#ended || handler === undefined) return { error: new P2PError('P2P_NO_HANDLER', protocol) }
    try {
      const message = {
        kind: kind as Incoming['kind'],
        from: { id: from, addresses: [] },
        protocol,
        body,
        signal,
        ...more,
      }
      return { value: encode((await handler(message)) ?? null) }
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      return {
        error: new P2PError('P2P_REQUEST_FAILED', P2PError.is(error) ? `${error.code}: ${text}` : text),
      }
    }
  }

  /** The machine is off. */
  end(): void {
    this.#ended = true
    this.clock.halted = true
    this.#handlers.clear()
    this.#watchers.clear()
    for (const reject of this.#asking) reject(new P2PError('P2P_CLOSED', 'the machine is off'))
  }
}

/** Copies a body as a codec for plain values would, and refuses what that would. */
const encode = (body: unknown, depth = 0): unknown => {
  if (depth > 40) throw new TypeError('nested too deep')
  if (body === null || typeof body === 'boolean' || typeof body === 'number' || typeof body === 'bigint')
    return body
  if (typeof body === 'string') {
    if (/\p{Surrogate}/u.test(body)) throw new TypeError('a lone surrogate')
    return body
  }
  if (body instanceof Uint8Array) return body.slice()
  if (Array.isArray(body)) return body.map(item => encode(item, depth + 1))
  if (typeof body === 'object' && Object.getPrototypeOf(body) === Object.prototype) {
    return Object.fromEntries(Object.entries(body).map(([name, item]) => [name, encode(item, depth + 1)]))
  }
  throw new TypeError(`cannot encode ${typeof body}`)
}
