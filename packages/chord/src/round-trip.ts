/** No wait for an answer is shorter, in milliseconds: a busy process is not a dead one. */
const least = 100
/** Nor longer. */
const most = 4_000
/** Where nobody has answered yet. */
const initial = 1_000
/** Who never answered may take so many times as long as others do: a connection to it may have to be made first. */
const first = 4
/** So many answers tell how much a peer varies; before that it may take as long as others do. */
const enough = 8

/** How long a peer takes to answer: mean and deviation, as TCP estimates them (RFC 6298). Milliseconds. */
export class RoundTrip {
  #mean: number | undefined
  #deviation = 0
  #answers = 0

  /** The mean; `undefined` before the first answer. */
  get mean(): number | undefined {
    return this.#mean
  }

  add(milliseconds: number): void {
    this.#answers++
    if (this.#mean === undefined) {
      this.#mean = milliseconds
      this.#deviation = milliseconds / 2
      return
    }
    this.#deviation += (Math.abs(milliseconds - this.#mean) - this.#deviation) / 4
    this.#mean += (milliseconds - this.#mean) / 8
  }

  /**
   * How long to wait for an answer, after so many misses in a row: twice as long with each.
   *
   * @param typical how long others take
   */
  timeout(misses: number, typical: RoundTrip): number {
    return Math.min(most, Math.max(least, this.#expected(typical)) * 2 ** misses)
  }

  #expected(typical: RoundTrip): number {
    const others = typical.mean === undefined ? initial : Math.min(initial, first * typical.mean)
    if (this.#mean === undefined) return others
    if (this.#answers >= enough) return this.#limit
    return Math.max(this.#limit, typical.#answers < enough ? others : typical.#limit)
  }

  /** Twice the mean at least: where answers took alike the deviation says too little. */
  get #limit(): number {
    const mean = this.#mean ?? 0
    return Math.max(2 * mean, mean + 4 * this.#deviation)
  }
}
