import type { Clock } from '@p2p/interfaces'

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Virtual time for a whole world. It moves when it is told to, from event to event. */
export class Timeline {
  #now = 0
  #order = 0
  readonly #events = new Set<Event>()

  get now(): number {
    return this.#now
  }

  /** Events that have yet to come. */
  get pending(): number {
    return this.#events.size
  }

  after(delay: number, run: () => void): Disposable {
    const event = { at: this.#now + Math.max(0, delay), order: this.#order++, run }
    this.#events.add(event)
    return { [Symbol.dispose]: () => void this.#events.delete(event) }
  }

  /** Lets so many milliseconds pass. After each event all promises that it settled have been acted upon. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    await turn()
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#events.delete(next)
      this.#now = next.at
      next.run()
      await turn()
    }
    this.#now = end
  }

  #next(end: number): Event | undefined {
    let next: Event | undefined
    for (const event of this.#events) {
      if (event.at > end) continue
      if (next === undefined || event.at < next.at || (event.at === next.at && event.order < next.order))
        next = event
    }
    return next
  }
}

/** Promises that are settled are acted upon before this resolves. No time passes. */
export const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** One machine's clocks: the wall clock may be wrong and step. */
export class MachineClock implements Clock {
  readonly #timeline: Timeline
  readonly #booted: number
  #error: number

  constructor(timeline: Timeline, error = 0) {
    this.#timeline = timeline
    this.#booted = timeline.now
    this.#error = error
  }

  /** The machine is off: none of its timers fires any more. */
  halted = false

  now = (): number => epoch + this.#timeline.now + this.#error
  monotonic = (): number => this.#timeline.now - this.#booted
  after = (delay: number, callback: () => void): Disposable =>
    this.#timeline.after(delay, () => {
      if (!this.halted) callback()
    })

  /** Sets the wall clock. */
  step(milliseconds: number): void {
    this.#error += milliseconds
  }
}

/** Where virtual time begins: some day, at some hour. */
export const epoch: number = Date.UTC(2026, 0, 15, 9, 30)
