/** How far behind the newest sequence number one may still be told apart from a repetition. */
export const windowSize = 4096

/** The size while an origin's messages arrive one by one, which is nearly always: two words instead of an array of 128. */
const smallSize = 64

const allSeen = -1

/**
 * Which sequence numbers of one origin were seen: the newest, and a bit for each of those before it. A number that has left the window counts as seen.
 */
export class SequenceWindow {
  #newest = 0
  /** The bits of a small window. */
  #low = 0
  #high = 0
  /** Those of a large one. */
  #bits: Uint32Array | undefined
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
    return behind >= 0 && (behind >= this.#size || this.#has(sequence))
  }

  /** Counts all numbers up to this one as seen. Only for a window that has seen nothing. */
  startAfter(sequence: number): void {
    this.#newest = sequence
    this.#low = this.#high = allSeen
  }

  get #size(): number {
    return this.#bits === undefined ? smallSize : windowSize
  }

  #advance(sequence: number): void {
    const previous = this.#newest
    this.#newest = sequence
    if (sequence - previous >= this.#size) {
      this.#low = this.#high = 0
      this.#bits?.fill(0)
    } else for (let between = previous + 1; between < sequence; between++) this.#unmark(between)
  }

  /** To full size. What the small window has forgotten was seen, for until now the numbers came one by one. */
  #grow(): void {
    if (this.#bits !== undefined) return
    const unseen: number[] = []
    for (let sequence = Math.max(this.#newest - smallSize + 1, 0); sequence <= this.#newest; sequence++) {
      if (!this.#has(sequence)) unseen.push(sequence)
    }
    this.#bits = new Uint32Array(windowSize / 32).fill(allSeen)
    for (const sequence of unseen) this.#unmark(sequence)
  }

  #has(sequence: number): boolean {
    const slot = sequence % this.#size
    return ((this.#word(slot) >>> (slot & 31)) & 1) === 1
  }

  #mark(sequence: number): void {
    const slot = sequence % this.#size
    this.#setWord(slot, this.#word(slot) | (1 << (slot & 31)))
  }

  #unmark(sequence: number): void {
    const slot = sequence % this.#size
    this.#setWord(slot, this.#word(slot) & ~(1 << (slot & 31)))
  }

  /** The 32 bits among which a slot's is. */
  #word(slot: number): number {
    if (this.#bits !== undefined) return this.#bits[slot >>> 5] as number
    return slot < 32 ? this.#low : this.#high
  }

  #setWord(slot: number, word: number): void {
    if (this.#bits !== undefined) this.#bits[slot >>> 5] = word
    else if (slot < 32) this.#low = word
    else this.#high = word
  }
}
