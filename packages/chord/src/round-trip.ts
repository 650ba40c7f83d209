/** No wait for an answer is shorter, in milliseconds: a busy process is not a dead one. */
const least = 100
/** Nor longer. */
const most = 4_000
/** For who never answered yet: a connection to it may have to be made first. */
const initial = 1_000

/** How long a peer takes to answer: mean and deviation, as TCP estimates them (RFC 6298). Milliseconds. */
export class RoundTrip {
  #mean: number | undefined
  #deviation = 0

  /** The mean; `undefined` before the first answer. */
  get mean(): number | undefined {
    return this.#mean
  }

  add(milliseconds: number): void {
    if (this.#mean === undefined) {
      this.#mean = milliseconds
      this.#deviation = milliseconds / 2
      return
    }
    this.#deviation += (Math.abs(milliseconds - this.#mean) - this.#deviation) / 4
    this.#mean += (milliseconds - this.#mean) / 8
  }

  /** How long to wait for an answer, after so many misses in a row: twice as long after one, four times after more. */
  timeout(misses: number): number {
    const base = this.#mean === undefined ? initial : this.#mean + 4 * this.#deviation
    return Math.min(most, Math.max(least, base) * 2 ** Math.min(misses, 2))
  }
}
