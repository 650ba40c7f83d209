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
  private slab: Slab | undefined
  private readonly pool: SlabPool

  constructor(pool: SlabPool) {
    this.pool = pool
  }

  /** What has arrived, from offset 0 to `length`. Other memory after the next `append`. */
  get bytes(): Uint8Array {
    return this.slab?.bytes ?? nothing
  }

  /**
   * Copies the range `start … end` of `chunk` behind what is here.
   *
   * @param expected bytes that there will be in the end, so that above the pool's sizes memory does not grow beyond it
   */
  append(chunk: Uint8Array, start: number, end: number, expected: number): void {
    const before = this.length
    const after = before + end - start
    let slab = this.slab
    if (slab === undefined || slab.bytes.length < after) slab = this.grow(after, expected)
    const bytes = slab.bytes
    if (end - start < 16) {
      // for so few bytes a call of `set` costs more than the copying
      for (let from = start, to = before; from < end; from++, to++) bytes[to] = chunk[from] ?? 0
    } else {
      bytes.set(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end), before)
    }
    this.length = after
  }

  /** Gives the memory back: an idle decoder holds none. */
  clear(): void {
    this.length = 0
    if (this.slab === undefined) return
    this.slab.release()
    this.slab = undefined
  }

  private grow(least: number, expected: number): Slab {
    // The pool rounds up to a power of four. Above its sizes it does not, so there twice the need is asked for, or growing would be quadratic.
    const wanted = least > 2 ** 20 ? Math.max(least, Math.min(2 * least, expected)) : least
    const grown = this.pool.take(wanted)
    if (this.slab !== undefined) {
      grown.bytes.set(this.slab.bytes.subarray(0, this.length))
      this.slab.release()
    }
    this.slab = grown
    return grown
  }
}

const nothing = new Uint8Array(0)
