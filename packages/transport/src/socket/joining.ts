/**
 * So much is joined, in bytes: two frames of 64 KiB. While one write of that size is on its way the next is encrypted; the whole queue in one
 * write was a tenth slower, and a frame in each as well.
 */
const share = 131_072
/** As long as a buffer is: the share, and a chunk with which it ends. */
const longest = 2 * share
/** Buffers that are kept for the next write. */
const spares = 2

/**
 * Joins chunks before they are written to a socket of TLS. Node.js encrypts one buffer where it lies, but copies several together into fresh
 * memory first: a page fault for every four kilobytes. Here the memory is used again, and the chunks can be released at once.
 */
export class Joining {
  readonly #spare: Uint8Array<ArrayBuffer>[] = []

  /** How many of these chunks, from the first on, are to be written together. The first always is. */
  fitting(chunks: readonly Uint8Array[]): number {
    let bytes = 0
    let count = 0
    for (const { length } of chunks) {
      if (count > 0 && (bytes >= share || bytes + length > longest)) break
      bytes += length
      count++
    }
    return count
  }

  /** A buffer with chunks that fit. It is to be given back. */
  join(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
    const whole = this.#spare.pop() ?? new Uint8Array(longest)
    let offset = 0
    for (const chunk of chunks) {
      whole.set(chunk, offset)
      offset += chunk.length
    }
    return whole.subarray(0, offset)
  }

  /** Takes the memory of a buffer back. */
  giveBack(joined: Uint8Array<ArrayBuffer>): void {
    if (this.#spare.length < spares) this.#spare.push(new Uint8Array(joined.buffer))
  }
}
