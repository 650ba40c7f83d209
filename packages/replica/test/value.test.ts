import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Value,
  copyValue,
  encodeCanonical,
  equalValues,
  hasBytes,
  hashEntry,
  ownValue,
  plainWrite,
  textSize,
  valueSize,
} from '../src/index.ts'
import { texts, values } from './arbitraries.ts'

const own = (input: unknown, limit = 1_000_000) => ownValue(input, limit)
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('a value of the replica', () => {
  it('equals what was given', () => {
    fc.assert(
      fc.property(values, value => {
        expect(own(value)).toEqual(value)
      }),
    )
  })

  it('is out of the reach of the one who gave it', () => {
    const input = { list: [1, { deep: 'x' }], bytes: new Uint8Array([1, 2]) }
    const value = own(input)
    input.list.push(3)
    input.bytes[0] = 9
    expect(value).toEqual({ list: [1, { deep: 'x' }], bytes: new Uint8Array([1, 2]) })
  })

  it('is frozen at every level', () => {
    const value = own({ list: [1, { deep: 'x' }] }) as { list: [number, { deep: string }] }
    expect(() => (value.list[1].deep = 'y')).toThrow(TypeError)
    expect(() => value.list.push(1)).toThrow(TypeError)
    expect(() => Object.assign(value, { more: 1 })).toThrow(TypeError)
  })

  it('is copied with byte arrays of its own', () => {
    const value = ownValue({ bytes: Buffer.from([1, 2]) }, 100)
    const copy = copyValue(value) as { bytes: Uint8Array }
    copy.bytes[0] = 9
    expect([hasBytes(value), hasBytes(['x', { a: 1 }])]).toEqual([true, false])
    expect(value).toEqual({ bytes: new Uint8Array([1, 2]) })
    expect(Object.getPrototypeOf(copy.bytes)).toBe(Uint8Array.prototype)
  })

  it.each([
    ['undefined', undefined],
    ['a hole in an array', [1, , 2]],
    ['an undefined member', { a: undefined }],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a bigint of 65 bits', 2n ** 64n],
    ['a negative bigint of 65 bits', -(2n ** 63n) - 1n],
    ['a date', new Date(0)],
    ['a Map', new Map()],
    ['an instance of a class', new URL('x:y')],
    ['a lone surrogate', 'a\ud800'],
    ['a lone surrogate in front of text', '\udc00a'],
    ['a lone surrogate in a name', { '\ud800': 1 }],
    ['the name __proto__', JSON.parse('{"__proto__": 1}')],
    ['another kind of typed array', new Float64Array(1)],
  ])('is not %s', (_, input) => {
    expect(() => own(input)).toThrow(TypeError)
  })

  it('is at most 32 levels deep, so a cycle is refused', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])
    const cycle: unknown[] = []
    cycle.push(cycle)
    expect(own(nested(32))).toEqual(nested(32))
    expect(() => own(nested(33))).toThrow(TypeError)
    expect(() => own(cycle)).toThrow(TypeError)
  })

  it('is refused above the limit before it is walked to the end', () => {
    let read = 0
    const endless = new Proxy<unknown[]>(new Array(50), {
      get: (target, name) => (name === 'length' ? 50 : (read++, 'x'.repeat(100))),
    })
    expect(() => own(endless, 500)).toThrow(expect.objectContaining({ code: 'P2P_VALUE_TOO_LARGE' }))
    expect(read).toBeLessThan(6)
    expect(() => own(new Array(1_000_000), 500)).toThrow(
      expect.objectContaining({ code: 'P2P_VALUE_TOO_LARGE' }),
    )
  })

  it('has no negative zero, which some codecs lose', () => {
    expect(Object.is(own(-0), 0)).toBe(true)
    expect(Object.is((own([-0]) as number[])[0], 0)).toBe(true)
  })
})

describe('the size of a value', () => {
  it('is what decides whether a value is within the limit', () => {
    fc.assert(
      fc.property(values, value => {
        const size = valueSize(value)
        expect(ownValue(value, size)).toEqual(value)
        expect(() => ownValue(value, size - 1)).toThrow(
          expect.objectContaining({ code: 'P2P_VALUE_TOO_LARGE' }),
        )
      }),
    )
  })
})

describe('the size of text', () => {
  it('is that of its UTF-8', () => {
    fc.assert(
      fc.property(texts, text => {
        expect(textSize(text)).toBe(Buffer.byteLength(text))
      }),
    )
  })
})

describe('the canonical encoding', () => {
  it.each<[Value, string]>([
    [null, '00'],
    [false, '01'],
    [true, '02'],
    [1, '033ff0000000000000'],
    [NaN, '037ff8000000000000'],
    ['hé', '040000000368c3a9'],
    [2n ** 64n - 1n, '0800ffffffffffffffff'],
    [-(2n ** 63n), '08018000000000000000'],
    [new Uint8Array([255, 0]), '0500000002ff00'],
    [[null, []], '0600000002000600000000'],
    [{ b: true, a: false }, '07000000020400000001610104000000016202'],
  ])('of %o is %s', (value, expected) => {
    expect(hex(encodeCanonical(value))).toBe(expected)
  })

  it('is the same exactly for equal values', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(hex(encodeCanonical(a)) === hex(encodeCanonical(b))).toBe(equalValues(a, b))
        expect(equalValues(a, structuredClone(a))).toBe(true)
      }),
    )
  })

  it('is what the hash of an entry is made of', () => {
    const base = plainWrite('ann', { time: 7, count: 1 }, 'held', 'v')
    const fields = new Map([['f', plainWrite('bob', { time: 8, count: 0 }, 'held', 1)]])
    const canon = encodeCanonical(['k', ['ann', 7, 1, 0, 'v'], [['f', ['bob', 8, 0, 0, 1]]]])
    expect(hashEntry({ key: 'k', base, fields })).toBe(hex(sha256(canon)).slice(0, 32))
    const leased = {
      ...base,
      epoch: 3,
      start: { time: 6, count: 2 },
      state: 'deleted' as const,
      value: undefined,
    }
    const leasedCanon = encodeCanonical(['k', [3, 6, 2, 'ann', 7, 1, 2, null]])
    expect(hashEntry({ key: 'k', base: leased, fields: undefined })).toBe(
      hex(sha256(leasedCanon)).slice(0, 32),
    )
  })
})
