/** How far behind the newest sequence number one may still be told apart from a repetition. */
export const windowSize = 4096

/** The size while an origin's messages arrive one by one, which is nearly always: 8 bytes instead of 512. */
const smallSize = 64

/**
 * Which sequence numbers of one origin were seen: the newest, and a bit for each of those before it. A number that has left the window counts as seen.
 */
export class SequenceWindow {
  #newest = 0
  #bits = new Uint32Array(smallSize / 32)
  /** A small window may have holes while all numbers fit into it: the first that came was not number 1. */
  #holed = false

  /** The greatest number seen, 0 if none. */
  get newest(): number {
    return this.#newest
  }

  /** @returns whether the number, 1 or more, is new; it is marked as seen. */
  add(sequence: number): boolean {
    const ahead = sequence - this.#newest
    if (ahead > 0) {
      if (this.#newest === 0 && sequence < smallSize) this.#holed = true
      else if (ahead > 1 || (this.#holed && sequence >= smallSize)) this.#grow()
      this.#advance(sequence)
    } else {
      // A window is small only while it has forgotten nothing that was not seen
      if (this.has(sequence)) return false
    }
    this.#mark(sequence)
    return true
  }

  /** Whether the number was seen, or is so old that it counts as seen. */
  has(sequence: number): boolean {
    const behind = this.#newest - sequence
    return behind >= 0 && (behind >= this.#bits.length * 32 || this.#has(sequence))
  }

  /** Counts all numbers up to this one as seen. Only for a window that has seen nothing. */
  startAfter(sequence: number): void {
    this.#newest = sequence
    this.#bits.fill(0xffffffff)
  }

  #advance(sequence: number): void {
    const previous = this.#newest
    this.#newest = sequence
    if (sequence - previous >= this.#bits.length * 32) this.#bits.fill(0)
    else for (let between = previous + 1; between < sequence; between++) this.#unmark(between)
  }

  /** To full size. What the small window has forgotten was seen, for until now the numbers came one by one. */
  #grow(): void {
    const old = this.#bits
    if (old.length * 32 === windowSize) return
    this.#bits = new Uint32Array(windowSize / 32).fill(0xffffffff)
    for (let sequence = Math.max(this.#newest - smallSize + 1, 0); sequence <= this.#newest; sequence++) {
      const slot = sequence % smallSize
      const seen = ((old[slot >>> 5] as number) >>> (slot & 31)) & 1
      if (seen === 0) this.#unmark(sequence)
    }
  }

  #has(sequence: number): boolean {
    const slot = sequence % (this.#bits.length * 32)
    return (((this.#bits[slot >>> 5] as number) >>> (slot & 31)) & 1) === 1
  }

  #mark(sequence: number): void {
    const slot = sequence % (this.#bits.length * 32)
    this.#bits[slot >>> 5] = (this.#bits[slot >>> 5] as number) | (1 << (slot & 31))
  }

  #unmark(sequence: number): void {
    const slot = sequence % (this.#bits.length * 32)
    this.#bits[slot >>> 5] = (this.#bits[slot >>> 5] as number) & ~(1 << (slot & 31))
  }
}
