import type { Random } from '@p2p/interfaces'

const bits64 = (value: bigint): bigint => BigInt.asUintN(64, value)

/** SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): turns any seed, also 0 and 1, into well mixed words. */
const mix = (state: bigint): bigint => {
  let z = state
  z = bits64((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n)
  z = bits64((z ^ (z >> 27n)) * 0x94d049bb133111ebn)
  return z ^ (z >> 31n)
}
const gamma = 0x9e3779b97f4a7c15n

/** FNV-1a, 64 bits, over the text as UTF-8 (draft-eastlake-fnv). */
const hash = (text: string, basis = 0xcbf29ce484222325n): bigint => {
  let state = basis
  for (const byte of encoder.encode(text)) state = bits64((state ^ BigInt(byte)) * 0x100000001b3n)
  return state
}
const encoder = new TextEncoder()

/**
 * Dice that replay: the same seed gives the same throws on every machine.
 *
 * The generator is xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018): period 2^128 − 1, four
 * 32-bit words of state, which is what JavaScript computes fastest. Its state comes from the seed by SplitMix64. None of it is secret:
 * never use it outside of tests and simulations.
 */
export class SeededRandom implements Random {
  /** What it was made from. `new SeededRandom(random.seed)` throws the same again. */
  readonly seed: number | string | bigint
  readonly #origin: bigint
  #a: number
  #b: number
  #c: number
  #d: number

  /**
   * @param seed an integer (its lowest 64 bits count) or a text
   * @throws `RangeError` for a number that is not a safe integer
   */
  constructor(seed: number | string | bigint) {
    if (typeof seed === 'number' && !Number.isSafeInteger(seed)) {
      throw new RangeError(`a seed is a safe integer, a bigint or a text, not ${seed}`)
    }
    this.seed = seed
    this.#origin = typeof seed === 'string' ? hash(seed) : bits64(BigInt(seed))
    const low = mix(bits64(this.#origin + gamma))
    const high = mix(bits64(this.#origin + gamma * 2n))
    this.#a = Number(BigInt.asIntN(32, low))
    this.#b = Number(BigInt.asIntN(32, low >> 32n))
    this.#c = Number(BigInt.asIntN(32, high))
    this.#d = Number(BigInt.asIntN(32, high >> 32n))
  }

  /**
   * Dice of their own for one consumer. They follow from this seed and the label alone, not from what was thrown so far, so that one
   * consumer more does not change what the others get. The same label gives the same dice.
   */
  fork(label: string): SeededRandom {
    return new SeededRandom(hash(label, mix(this.#origin)))
  }

  /** 32 random bits as a signed integer: what all the others are made of. */
  word(): number {
    const b = this.#b
    const five = Math.imul(b, 5)
    const result = Math.imul((five << 7) | (five >>> 25), 9)
    const c = this.#c ^ this.#a
    const d = this.#d ^ b
    this.#b = b ^ c
    this.#a ^= d
    this.#c = c ^ (b << 9)
    this.#d = (d << 11) | (d >>> 21)
    return result
  }

  /** A number in [0, 1) with 53 random bits. */
  next(): number {
    const high = this.word() >>> 5
    return (high * 0x4000000 + (this.word() >>> 6)) / 0x20000000000000
  }

  fill(bytes: Uint8Array): Uint8Array {
    let word = 0
    for (let index = 0; index < bytes.length; index++) {
      word = (index & 3) === 0 ? this.word() : word >>> 8
      bytes[index] = word
    }
    return bytes
  }

  /** An integer in [0, n). The bias is below n · 2^−53. @throws `RangeError` unless n is a positive safe integer */
  integer(n: number): number {
    if (!Number.isSafeInteger(n) || n < 1) throw new RangeError(`no integer is in [0, ${n})`)
    return Math.floor(this.next() * n)
  }

  /** A number in [min, max). */
  between(min: number, max: number): number {
    return min + this.next() * (max - min)
  }

  /** `true` with probability p: never for 0, always for 1. */
  chance(p: number): boolean {
    return this.next() < p
  }

  /** A waiting time of this mean, for events that do not know of each other. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next())
  }

  /** One of the items. @throws `RangeError` if there is none */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(items.length)] as T
  }

  /** The items in random order (Fisher and Yates), as a new array. */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items]
    for (let end = shuffled.length - 1; end > 0; end--) {
      const other = this.integer(end + 1)
      const item = shuffled[end] as T
      shuffled[end] = shuffled[other] as T
      shuffled[other] = item
    }
    return shuffled
  }
}
