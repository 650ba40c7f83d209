import type { Fault } from '@p2p/simulation'

/** A host says goodbye, and comes back later. */
export interface LeaveFault {
  readonly kind: 'leave'
  readonly at: number
  readonly lasts: number
  readonly host: string
}

/** One thing that goes wrong. */
export type Trouble = Fault | LeaveFault

/** All that goes wrong in a run, known before it happens: what may be expected of the nodes follows from it. */
export class FaultScript {
  readonly #troubles: Trouble[] = []

  get troubles(): readonly Trouble[] {
    return this.#troubles
  }

  add(troubles: readonly Trouble[]): void {
    this.#troubles.push(...troubles)
  }

  /** What is in progress at some time of the interval, in virtual milliseconds. Wall clocks that are set are nobody's excuse. */
  during(from: number, to: number): Exclude<Trouble, { kind: 'clock' }>[] {
    return this.#troubles.filter(
      trouble => trouble.kind !== 'clock' && trouble.at <= to && trouble.at + trouble.lasts >= from,
    ) as Exclude<Trouble, { kind: 'clock' }>[]
  }

  /** Whether nothing is in progress. */
  isCalm(from: number, to: number): boolean {
    return this.during(from, to).length === 0
  }

  /** Whether nothing begins or ends; what is in progress stays as it is. */
  isSteady(from: number, to: number): boolean {
    return this.during(from, to).every(({ at, lasts }) => at < from && at + lasts > to)
  }

  /** Whether a host's wall clock was set during the interval. */
  hasSetClock(host: string, from: number, to: number): boolean {
    return this.#troubles.some(
      trouble => trouble.kind === 'clock' && trouble.host === host && trouble.at >= from && trouble.at <= to,
    )
  }
}
