import { describe, expect, it } from 'vitest'

import { SlabPool } from '../src/index.ts'

describe('a slab pool', () => {
  it('lends the smallest of its sizes that will do, and exactly what is asked for above them', () => {
    const pool = new SlabPool()
    const sizes = [0, 1, 4096, 4097, 16_384, 16_385, 65_537, 262_145, 1_048_576, 1_048_577, 3_000_000]
    expect(sizes.map(size => pool.take(size).bytes.length)).toEqual([
      4096, 4096, 4096, 16_384, 16_384, 65_536, 262_144, 1_048_576, 1_048_576, 1_048_577, 3_000_000,
    ])
  })

  it('lends the same memory again once its last user has released it', () => {
    const pool = new SlabPool()
    const slab = pool.take(100)
    slab.retain()
    slab.release()
    expect(pool.free).toBe(0)
    expect(pool.take(100).bytes).not.toBe(slab.bytes)
    slab.release()
    expect(pool.free).toBe(4096)
    expect(pool.take(100).bytes).toBe(slab.bytes)
    expect(pool.free).toBe(0)
  })

  it('keeps no more free memory than its capacity, and no slab above its sizes', () => {
    const pool = new SlabPool(10_000)
    const slabs = [1, 1, 1, 9000, 2_000_000].map(size => pool.take(size))
    for (const { release } of slabs) release()
    expect(pool.free).toBe(8192)
    expect(new SlabPool().capacity).toBe(4 * 2 ** 20)
  })

  it('does not lend a slab to two when it is released once too often', () => {
    const pool = new SlabPool()
    const { release } = pool.take(1)
    release()
    release()
    const [one, other] = [pool.take(1), pool.take(1)]
    expect(one.bytes).not.toBe(other.bytes)
    one.release()
    other.release()
    expect(pool.free).toBe(8192)
  })
})
