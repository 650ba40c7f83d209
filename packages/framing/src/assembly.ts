import { type Slab, type SlabPool } from './slab-pool.ts'

/**
 * Puts together what arrives in pieces.
 *
 * Memory follows the bytes that have arrived, never a length that was announced: it is 4 KiB, or less than four times what has arrived.
 * The copying that this costs stays below a third of the bytes, and a long frame is not paid for by a peer that only announces it.
 */
export class Assembly {
  /** Bytes that have arrived. */
  length = 0
  /** What has arrived, from offset 0 to `length`. Other memory after the next {@link append}. */
  bytes: Uint8Array = nothing
  /** So many bytes can be {@link add}ed: there is memory for them, and one more is expected. Negative where nothing has arrived. */
  spare = -1
  private slab: Slab | undefined
  private readonly pool: SlabPool

  constructor(pool: SlabPool) {
    this.pool = pool
  }

  /**
   * Copies the range `start … end` of `chunk` behind what is here.
   *
   * @param expected bytes that there will be in the end, so that above the pool's sizes memory does not grow beyond it
   */
  append(chunk: Uint8Array, start: number, end: number, expected: number): void {
    const after = this.length + end - start
    if (this.bytes.length < after) this.grow(after, expected)
    this.spare = Math.min(this.bytes.length, expected - 1) - this.length
    this.add(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end))
  }

  /** Copies a chunk of at most `spare` bytes behind what is here. */
  add(chunk: Uint8Array): void {
    const { bytes, length } = this
    const count = chunk.length
    // for so few bytes a call of `set` costs more than the copying
    if (count < 8) for (let at = 0; at < count; at++) bytes[length + at] = chunk[at] as number
    else bytes.set(chunk, length)
    this.length = length + count
    this.spare -= count
  }

  /** Gives the memory back: an idle decoder holds none. */
  clear(): void {
    this.length = 0
    this.spare = -1
    this.bytes = nothing
    this.slab?.release()
    this.slab = undefined
  }

  private grow(least: number, expected: number): void {
    // The pool rounds up to a power of four. Above its sizes it does not, so there twice the need is asked for, or growing would be quadratic.
    const wanted = least > 2 ** 20 ? Math.max(least, Math.min(2 * least, expected)) : least
    const grown = this.pool.take(wanted)
    grown.bytes.set(this.bytes.subarray(0, this.length))
    this.slab?.release()
    this.slab = grown
    this.bytes = grown.bytes
  }
}

const nothing = new Uint8Array(0)
