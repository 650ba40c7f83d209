import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fingerprint, type Stamp, coversEntry, joinVectors, plainWrite } from '../src/index.ts'

// Hashes with many ones and zeros, so that carries and borrows run through all words.
const digit = fc.constantFrom('0', 'f', 'f', '8', '1')
const hashes = fc.array(fc.string({ unit: digit, minLength: 32, maxLength: 32 }), { maxLength: 20 })
const sum = (list: readonly string[]) =>
  (list.reduce((total, hash) => total + BigInt(`0x${hash}`), 0n) % (1n << 128n))
    .toString(16)
    .padStart(32, '0')

describe('a fingerprint', () => {
  it('is the sum of the hashes modulo 2^128', () => {
    fc.assert(
      fc.property(hashes, list => {
        const fingerprint = new Fingerprint()
        for (const hash of list) fingerprint.add(hash)
        expect(fingerprint.toString()).toBe(sum(list))
        expect(Buffer.from(fingerprint.toBytes()).toString('hex')).toBe(sum(list))
      }),
    )
  })

  it('forgets what is taken out', () => {
    fc.assert(
      fc.property(hashes, hashes, (stay, go) => {
        const fingerprint = new Fingerprint()
        for (const hash of [...go, ...stay]) fingerprint.add(hash)
        for (const hash of go) fingerprint.subtract(hash)
        expect(fingerprint.toString()).toBe(sum(stay))
      }),
    )
  })
})

describe('a version vector', () => {
  const stamp = (time: number): Stamp => ({ time, count: 0 })
  const write = (owner: string, time: number) => plainWrite(owner, stamp(time), 'held', 1)

  it('covers what is not above it, owner by owner, and nothing of an owner that it does not name', () => {
    const vector = new Map([['ann', stamp(5)]])
    const entry = (base: ReturnType<typeof write> | undefined, ...fields: ReturnType<typeof write>[]) => ({
      key: 'k',
      base,
      fields: fields.length === 0 ? undefined : new Map(fields.map((field, index) => [`f${index}`, field])),
    })
    expect(coversEntry(vector, entry(write('ann', 5)))).toBe(true)
    expect(coversEntry(vector, entry(write('ann', 6)))).toBe(false)
    expect(coversEntry(vector, entry(write('bob', 1)))).toBe(false)
    expect(coversEntry(vector, entry(write('ann', 2), write('ann', 3)))).toBe(true)
    expect(coversEntry(vector, entry(write('ann', 2), write('ann', 6)))).toBe(false)
    expect(coversEntry(vector, entry(undefined, write('bob', 1)))).toBe(false)
  })

  it('joins to the higher counter of each owner and changes neither', () => {
    const mine = new Map([
      ['ann', stamp(5)],
      ['bob', stamp(1)],
    ])
    const theirs = new Map([
      ['ann', stamp(3)],
      ['bob', stamp(2)],
      ['cyd', stamp(9)],
    ])
    expect(joinVectors(mine, theirs)).toEqual(
      new Map([
        ['ann', stamp(5)],
        ['bob', stamp(2)],
        ['cyd', stamp(9)],
      ]),
    )
    expect(mine.get('bob')).toEqual(stamp(1))
  })
})
