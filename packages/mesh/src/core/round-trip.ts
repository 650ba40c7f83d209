/** When to measure, and what follows from it, in milliseconds; all but `samples`. */
export interface RoundTripSettings {
  /** So many measurements are looked at, and nothing is decided before there are so many. */
  readonly samples: number
  /** Between two measurements: of the first ones, later, and after one that was not answered. */
  readonly first: number
  readonly later: number
  readonly unanswered: number
}

/** A ping that nobody waits for has this number. */
export const noPing = 0

/**
 * How long it takes on one link to the other end and back. Measurements are asked for and answered by numbers. Pure.
 *
 * What decides is the least of the last ones (as in BBR, draft-cardwell-iccrg-bbr-congestion-control, "RTprop"): a segment sent again, a queue, and an end that was
 * stopped only add.
 */
export class RoundTrip {
  /** The last measurement; `undefined`: none yet. */
  last: number | undefined
  /** The least of the last measurements; `undefined` while there are too few. */
  least: number | undefined
  readonly #settings: RoundTripSettings
  readonly #samples: number[] = []
  #asked = -Infinity
  #number = noPing
  #answered = true

  constructor(settings: RoundTripSettings) {
    this.#settings = settings
  }

  /** Whether to measure again. */
  isDue(now: number): boolean {
    const { samples, first, later, unanswered } = this.#settings
    const pause = !this.#answered ? unanswered : this.#samples.length < samples ? first : later
    return now - this.#asked >= pause
  }

  /** Begins a measurement. @returns its number */
  ask(now: number): number {
    this.#asked = now
    this.#answered = false
    this.#number = (this.#number + 1) >>> 0 || 1
    return this.#number
  }

  /** A number came back. One that was not asked for last means nothing. */
  answered(number: number, now: number): void {
    if (this.#answered || number !== this.#number) return
    this.#answered = true
    this.last = now - this.#asked
    const samples = this.#samples
    if (samples.push(this.last) > this.#settings.samples) samples.shift()
    if (samples.length === this.#settings.samples) this.least = Math.min(...samples)
  }
}
