import type { Clock } from '@p2p/interfaces'
import type { Scheduled } from './event-queue.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** How wrong a host's wall clock is. */
export interface HostClockOptions {
  /** Who it belongs to, for timelines. */
  readonly name?: string
  /** Milliseconds by which the wall clock is ahead of the truth. Default 0. */
  readonly offset?: number
  /** How much too fast the wall clock runs, as a fraction: 1e-4 is 8.6 s a day. Default 0. */
  readonly drift?: number
}

/**
 * The clock of one host: the wall time may be wrong and may step, `monotonic` counts truly from the host's start. A host that is
 * paused (as SIGSTOP does it) gets its timers when it is resumed; one that is stopped never gets them.
 */
export class HostClock implements Clock {
  /** Who it belongs to. */
  readonly name: string
  /** Its number among the host clocks of its {@link VirtualClock}, from 0. */
  readonly index: number
  readonly #clock: VirtualClock
  readonly #start: number
  readonly #drift: number
  #offset: number
  #paused = false
  #stopped = false
  #overdue: { due: number; timer: Timer }[] = []
  #deferred: Scheduled[] = []

  /** Made by {@link VirtualClock.host}. */
  constructor(clock: VirtualClock, index: number, options: HostClockOptions = {}) {
    this.#clock = clock
    this.#start = clock.monotonic()
    this.index = index
    this.name = options.name ?? `host ${index}`
    this.#offset = options.offset ?? 0
    this.#drift = options.drift ?? 0
  }

  now(): number {
    const elapsed = this.#clock.monotonic()
    return Math.floor(this.#clock.start + elapsed + elapsed * this.#drift + this.#offset)
  }

  monotonic(): number {
    return this.#clock.monotonic() - this.#start
  }

  after(delay: number, callback: () => void): Disposable {
    const timer = new Timer(this.#clock, callback, this)
    if (!this.#stopped) this.#clock.schedule(delay, timer)
    return timer
  }

  /** Milliseconds by which the wall clock is ahead now, drift included. */
  get offset(): number {
    return this.#offset + this.#clock.monotonic() * this.#drift
  }

  /** Sets the wall clock forwards, or backwards for a negative number of milliseconds. Timers do not notice. */
  step(milliseconds: number): void {
    this.#offset += milliseconds
  }

  /** Whether the host is paused. */
  get paused(): boolean {
    return this.#paused
  }

  /** Whether the host is gone for good. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** Holds the host's timers and what was deferred, while time goes on. */
  pause(): void {
    this.#paused = true
  }

  /**
   * Lets the host run again, at this instant: first its overdue timers, in the order in which they were due, then what was deferred, in its
   * order. Timers come first, as they do in a Node process after SIGCONT, so that a time-out fires although its answer lies in the socket.
   */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    const overdue = this.#overdue
    const deferred = this.#deferred
    this.#overdue = []
    this.#deferred = []
    for (const { due, timer } of overdue) this.#clock.scheduleAt(due, timer)
    for (const event of deferred) this.#clock.schedule(0, event)
  }

  /** Ends the host: no timer of it will fire any more. */
  stop(): void {
    this.#stopped = true
    this.#overdue = []
    this.#deferred = []
  }

  /** Keeps an event of a paused host until it is resumed. */
  defer(event: Scheduled): void {
    this.#deferred.push(event)
  }

  /** Whether the timer may fire now; if not, it is kept or dropped. */
  admit(timer: Timer): boolean {
    if (this.#stopped) return false
    if (!this.#paused) return true
    this.#overdue.push({ due: this.#clock.monotonic(), timer })
    return false
  }
}

/** One callback to come. */
export class Timer implements Scheduled, Disposable {
  cancelled = false
  readonly #clock: VirtualClock
  readonly #host: HostClock | undefined
  #callback: (() => void) | undefined

  constructor(clock: VirtualClock, callback: () => void, host?: HostClock) {
    this.#clock = clock
    this.#host = host
    this.#callback = callback
  }

  fire(): void {
    const host = this.#host
    if (host !== undefined && !host.admit(this)) return
    const callback = this.#callback
    this.#callback = undefined
    this.#clock.enter(host)
    callback?.()
  }

  [Symbol.dispose](): void {
    if (this.#callback === undefined) return
    this.#callback = undefined
    this.cancelled = true
    this.#clock.cancelled()
  }
}
