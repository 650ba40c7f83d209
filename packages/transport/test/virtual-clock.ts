import type { Clock } from '@p2p/interfaces'

/** A clock that moves only when it is told to. */
export class VirtualClock implements Clock {
  /** Timers that were ever set. */
  timersSet = 0
  #now = 0
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>()

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(delay: number, callback: () => void): Disposable {
    this.timersSet++
    const timer = { at: this.#now + delay, callback }
    this.#timers.add(timer)
    return { [Symbol.dispose]: () => this.#timers.delete(timer) }
  }

  /** Timers that are waiting. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves on, timer by timer, and lets the promises of each settle before the next. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    await turn()
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0]
      if (due === undefined) break
      this.#timers.delete(due)
      this.#now = due.at
      due.callback()
      await turn()
    }
    this.#now = end
  }
}

/** Resolves when everything that this turn has set off through promises has happened. */
export const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
