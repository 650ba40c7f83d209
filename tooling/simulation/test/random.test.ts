import { SeededRandom } from '@p2p/simulation'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const u64 = (value: bigint) => BigInt.asUintN(64, value)
const u32 = (value: bigint) => BigInt.asUintN(32, value)

// The published definitions, word for word in big integers.
const splitMix64 = function* (seed: bigint): Generator<bigint> {
  let state = seed
  for (;;) {
    state = u64(state + 0x9e3779b97f4a7c15n)
    let z = state
    z = u64((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n)
    z = u64((z ^ (z >> 27n)) * 0x94d049bb133111ebn)
    yield z ^ (z >> 31n)
  }
}
const xoshiro128 = function* (s: [bigint, bigint, bigint, bigint]): Generator<bigint> {
  const rotl = (x: bigint, k: bigint) => u32((x << k) | (x >> (32n - k)))
  for (;;) {
    yield u32(rotl(u32(s[1] * 5n), 7n) * 9n)
    const t = u32(s[1] << 9n)
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= t
    s[3] = rotl(s[3], 11n)
  }
}
const take = (values: Iterable<bigint>, count: number): bigint[] => {
  const taken: bigint[] = []
  for (const value of values) if (taken.push(value) === count) break
  return taken
}
const model = (seed: bigint) => {
  const [low, high] = take(splitMix64(seed), 2) as [bigint, bigint]
  return xoshiro128([u32(low), low >> 32n, u32(high), high >> 32n])
}

describe('the model of these tests', () => {
  it('is SplitMix64, by its published first outputs for seed 1234567', () => {
    expect(take(splitMix64(1234567n), 3)).toEqual([
      6457827717110365317n,
      3203168211198807973n,
      9817491932198370423n,
    ])
  })

  it('is xoshiro128**, by its published first outputs for state 1 2 3 4', () => {
    expect(take(xoshiro128([1n, 2n, 3n, 4n]), 6)).toEqual([
      11520n,
      0n,
      5927040n,
      70819200n,
      2031721883n,
      1637235492n,
    ])
  })
})

describe('SeededRandom', () => {
  it('throws what xoshiro128** throws when it is seeded by SplitMix64', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), seed => {
        const random = new SeededRandom(seed)
        const words = Array.from({ length: 50 }, () => BigInt(random.word() >>> 0))
        expect(words).toEqual(take(model(seed), 50))
      }),
    )
  })

  it('takes an integer, a bigint and a text as a seed', () => {
    expect(new SeededRandom(7).next()).toBe(new SeededRandom(7n).next())
    // FNV-1a, 64 bits, of "foobar" as its authors publish it
    expect(new SeededRandom('foobar').next()).toBe(new SeededRandom(0x85944171f73967e8n).next())
    expect(new SeededRandom(7).next()).not.toBe(new SeededRandom('7').next())
    expect(() => new SeededRandom(0.5)).toThrow(RangeError)
  })

  it('gives the same fork for the same label, whatever was thrown and forked before', () => {
    const one = new SeededRandom(1)
    const other = new SeededRandom(1)
    other.next()
    other.fork('noise').next()
    expect(other.fork('a').next()).toBe(one.fork('a').next())
    expect(one.fork('a').next()).not.toBe(one.fork('b').next())
    expect(one.fork('a').next()).not.toBe(new SeededRandom(2).fork('a').next())
    expect(one.fork('a').fork('b').next()).not.toBe(one.fork('b').fork('a').next())
  })

  it('spreads evenly over [0, 1), and over the integers below n', () => {
    const random = new SeededRandom('even')
    const counts = new Array<number>(10).fill(0)
    let outside = 0
    for (let index = 0; index < 100_000; index++) {
      const number = random.next()
      if (number < 0 || number >= 1) outside += 1
      const digit = random.integer(10)
      counts[digit] = (counts[digit] ?? 0) + 1
    }
    expect(outside).toBe(0)
    // Chi-squared with 9 degrees of freedom is above 27.9 once in a thousand seeds.
    const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
    expect(chiSquared).toBeLessThan(27.9)
    expect(() => random.integer(0)).toThrow(RangeError)
  })

  it('has waiting times of the mean that was asked for', () => {
    const random = new SeededRandom('mean')
    let sum = 0
    for (let index = 0; index < 100_000; index++) sum += random.exponential(20)
    // five standard deviations of the mean: 5 · 20 / √100000
    expect(Math.abs(sum / 100_000 - 20)).toBeLessThan(0.32)
  })

  it('shuffles into every order, and leaves the original alone', () => {
    const random = new SeededRandom('shuffle')
    const orders = new Set<string>()
    const items = ['a', 'b', 'c', 'd']
    for (let index = 0; index < 1000; index++) orders.add(random.shuffle(items).join(''))
    expect(orders.size).toBe(24)
    expect(items).toEqual(['a', 'b', 'c', 'd'])
    expect(items).toContain(random.pick(items))
    expect(() => random.pick([])).toThrow(RangeError)
  })

  it('never throws what has no chance, and always what is certain', () => {
    const random = new SeededRandom('chance')
    for (let index = 0; index < 1000; index++) {
      expect(random.chance(0)).toBe(false)
      expect(random.chance(1)).toBe(true)
      const number = random.between(3, 5)
      expect(number >= 3 && number < 5).toBe(true)
    }
  })

  it('fills bytes from the same words, little-endian', () => {
    const words = new SeededRandom(9)
    const expected = new Uint8Array(8)
    const view = new DataView(expected.buffer)
    view.setInt32(0, words.word(), true)
    view.setInt32(4, words.word(), true)
    expect(new SeededRandom(9).fill(new Uint8Array(7))).toEqual(expected.subarray(0, 7))
  })
})
