import {
  type Contact,
  type Handler,
  type MessageId,
  type Messenger,
  P2PError,
  type PeerId,
  type WaitOptions,
} from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import { type HostClock, SeededRandom, VirtualClock } from '@p2p/simulation'
import { ChordNode } from '../src/chord-node.ts'
import type { ChordOptions } from '../src/index.ts'
import { pointOf } from '../src/member.ts'
import { checkOptions } from '../src/options.ts'

/** Nodes that can all reach each other, after a few milliseconds of virtual time. */
export class World {
  readonly clock: VirtualClock = new VirtualClock()
  readonly random: SeededRandom
  readonly nodes: Map<PeerId, FakeMessenger> = new Map()
  /** Milliseconds one way. */
  latency: () => number
  /** Whether a message arrives. */
  passes: (from: PeerId, to: PeerId, body: unknown) => boolean = () => true

  constructor(seed = 1) {
    this.random = new SeededRandom(seed)
    this.latency = () => this.random.between(1, 5)
  }

  /** A node with a table; it is leeching. */
  node(id: PeerId, options: ChordOptions = {}): ChordNode {
    return this.table(new FakeMessenger(this, id), options)
  }

  /** A table on a machine. Where points lie is computed once for all. */
  table(messenger: FakeMessenger, options: ChordOptions = {}): ChordNode {
    const random = this.random.fork(messenger.self.id)
    const settings = checkOptions({ clock: messenger.clock, random, ...options })
    return new ChordNode(messenger, { ...settings, pointOf: this.#pointOf })
  }

  readonly #positions = new Map<string, string>()
  readonly #pointOf = (id: PeerId, index: number): string => {
    const name = `${id} ${index}`
    const known = this.#positions.get(name) ?? pointOf(id, index)
    this.#positions.set(name, known)
    return known
  }

  /** So many nodes on one ring. */
  async ring(count: number, options: ChordOptions = {}, name = 'n'): Promise<ChordNode[]> {
    const chords: ChordNode[] = []
    for (let index = 0; index < count; index++) {
      const chord = this.node(`${name}${index}`, options)
      if (index > 0) await this.run(chord.meet(`${name}0`))
      await this.run(chord.join())
      chords.push(chord)
    }
    return chords
  }

  /** From one moment to the next a node is gone. */
  crash(id: PeerId): void {
    this.nodes.get(id)?.end()
  }

  run<T>(promise: Promise<T>): Promise<T> {
    return this.clock.run(promise)
  }

  pass(milliseconds: number): Promise<void> {
    return this.clock.advance(milliseconds)
  }
}

/** A messenger on its own clock, which stops when it crashes. */
export class FakeMessenger implements Messenger {
  readonly self: Contact
  readonly clock: HostClock
  /** Timers that are set. */
  timers = 0
  readonly #world: World
  readonly #handlers = new Map<string, Handler>()

  constructor(world: World, id: PeerId, clockError = 0) {
    this.#world = world
    this.self = { id, addresses: [] }
    this.clock = counted(
      world.clock.host({ name: id, offset: clockError }),
      change => (this.timers += change),
    )
    world.nodes.set(id, this)
  }

  get handlers(): number {
    return this.#handlers.size
  }

  request(
    to: Contact | PeerId,
    protocol: string,
    body: unknown,
    options: WaitOptions = {},
  ): Promise<unknown> {
    const world = this.#world
    const target = typeof to === 'string' ? to : to.id
    const copy = structuredClone(body)
    return wait(
      { timeout: 10_000, ...options, clock: this.clock, what: 'an answer' },
      ({ resolve, reject }) => {
        const carry = (from: PeerId, goal: PeerId, what: unknown, arrive: () => void) => {
          if (world.passes(from, goal, what)) world.clock.after(world.latency(), arrive)
        }
        carry(this.self.id, target, copy, () => {
          const other = world.nodes.get(target)
          if (other === undefined) return
          const handler = other.#handlers.get(protocol)
          const answer = async () => {
            if (handler === undefined) throw new P2PError('P2P_NO_HANDLER', 'nobody handles it')
            const signal = new AbortController().signal
            return handler({
              kind: 'request',
              from: { id: this.self.id, addresses: [] },
              protocol,
              body: copy,
              signal,
            })
          }
          answer().then(
            value => carry(target, this.self.id, value, () => resolve(structuredClone(value ?? null))),
            (error: unknown) =>
              carry(target, this.self.id, error, () =>
                reject(
                  P2PError.is(error, 'P2P_NO_HANDLER')
                    ? error
                    : new P2PError('P2P_REQUEST_FAILED', String(error)),
                ),
              ),
          )
        })
        return undefined
      },
    )
  }

  send(): Promise<MessageId> {
    throw new Error('chord sends nothing')
  }

  handle(protocol: string, handler: Handler): Disposable {
    this.#handlers.set(protocol, handler)
    return { [Symbol.dispose]: () => void this.#handlers.delete(protocol) }
  }

  /** The machine is off. */
  end(): void {
    this.clock.stop()
    this.#world.nodes.delete(this.self.id)
    this.#handlers.clear()
  }
}

/** Tells when a timer is set and when it is not any more. */
const counted = (clock: HostClock, change: (by: number) => void): HostClock => {
  const after = clock.after.bind(clock)
  clock.after = (delay, callback) => {
    let isSet = true
    const unset = () => {
      if (isSet) change(-1)
      isSet = false
    }
    change(1)
    const timer = after(delay, () => {
      unset()
      callback()
    })
    return {
      [Symbol.dispose]: () => {
        unset()
        timer[Symbol.dispose]()
      },
    }
  }
  return clock
}
