import { describe, expect, it } from 'vitest'

import {
  FramingError,
  lengthPrefixed,
  lines,
  raw,
  type SlabPool,
  type StoppableFraming,
  varint,
} from '../src/index.ts'
import { LentSlabs } from './lent-slabs.ts'
import { bytes, hex, streamOf, thrownBy } from './streams.ts'

const framings: readonly [string, StoppableFraming][] = [
  ['lengthPrefixed', lengthPrefixed()],
  ['varint', varint()],
  ['lines', lines()],
]
const [one, two, three] = [bytes('one'), bytes('two'), bytes('three')]

describe.each(framings)('a decoder of %s', (_name, framing) => {
  const stream = streamOf(framing, [one, two, three])

  it('delivers nothing more of a chunk once its listener has stopped it', () => {
    const decoder = framing.decoder()
    const frames: string[] = []
    const listener = (chunk: Uint8Array, start: number, end: number) => {
      frames.push(hex(chunk.subarray(start, end)))
      if (frames.length === 2) decoder.stop()
    }
    decoder.push(stream, listener)
    decoder.push(stream, listener)
    expect(frames).toEqual([hex(one), hex(two)])
    expect(decoder.buffered).toBe(0)
    expect(() => {
      decoder.end()
    }).not.toThrow()
  })

  it('leaves a frame that spanned chunks readable after the listener has stopped it', () => {
    const pool = new LentSlabs()
    const decoder = lengthPrefixed({ pool }).decoder()
    const frame = streamOf(lengthPrefixed(), [three])
    const seen: string[] = []
    decoder.push(frame.subarray(0, 6), () => expect.unreachable())
    decoder.push(frame.subarray(6), (chunk, start, end) => {
      decoder.stop()
      pool.take(1).bytes.fill(0)
      seen.push(hex(chunk.subarray(start, end)))
    })
    expect(seen).toEqual([hex(three)])
  })

  it('drops what it holds when it is stopped within a frame', () => {
    const decoder = framing.decoder()
    decoder.push(stream.subarray(0, stream.length - 2), () => undefined)
    expect(decoder.buffered).toBeGreaterThan(0)
    decoder.stop()
    expect(decoder.buffered).toBe(0)
    decoder.push(stream, () => expect.unreachable())
    decoder.end()
  })

  it('is spent once its listener has thrown, and throws the same from then on', () => {
    const decoder = framing.decoder()
    const frames: string[] = []
    const failure = new Error('no more')
    const listener = (chunk: Uint8Array, start: number, end: number) => {
      frames.push(hex(chunk.subarray(start, end)))
      if (frames.length === 2) throw failure
    }
    expect(thrownBy(() => decoder.push(stream, listener))).toBe(failure)
    expect(thrownBy(() => decoder.push(stream, listener))).toBe(failure)
    expect(thrownBy(() => decoder.end())).toBe(failure)
    expect(frames).toEqual([hex(one), hex(two)])
    expect(decoder.buffered).toBe(0)
  })

  it('holds nothing once its listener has thrown over a frame that spanned chunks', () => {
    const decoder = framing.decoder()
    const long = streamOf(framing, [new Uint8Array(100).fill(0x61)])
    decoder.push(long.subarray(0, 50), () => expect.unreachable())
    const thrown = thrownBy(() =>
      decoder.push(long.subarray(50), () => {
        throw new Error('no more')
      }),
    )
    expect(thrown).toEqual(new Error('no more'))
    expect(decoder.buffered).toBe(0)
  })

  it('is stopped, not spent, by a listener that stops it and throws', () => {
    const decoder = framing.decoder()
    const listener = () => {
      decoder.stop()
      throw new Error('no more')
    }
    expect(thrownBy(() => decoder.push(stream, listener))).toEqual(new Error('no more'))
    expect(thrownBy(() => decoder.push(stream, listener))).toBeUndefined()
    expect(thrownBy(() => decoder.end())).toBeUndefined()
  })

  it('refuses to be fed from within its listener and goes on if the listener catches that', () => {
    const decoder = framing.decoder()
    const frames: string[] = []
    const errors: unknown[] = []
    decoder.push(stream, (chunk, start, end) => {
      frames.push(hex(chunk.subarray(start, end)))
      errors.push(thrownBy(() => decoder.push(stream, () => expect.unreachable())))
    })
    expect(frames).toEqual([hex(one), hex(two), hex(three)])
    for (const error of errors) expect(FramingError.is(error, 'P2P_REENTRANT_PUSH')).toBe(true)
    decoder.push(stream, () => frames.push('again'))
    expect(frames).toHaveLength(6)
  })
})

describe('the memory of a decoder', () => {
  const limit = 2 ** 26
  const makers: readonly [string, (pool: SlabPool) => StoppableFraming][] = [
    ['lengthPrefixed', pool => lengthPrefixed({ pool, limit })],
    ['varint', pool => varint({ pool, limit })],
    ['lines', pool => lines({ pool, limit })],
  ]

  it.each(makers)('follows the bytes that have arrived, not the announced length: %s', (_name, create) => {
    const pool = new LentSlabs()
    const decoder = create(pool).decoder()
    const total = 5_000_000
    const header = create(pool).frameLength(total) - total
    const frame = new Uint8Array(header + total).fill(0x61)
    create(pool).encode(new Uint8Array(total).fill(0x61), frame, 0)
    for (let at = 0; at < frame.length - 1; at += 1460) {
      decoder.push(frame.subarray(at, Math.min(at + 1460, frame.length - 1)), () => expect.unreachable())
      expect(pool.lent).toBeLessThanOrEqual(Math.max(4096, 4 * decoder.buffered))
    }
    // a third of the bytes is copied twice, at most, while the pool has sizes; beyond them memory doubles
    expect(pool.taken.length).toBeLessThan(10)
    let length = 0
    decoder.push(frame.subarray(frame.length - 1), (_bytes, start, end) => {
      length = end - start
    })
    expect(length).toBe(total)
    expect(pool.lent).toBe(0)
  })

  it.each(makers)(
    'is given back when a stream ends in the middle or the decoder is stopped: %s',
    (_name, create) => {
      const pool = new LentSlabs()
      const framing = create(pool)
      const part = streamOf(framing, [new Uint8Array(10_000).fill(0x61)]).subarray(0, 9000)
      const [ended, stopped] = [framing.decoder(), framing.decoder()]
      ended.push(part, () => expect.unreachable())
      stopped.push(part, () => expect.unreachable())
      expect(pool.lent).toBe(2 * 16_384)
      stopped.stop()
      expect(pool.lent).toBe(16_384)
      expect(thrownBy(() => ended.end())).toMatchObject({ code: 'P2P_FRAME_CUT_OFF' })
      expect(pool.lent).toBe(0)
    },
  )

  it('is not touched for frames that lie within one chunk, nor for a header that was cut', () => {
    const pool = new LentSlabs()
    const decoder = lengthPrefixed({ pool }).decoder()
    const stream = streamOf(lengthPrefixed(), [one, two])
    let frames = 0
    decoder.push(stream.subarray(0, 2), () => frames++)
    decoder.push(stream.subarray(2), () => frames++)
    expect(frames).toBe(2)
    expect(pool.taken).toEqual([])
  })
})

describe('raw', () => {
  it('can be stopped between two pieces of a chunk', () => {
    const decoder = raw({ limit: 2 }).decoder()
    const pieces: string[] = []
    decoder.push(bytes('abcdef'), (chunk, start, end) => {
      pieces.push(hex(chunk.subarray(start, end)))
      if (pieces.length === 2) decoder.stop()
    })
    expect(pieces).toEqual([hex(bytes('ab')), hex(bytes('cd'))])
  })
})
