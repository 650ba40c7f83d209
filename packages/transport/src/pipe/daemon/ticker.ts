import type { Clock } from '@p2p/interfaces'

/** Beats at a start and whole intervals after it, however late a beat is told. */
export class Ticker {
  readonly #clock: Clock
  readonly #interval: number
  readonly #beat: (elapsed: number) => void
  #timer: Disposable | undefined
  #start = 0
  #count = 0
  #last = 0

  constructor(clock: Clock, interval: number, beat: (elapsed: number) => void) {
    this.#clock = clock
    this.#interval = interval
    this.#beat = beat
  }

  /** Idempotent. */
  start(): void {
    if (this.#timer !== undefined) return
    this.#start = this.#last = this.#clock.monotonic()
    this.#count = 0
    this.#schedule(this.#start)
  }

  /** Idempotent. */
  stop(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }

  #schedule(now: number): void {
    this.#count = Math.max(this.#count, Math.floor((now - this.#start) / this.#interval)) + 1
    const next = this.#start + this.#count * this.#interval
    this.#timer = this.#clock.after(next - now, () => {
      const at = this.#clock.monotonic()
      const elapsed = at - this.#last
      this.#last = at
      this.#schedule(at)
      this.#beat(elapsed)
    })
  }
}
