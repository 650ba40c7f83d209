import { type Messenger, P2PError } from '@p2p/interfaces'
import { wait, type Waiter, type WaitSettings } from '@p2p/interfaces/wait'
import type { Circle } from './circle.ts'
import { ChordError } from './errors.ts'
import type { Member } from './member.ts'
import type { Settings } from './options.ts'
import { RoundTrip } from './round-trip.ts'

/** Requests in a row without an answer, after which a process counts as dead. */
const missesOfTheDead = 5
/** A deadline that is so much overdue, in milliseconds, tells of us, not of the peer: this process stood still. */
const overdue = 500

/** Controllers that are kept for the next requests: to make one takes longer than the rest of a request does. */
const idleControllers = 64

export interface CallerOptions {
  readonly messenger: Messenger
  readonly protocol: string
  readonly settings: Settings
  readonly circle: Circle
  /** Answers what this node asks itself. */
  readonly answer: (from: Member, body: unknown) => unknown
  /** A process is dead, or is not on the ring any more. */
  readonly gone: (member: Member) => void
}

/** Asks processes, measures how long they take, and notices who is dead. */
export class Caller {
  readonly #options: CallerOptions
  readonly #underWay = new Set<AbortController>()
  readonly #idle: AbortController[] = []
  /** Rejects what waits. */
  readonly #ends = new Set<() => void>()
  #closed = false
  /** How long any member takes to answer. */
  readonly typical: RoundTrip = new RoundTrip()
  /** How many requests were made. */
  asked = 0

  constructor(options: CallerOptions) {
    this.#options = options
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Aborts what is under way, and ends all that waits. */
  close(): void {
    this.#closed = true
    for (const controller of this.#underWay) controller.abort(closedError())
    for (const end of this.#ends) end()
  }

  /**
   * `wait` of `@p2p/interfaces`, for what is not to outlast the table.
   *
   * @param atEnd what happens when the table is closed meanwhile: by default it ends with `P2P_CLOSED`
   */
  wait<T>(
    settings: WaitSettings,
    start: (waiter: Waiter<T>) => (() => void) | undefined,
    atEnd: (waiter: Waiter<T>) => void = ({ reject }) => reject(closedError()),
  ): Promise<T> {
    return wait<T>(settings, waiter => {
      const end = () => atEnd(waiter)
      const undo = start(waiter)
      if (this.#closed) end()
      else this.#ends.add(end)
      return () => {
        this.#ends.delete(end)
        undo?.()
      }
    })
  }

  /**
   * How long a process may take to answer: twice as long after a miss, four times after more.
   *
   * @param doublings at most so often is it doubled: who can ask another instead is less patient
   */
  timeoutOf(member: Member, doublings = 2): number {
    return member.trip.timeout(Math.min(member.misses, doublings), this.typical)
  }

  /** Milliseconds after which an answer of anybody is late, and others are asked, too. */
  get patience(): number {
    return this.typical.timeout(0, this.typical) / 2
  }

  /**
   * Asks once. By default the deadline follows how fast that process answers.
   *
   * @throws what `Messenger.request` rejects with
   */
  ask(member: Member, body: unknown, timeout: number = this.timeoutOf(member)): Promise<unknown> {
    const { messenger, protocol, settings, circle, answer } = this.#options
    if (member === circle.self) return new Promise(resolve => resolve(answer(member, body)))
    if (this.#closed) return Promise.reject(closedError())
    const began = settings.clock.monotonic()
    this.asked++
    // One each: a signal that all share would have as many listeners as there are requests.
    const controller = this.#idle.pop() ?? new AbortController()
    this.#underWay.add(controller)
    const { signal } = controller
    return messenger.request(member.contact, protocol, body, { timeout, signal }).then(
      reply => {
        this.#done(controller)
        const now = settings.clock.monotonic()
        member.trip.add(now - began)
        this.typical.add(now - began)
        member.heard = now
        member.misses = 0
        return reply
      },
      (error: unknown) => {
        this.#done(controller)
        if (!this.closed) this.#missed(member, error, began, timeout)
        throw error
      },
    )
  }

  #done(controller: AbortController): void {
    this.#underWay.delete(controller)
    if (!controller.signal.aborted && this.#idle.length < idleControllers) this.#idle.push(controller)
  }

  /**
   * Asks until there is an answer, or until the process counts as dead, by whichever request that was found: `undefined`. To go on asking the dead would keep
   * up whoever waits for it. What else goes wrong is thrown.
   */
  async askFirmly(member: Member, body: unknown, timeout?: number): Promise<unknown> {
    const { lost } = this.#options.circle.members
    for (let tries = 0; tries < missesOfTheDead; tries++) {
      try {
        return await this.ask(member, body, timeout)
      } catch (error) {
        if (this.closed || !isSilence(error)) throw error
        if (lost.get(member.id) === member) break
      }
    }
    return undefined
  }

  #missed(member: Member, error: unknown, began: number, timeout: number): void {
    const now = this.#options.settings.clock.monotonic()
    if (P2PError.is(error, 'P2P_NO_HANDLER')) member.misses = missesOfTheDead
    else if (isSilence(error) && now - began - timeout < overdue) {
      // What was asked before the last miss is no further evidence: one slow moment may hold up any number of answers.
      if (began < member.missed) return
      member.misses++
      member.missed = now
    } else return
    if (member.misses < missesOfTheDead) return
    // Should it be named again, one miss more will do.
    member.misses = missesOfTheDead - 1
    this.#options.gone(member)
  }
}

/** Whether an error says that no answer came, rather than which. */
export const isSilence = (error: unknown): boolean =>
  P2PError.is(error) &&
  (error.code === 'P2P_TIMEOUT' || error.code === 'P2P_PEER_UNREACHABLE' || error.code === 'P2P_NO_HANDLER')

/** What all that waits for a table that is closed ends in. */
export const closedError = (): ChordError => new ChordError('P2P_CLOSED', 'the table is closed')
