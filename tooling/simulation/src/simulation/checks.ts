import type { VirtualClock } from '../time/virtual-clock.ts'

/** When a check is made. */
export interface CheckOptions {
  /** Milliseconds of virtual time that pass before it is made again, for a check that costs much. Default 0: after each instant. */
  readonly every?: number
}

interface Check {
  readonly name: string
  readonly verify: () => void
  readonly every: number
  due: number
}

/** What must hold during a run and at its end. */
export class Checks {
  readonly #clock: VirtualClock
  readonly #always: Check[] = []
  readonly #atEnd: Check[] = []
  #failed: unknown

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  always(name: string, verify: () => void, { every = 0 }: CheckOptions): void {
    this.#always.push({ name, verify, every, due: -Infinity })
  }

  atEnd(name: string, verify: () => void): void {
    this.#atEnd.push({ name, verify, every: 0, due: 0 })
  }

  /** Makes the checks that are due after an instant. */
  afterInstant(): void {
    const now = this.#clock.monotonic()
    for (const check of this.#always) {
      if (now < check.due) continue
      check.due = now + check.every
      this.#verify(check)
    }
  }

  /** Makes all checks. */
  verifyEnd(): void {
    for (const check of [...this.#always, ...this.#atEnd]) this.#verify(check)
  }

  /** Whether an error comes from a check. */
  isFailure(error: unknown): boolean {
    return error === this.#failed && error !== undefined
  }

  #verify({ name, verify }: Check): void {
    try {
      verify()
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      this.#failed = new Error(`check "${name}" failed: ${text}`, { cause: error })
      throw this.#failed
    }
  }
}
