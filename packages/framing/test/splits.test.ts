import type { Framing } from '@p2p/interfaces'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { lengthPrefixed, lines, raw, varint } from '../src/index.ts'
import { cut, decoded, hex, streamOf } from './streams.ts'

const anyByte = fc.uint8Array({ maxLength: 400 })
const withoutLineEnd = anyByte.map(payload => payload.map(byte => (byte === 0x0a ? 0x0b : byte)))
const framings: readonly [string, Framing, fc.Arbitrary<Uint8Array>][] = [
  ['lengthPrefixed', lengthPrefixed(), anyByte],
  ['lengthPrefixed of width 2', lengthPrefixed({ width: 2 }), anyByte],
  ['varint', varint(), anyByte],
  ['lines', lines(), withoutLineEnd],
  ['lines with crlf', lines({ crlf: true }), withoutLineEnd],
]

describe.each(framings)('%s', (_name, framing, payload) => {
  it('gives the same frames for every pair of cuts of a short stream', () => {
    // 5 + 1 + 130 bytes of payload: a varint of two bytes, an empty frame, frames within one chunk and across three
    const payloads = [5, 0, 1, 0, 130].map(length => new Uint8Array(length).fill(0x41))
    const stream = streamOf(framing, payloads)
    const expected = payloads.map(hex)
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const { frames, error } = decoded(framing.decoder(), cut(stream, [first, second]))
        if (error !== undefined || frames.join() !== expected.join()) {
          expect({ first, second, frames, error }).toEqual({
            first,
            second,
            frames: expected,
            error: undefined,
          })
        }
      }
    }
  })

  it('gives the same frames for any cuts of any stream', () => {
    fc.assert(
      fc.property(
        fc.array(payload, { maxLength: 12 }),
        fc.array(fc.nat(5000), { maxLength: 30 }),
        (payloads, cuts) => {
          const stream = streamOf(framing, payloads)
          const offsets = cuts.map(offset => offset % (stream.length + 1))
          expect(decoded(framing.decoder(), cut(stream, offsets))).toEqual({
            frames: payloads.map(hex),
            error: undefined,
          })
        },
      ),
      { numRuns: 150 },
    )
  })

  it('gives long frames whole, whatever the chunks', () => {
    const payloads = [70_000, 3, 1_200_000, 4096, 300_000]
      .map((length, seed) =>
        Uint8Array.from({ length }, (_, index) => 0x20 + ((index * 31 + seed + (index >> 8)) % 200)),
      )
      .filter(({ length }) => length <= framing.limit)
    const stream = streamOf(framing, payloads)
    for (const size of [1460, 65_536, 1_000_003]) {
      const offsets = Array.from(
        { length: Math.floor(stream.length / size) },
        (_, index) => (index + 1) * size,
      )
      const { frames, error } = decoded(framing.decoder(), cut(stream, offsets))
      expect(error).toBeUndefined()
      expect(frames.map(frame => frame.length)).toEqual(payloads.map(({ length }) => 2 * length))
      expect(frames.every((frame, index) => frame === hex(payloads[index] ?? new Uint8Array()))).toBe(true)
    }
  })
})

describe('raw', () => {
  it('hands on all bytes in order, in pieces no longer than its limit', () => {
    fc.assert(
      fc.property(fc.array(anyByte, { maxLength: 12 }), fc.integer({ min: 1, max: 600 }), (chunks, limit) => {
        const { frames, error } = decoded(raw({ limit }).decoder(), chunks)
        expect(error).toBeUndefined()
        expect(frames.join('')).toBe(chunks.map(hex).join(''))
        expect(frames.every(frame => frame.length > 0 && frame.length <= 2 * limit)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})
