import type { Clock } from '@p2p/interfaces'
import { SimulationError } from '../errors.ts'
import { EventHash } from './event-hash.ts'
import { EventQueue, type Scheduled } from './event-queue.ts'
import { HostClock, type HostClockOptions, Timer } from './host-clock.ts'
import { pump } from './pump.ts'

/** Options of a {@link VirtualClock}. */
export interface VirtualClockOptions {
  /** Wall time at the beginning, in milliseconds since 1970. Default 2026-01-01T00:00:00Z. */
  readonly start?: number
}

/** How long a clock may run for something. */
export interface RunLimit {
  /** Milliseconds of virtual time. Default 600 000. */
  readonly limit?: number
}

const defaultLimit = 600_000
// Far above what thousands of hosts do in one instant; a loop of timers without delay reaches it within a second.
const mostEventsInAnInstant = 5_000_000

interface Run {
  readonly target: number
  readonly until: (() => boolean) | undefined
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Time that moves only when it is told to. What is due happens in the order of time and, at equal times, in the order in which it was asked
 * for; between two events all promise chains run to their end (microtasks and `process.nextTick`; nothing that is really
 * outside, such as a file or a thread, is waited for). Its own timers belong to no host and are never held.
 *
 * One caller at a time moves it, by {@link advance}, {@link runUntil}, {@link runUntilIdle} or {@link run}. What a timer throws rejects
 * that call and stops there.
 */
export class VirtualClock implements Clock {
  /** Wall time at the beginning. */
  readonly start: number
  /** The fingerprint of all that has happened so far: when, and to which host. */
  readonly hash: EventHash = new EventHash()
  /** Called when an instant is over, before time moves on. What it throws ends the run. */
  onInstant: (() => void) | undefined
  readonly #queue = new EventQueue()
  #time = 0
  #hosts = 0
  #events = 0
  #eventsBefore = 0
  #current: HostClock | undefined
  #run: Run | undefined

  constructor(options: VirtualClockOptions = {}) {
    this.start = options.start ?? Date.UTC(2026, 0, 1)
  }

  now(): number {
    return Math.floor(this.start + this.#time)
  }

  monotonic(): number {
    return this.#time
  }

  /** @throws `RangeError` for a delay that is not a number. A negative one counts as 0, and `Infinity` never comes. */
  after(delay: number, callback: () => void): Disposable {
    const timer = new Timer(this, callback)
    this.schedule(delay, timer)
    return timer
  }

  /** A host's own view of this time. */
  host(options?: HostClockOptions): HostClock {
    return new HostClock(this, this.#hosts++, options)
  }

  /** How many events have happened. */
  get events(): number {
    return this.#events
  }

  /** The host to which the event that happens now belongs, if it is a host's. */
  get current(): HostClock | undefined {
    return this.#current
  }

  /** Moves time on by so many milliseconds, and what is due until then, inclusive, happens. */
  advance(milliseconds: number): Promise<void> {
    return this.#start(this.#time + milliseconds, undefined)
  }

  /**
   * Moves time on until the condition holds, and no further. It is asked whenever an instant is over.
   *
   * @throws `P2P_TIMEOUT` when the limit is reached; `P2P_STUCK` when nothing is left to happen
   */
  async runUntil(condition: () => boolean, options: RunLimit = {}): Promise<void> {
    const limit = options.limit ?? defaultLimit
    let met = false
    await this.#start(this.#time + limit, () => (met = condition()))
    // The flag was set by the callback, which the type checker does not see.
    if (met as boolean) return
    if (this.#queue.nextTime === Infinity)
      throw new SimulationError('P2P_STUCK', 'nothing is left to happen, and the condition does not hold')
    throw new SimulationError('P2P_TIMEOUT', `the condition did not hold within ${limit} ms of virtual time`)
  }

  /** Moves time on until nothing is left to happen. @throws `P2P_TIMEOUT` when the limit is reached */
  runUntilIdle(options?: RunLimit): Promise<void> {
    return this.runUntil(() => this.#queue.nextTime === Infinity, options)
  }

  /**
   * Moves time on until the promise is settled, and passes its outcome on: `await clock.run(transport.dial(address))`.
   *
   * @throws as {@link runUntil}, and what the promise rejects with
   */
  async run<T>(promise: Promise<T>, options?: RunLimit): Promise<T> {
    let settled = false
    const settle = () => {
      settled = true
    }
    promise.then(settle, settle)
    await this.runUntil(() => settled, options)
    return promise
  }

  /** Adds an event of another kind than timers: what simulated devices are made of. */
  schedule(delay: number, event: Scheduled): void {
    if (Number.isNaN(delay)) throw new RangeError('a delay is a number of milliseconds')
    if (delay !== Infinity) this.#queue.push(delay > 0 ? this.#time + delay : this.#time, event)
  }

  /** The same at a virtual time, as {@link monotonic} counts it. A time in the past is now, before all that is due now. */
  scheduleAt(time: number, event: Scheduled): void {
    this.#queue.push(time, event)
  }

  /** Tells that a scheduled event was cancelled. */
  cancelled(): void {
    this.#queue.discard()
  }

  /** Tells to whom the event that happens now belongs. */
  enter(host: HostClock | undefined): void {
    this.#current = host
    this.hash.number(this.#time)
    this.hash.word(host === undefined ? -1 : host.index)
  }

  /** Ends the run, if there is one, by rejecting it. */
  fail(error: unknown): void {
    const run = this.#run
    this.#run = undefined
    run?.reject(error)
  }

  #start(target: number, until: (() => boolean) | undefined): Promise<void> {
    if (Number.isNaN(target)) throw new RangeError('a time is a number of milliseconds')
    if (this.#run !== undefined) {
      throw new SimulationError('P2P_ALREADY_RUNNING', 'another caller is moving this clock at the moment')
    }
    return new Promise((resolve, reject) => {
      const run: Run = { target, until, resolve, reject }
      this.#run = run
      pump(() => this.#run === run && this.#step(run))
    })
  }

  /** One event. Answers whether the run goes on. */
  #step(run: Run): boolean {
    try {
      const time = this.#queue.nextTime
      if (time > this.#time) {
        this.onInstant?.()
        if (run.until?.() === true) return this.#finish(run)
        if (time > run.target || time === Infinity) {
          // For a condition, time that nothing happens in is not spent.
          if (run.until === undefined) this.#time = Math.max(this.#time, run.target)
          return this.#finish(run)
        }
        this.#time = time
        this.#eventsBefore = this.#events
      } else if (this.#events - this.#eventsBefore > mostEventsInAnInstant) {
        throw new SimulationError(
          'P2P_TIME_STANDS_STILL',
          `more than ${mostEventsInAnInstant} events at ${this.#time} ms; somebody sets timers without delay`,
        )
      }
      this.#events += 1
      this.#queue.pop().fire()
      return true
    } catch (error) {
      this.fail(error)
      return false
    }
  }

  #finish(run: Run): boolean {
    this.#run = undefined
    this.#current = undefined
    run.resolve()
    return false
  }
}
