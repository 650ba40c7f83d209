import type { Clock } from '@p2p/interfaces'
import { times } from './limits.ts'

/** What {@link Looking} needs of its node. */
export interface LookingSettings {
  readonly clock: Clock
  /** Looks at all that may have come due. @returns when something is due next, in monotonic milliseconds */
  readonly look: () => number
  /** A look threw this. */
  readonly failed: (cause: unknown) => void
}

/** Between two looks at least, in milliseconds: what is due a moment later can wait for it. */
const shortest = 20

/** The one timer of a node for all that it does from time to time, set for what is due first. */
export class Looking {
  readonly #settings: LookingSettings
  #timer: Disposable | undefined
  #due = Infinity
  #closed = false

  constructor(settings: LookingSettings) {
    this.#settings = settings
  }

  /** Looks so many milliseconds from now, if it would not anyway. */
  within(delay: number): void {
    const { clock } = this.#settings
    const due = clock.monotonic() + delay
    if (this.#closed || due >= this.#due) return
    this.#timer?.[Symbol.dispose]()
    this.#due = due
    this.#timer = clock.after(delay, () => {
      this.#due = Infinity
      this.within(Math.max(this.#look() - clock.monotonic(), shortest))
    })
  }

  /** Looks no more. */
  close(): void {
    this.#closed = true
    this.#timer?.[Symbol.dispose]()
  }

  /** Looks, and looks again also where that failed: without it links would end unnoticed. */
  #look(): number {
    try {
      return this.#settings.look()
    } catch (cause) {
      this.#settings.failed(cause)
      return this.#settings.clock.monotonic() + times.tick
    }
  }
}
