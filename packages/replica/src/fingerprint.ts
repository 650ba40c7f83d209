import { hexToBytes } from '@noble/hashes/utils.js'
import { type Hash, hashLength } from './hash.ts'

const words = hashLength / 4

/**
 * One small value for a whole set of entries: the sum of their hashes modulo 2^128. The order does not matter, adding and taking away is
 * incremental, and equal fingerprints mean equal sets unless somebody looked for a collision on purpose.
 */
export class Fingerprint {
  // Least significant word last, as the digits of a hash.
  readonly #sum = new Uint32Array(words)

  /** Takes an entry in. */
  add(hash: Hash): void {
    let carry = 0
    for (let word = words - 1; word >= 0; word--) {
      const total = (this.#sum[word] as number) + digits(hash, word) + carry
      this.#sum[word] = total
      carry = total > 0xffffffff ? 1 : 0
    }
  }

  /** Takes an entry out that was added before. */
  subtract(hash: Hash): void {
    let borrow = 0
    for (let word = words - 1; word >= 0; word--) {
      const total = (this.#sum[word] as number) - digits(hash, word) - borrow
      this.#sum[word] = total
      borrow = total < 0 ? 1 : 0
    }
  }

  /** The sum as 32 hexadecimal digits; all zero for the empty set. */
  toString(): Hash {
    let text = ''
    for (const word of this.#sum) text += word.toString(16).padStart(8, '0')
    return text
  }

  /** The sum as 16 bytes. */
  toBytes(): Uint8Array {
    return hexToBytes(this.toString())
  }
}

const digits = (hash: Hash, word: number) => parseInt(hash.slice(word * 8, word * 8 + 8), 16)
