/** Bytes that are allocated at once. */
const slabLength = 16 * 1024

/** Longer ones get memory of their own. */
const longestShared = 2 * 1024

/**
 * Memory for many short messages. An `ArrayBuffer` for each costs more than the message (measured); here they share slabs. What was taken is never given to
 * anybody else, so it may be kept: then its slab is kept, too. So what is kept and what is not have pools of their own.
 */
export class BytePool {
  #slab = new Uint8Array(0)
  #used = 0

  /** This many zero bytes. */
  take(length: number): Uint8Array {
    if (length > longestShared) return new Uint8Array(length)
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Uint8Array(slabLength)
      this.#used = 0
    }
    const from = this.#used
    this.#used += length
    return this.#slab.subarray(from, this.#used)
  }

  /** A copy of a part of these bytes. */
  copy(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const copy = this.take(end - start)
    // A view costs as much as the copy of so few bytes, and the whole is nearly always larger than the part
    if (end - start <= 256) for (let at = start; at < end; at++) copy[at - start] = bytes[at] as number
    else copy.set(bytes.subarray(start, end))
    return copy
  }
}
