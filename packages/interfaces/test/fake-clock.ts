import type { Clock } from '../src/index.ts'

/** A clock that moves when it is told to. */
export class FakeClock implements Clock {
  #time = 0
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>()

  /** Timers that have neither fired nor been disposed of. */
  get pending(): number {
    return this.#timers.size
  }

  now = (): number => this.#time
  monotonic = (): number => this.#time

  after = (delay: number, callback: () => void): Disposable => {
    const timer = { at: this.#time + delay, callback }
    this.#timers.add(timer)
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) }
  }

  /** Moves on and fires what is due, in order. */
  advance(milliseconds: number): void {
    const end = this.#time + milliseconds
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((left, right) => left.at - right.at)[0]
      if (due === undefined) break
      this.#timers.delete(due)
      this.#time = due.at
      due.callback()
    }
    this.#time = end
  }
}
