import { createHash } from 'node:crypto'

/** Numbers in [0, 1) that are the same for the same seed: the first 32 bits of SHA-256 of the seed and a counter. */
export class Dice {
  readonly #seed: string
  #throws = 0

  constructor(seed: string) {
    this.#seed = seed
  }

  next(): number {
    const digest = createHash('sha256').update(`${this.#seed} ${this.#throws++}`).digest()
    return digest.readUInt32BE(0) / 2 ** 32
  }

  /** A number in [least, most). */
  between(least: number, most: number): number {
    return least + this.next() * (most - least)
  }

  /** One of several, of which there is at least one. */
  pick<T>(among: readonly [T, ...T[]]): T {
    return among[Math.floor(this.next() * among.length)] ?? among[0]
  }
}
