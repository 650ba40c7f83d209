import { type Slab, SlabPool } from '../src/index.ts'

/** A pool that knows what was taken and what is still out. */
export class LentSlabs extends SlabPool {
  /** Bytes in slabs that were taken and not given back. */
  lent = 0
  /** The size of each slab taken, in order. */
  readonly taken: number[] = []

  override take(length: number): Slab {
    const slab = super.take(length)
    const { bytes } = slab
    let users = 1
    this.lent += bytes.length
    this.taken.push(bytes.length)
    return {
      bytes,
      retain: () => {
        users++
        slab.retain()
      },
      release: () => {
        users--
        if (users < 0) throw new Error('a slab was released once too often')
        if (users === 0) this.lent -= bytes.length
        slab.release()
      },
    }
  }
}
