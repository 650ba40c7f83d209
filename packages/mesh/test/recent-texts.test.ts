import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecentTexts } from '../src/wire/recent-texts.ts'

const decode = (bytes: Uint8Array, at: number, length: number) =>
  Buffer.from(bytes.subarray(at, at + length)).toString('latin1')

/** Few different bytes, so that runs repeat, share slots, and begin alike. */
const run = fc.uint8Array({ max: 2, maxLength: 70 })

describe('recent texts', () => {
  it('are what the bytes say, whatever was asked for before, and wherever they stand', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(run, fc.nat(9))), asked => {
        const texts = new RecentTexts(decode)
        for (const [bytes, before] of asked) {
          const message = new Uint8Array(before + bytes.length + 3).fill(1)
          message.set(bytes, before)
          expect(texts.of(message, before, bytes.length)).toBe(decode(bytes, 0, bytes.length))
        }
      }),
    )
  })

  it('are made once, and made anew after bytes that could not be decoded', () => {
    let made = 0
    const texts = new RecentTexts((bytes, at, length) => {
      made++
      if (bytes[at] === 0) throw new Error('not a text')
      return decode(bytes, at, length)
    })
    const ask = (...bytes: number[]) => texts.of(Uint8Array.from(bytes), 0, bytes.length)
    for (let time = 0; time < 3; time++) expect(ask(65, 66, 67)).toBe('ABC')
    expect(made).toBe(1)
    for (let time = 0; time < 2; time++) expect(() => ask(0, 66, 67)).toThrow('not a text')
    expect(made).toBe(3)
    expect(ask(65, 66, 67)).toBe('ABC')
  })
})
