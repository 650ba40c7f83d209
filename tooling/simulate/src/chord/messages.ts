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
import type { HostClock, SeededRandom, VirtualClock } from '@p2p/simulation'

/** Messages between machines, in virtual time: each takes its time, may be lost, and does not come across a cut. */
export class Messages {
  readonly clock: VirtualClock
  readonly random: SeededRandom
  /** How probably a message is lost. */
  loss = 0
  /** Which side of the cut a machine is on; all on one by default. */
  sideOf: (id: PeerId) => number = () => 0
  readonly #machines = new Map<PeerId, Machine>()
  readonly #least: number
  readonly #most: number

  constructor(clock: VirtualClock, random: SeededRandom, latency: readonly [number, number]) {
    this.clock = clock
    this.random = random
    ;[this.#least, this.#most] = latency
  }

  machine(id: PeerId, wallClockError: number): Machine {
    const machine = new Machine(this, id, this.clock.host({ name: id, offset: wallClockError }))
    this.#machines.set(id, machine)
    return machine
  }

  get(id: PeerId): Machine | undefined {
    return this.#machines.get(id)
  }

  remove(machine: Machine): void {
    if (this.#machines.get(machine.self.id) === machine) this.#machines.delete(machine.self.id)
  }

  /** Lets something arrive, later, or never. */
  carry(from: PeerId, to: PeerId, arrive: () => void): void {
    const { clock, random } = this
    clock.hash.text(from)
    clock.hash.text(to)
    if (this.loss > 0 && random.chance(this.loss)) return
    if (this.sideOf(from) !== this.sideOf(to)) return
    clock.after(random.between(this.#least, this.#most), arrive)
  }
}

/** A machine with a messenger on it. It may crash, or stand still. */
export class Machine implements Messenger {
  readonly self: Contact
  readonly clock: HostClock
  readonly #messages: Messages
  readonly #handlers = new Map<string, Handler>()
  /** What came while it stood still. */
  #stopped: (() => void)[] | undefined

  constructor(messages: Messages, id: PeerId, clock: HostClock) {
    this.#messages = messages
    this.self = { id, addresses: [] }
    this.clock = clock
  }

  request(
    to: Contact | PeerId,
    protocol: string,
    body: unknown,
    options: WaitOptions = {},
  ): Promise<unknown> {
    const messages = this.#messages
    const own = this.self.id
    const target = typeof to === 'string' ? to : to.id
    return wait(
      { timeout: 10_000, ...options, clock: this.clock, what: 'an answer' },
      ({ resolve, reject }) => {
        messages.carry(own, target, () => {
          messages.get(target)?.receive(() => {
            const answer = async () => {
              const handler = messages.get(target)?.handler(protocol)
              if (handler === undefined) throw new P2PError('P2P_NO_HANDLER', 'nobody handles it')
              return handler({ kind: 'request', from: this.self, protocol, body, signal: never })
            }
            answer().then(
              value => messages.carry(target, own, () => this.receive(() => resolve(value ?? null))),
              (error: unknown) =>
                messages.carry(target, own, () => this.receive(() => reject(asTold(error)))),
            )
          })
        })
        return undefined
      },
    )
  }

  send(): Promise<MessageId> {
    throw new Error('chord only asks')
  }

  handle(protocol: string, handler: Handler): Disposable {
    this.#handlers.set(protocol, handler)
    return { [Symbol.dispose]: () => void this.#handlers.delete(protocol) }
  }

  handler(protocol: string): Handler | undefined {
    return this.#handlers.get(protocol)
  }

  /** Something arrives. What comes to a machine that stands still waits in its sockets. */
  receive(act: () => void): void {
    if (this.#stopped !== undefined) this.#stopped.push(act)
    else if (this.#messages.get(this.self.id) === this) act()
  }

  /** The power fails. */
  crash(): void {
    this.#messages.remove(this)
    this.clock.stop()
    this.#handlers.clear()
  }

  pause(): void {
    this.#stopped ??= []
    this.clock.pause()
  }

  /** Its overdue timers fire first, then comes what lay in its sockets. */
  resume(): void {
    const waiting = this.#stopped ?? []
    this.#stopped = undefined
    this.clock.resume()
    this.#messages.clock.after(0, () => {
      for (const act of waiting) this.receive(act)
    })
  }
}

const never: AbortSignal = new AbortController().signal

const asTold = (error: unknown): P2PError =>
  P2PError.is(error, 'P2P_NO_HANDLER')
    ? error
    : new P2PError('P2P_REQUEST_FAILED', error instanceof Error ? error.message : String(error), {
        cause: error,
      })
