const double = new Float64Array(1)
const halves = new Int32Array(double.buffer)

/**
 * A fingerprint of all that happened in a run, in order: two runs with the same digest were the same run. Two 32-bit lanes over 32-bit words,
 * FNV-1a and the rotate-xor-multiply of Firefox's hash tables, because that costs a few nanoseconds a word. It is no defence against forgery.
 */
export class EventHash {
  #low = 0x811c9dc5 | 0
  #high = 0

  /** Takes in a 32-bit integer. */
  word(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193)
    this.#high = Math.imul(((this.#high << 5) | (this.#high >>> 27)) ^ word, 0x9e3779b9)
  }

  /** Takes in any number, bit for bit. */
  number(number: number): void {
    double[0] = number
    this.word(halves[0] as number)
    this.word(halves[1] as number)
  }

  /** Takes in a text. */
  text(text: string): void {
    this.word(text.length)
    for (let index = 0; index < text.length; index++) this.word(text.charCodeAt(index))
  }

  /** Takes in `length` bytes, given as the words that hold them from index `from` on. */
  bytes(words: Uint32Array, from: number, length: number): void {
    let low = this.#low ^ length
    let high = this.#high
    const end = from + (length >>> 2)
    for (let index = from; index < end; index++) {
      const word = words[index] as number
      low = Math.imul(low ^ word, 0x01000193)
      high = Math.imul(((high << 5) | (high >>> 27)) ^ word, 0x9e3779b9)
    }
    this.#low = low
    this.#high = high
    const rest = length & 3
    // what lies behind the last byte in its word is not ours
    if (rest > 0) this.word((words[end] as number) & ((1 << (rest * 8)) - 1))
  }

  /** The fingerprint so far: 16 hexadecimal digits. */
  get digest(): string {
    const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0')
    return hex(this.#high) + hex(this.#low)
  }
}
