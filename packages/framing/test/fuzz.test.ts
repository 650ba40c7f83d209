import type { Codec } from '@p2p/interfaces'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import {
  FramingError,
  json,
  lengthPrefixed,
  lines,
  msgpack,
  type StoppableFraming,
  text,
  varint,
} from '../src/index.ts'
import { cut, decoded, hex, noise, streamOf } from './streams.ts'

// 10^5 frames and messages and more with FUZZ_SCALE=1, which CI asks for; 10^7 with FUZZ_SCALE=100, in some minutes. A tenth of the former otherwise.
const scale = Number(process.env['FUZZ_SCALE'] ?? 0.1)
const timeout = 30_000 * Math.max(1, scale)

// Most of the time goes into the stacks of a hundred thousand errors otherwise.
const { stackTraceLimit } = Error
beforeAll(() => {
  Error.stackTraceLimit = 0
})
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit
})

/** What a stream holds, read slowly and from the whole of it: the frames, and how it ends. */
type Model = (stream: Uint8Array, limit: number) => { frames: string[]; end: string | undefined }

const prefixed =
  (readLength: (stream: Uint8Array, at: number) => { length: number; at: number } | string): Model =>
  (stream, limit) => {
    const frames: string[] = []
    let at = 0
    while (at < stream.length) {
      const header = readLength(stream, at)
      if (typeof header === 'string') return { frames, end: header }
      if (header.length > limit) return { frames, end: 'P2P_FRAME_TOO_LONG' }
      at = header.at + header.length
      if (at > stream.length) return { frames, end: 'P2P_FRAME_CUT_OFF' }
      frames.push(hex(stream.subarray(header.at, at)))
    }
    return { frames, end: undefined }
  }

// The limit below is 300: a big-endian length of which a part has come and is above that already is too long, though it is cut off as well.
const models: readonly [string, StoppableFraming, Model][] = [
  [
    'lengthPrefixed',
    lengthPrefixed({ limit: 300 }),
    prefixed((stream, at) => {
      const header = [...stream.subarray(at, at + 4)]
      const length = header.reduce((sum, byte) => sum * 256 + byte, 0)
      if (length > 300) return 'P2P_FRAME_TOO_LONG'
      return header.length < 4 ? 'P2P_FRAME_CUT_OFF' : { length, at: at + 4 }
    }),
  ],
  [
    'varint',
    varint({ limit: 300 }),
    prefixed((stream, at) => {
      const [first, second] = stream.subarray(at, at + 2)
      if (first === undefined) return 'P2P_FRAME_CUT_OFF'
      if (first < 0x80) return { length: first, at: at + 1 }
      if (second === undefined) return 'P2P_FRAME_CUT_OFF'
      if (second === 0) return 'P2P_NOT_DECODABLE'
      if (second >= 0x80) return 'P2P_FRAME_TOO_LONG'
      return { length: first - 0x80 + second * 0x80, at: at + 2 }
    }),
  ],
  [
    'lines',
    lines({ limit: 300 }),
    (stream, limit) => {
      const all = Buffer.from(stream).toString('latin1').split('\n')
      const long = all.findIndex(line => line.length > limit)
      const end = long >= 0 ? 'P2P_FRAME_TOO_LONG' : all.at(-1) === '' ? undefined : 'P2P_FRAME_CUT_OFF'
      const whole = all.slice(0, long >= 0 ? long : -1)
      return { frames: whole.map(line => Buffer.from(line, 'latin1').toString('hex')), end }
    },
  ],
]

describe.each(models)('%s, fed damaged streams', (_name, framing, model) => {
  it('finds what a slow reader finds, and ends as it does', { timeout }, () => {
    const next = noise(0x5eed)
    let frames = 0
    for (let round = 0; round < 3000 * scale; round++) {
      const payloads = Array.from({ length: next() % 12 }, () =>
        new Uint8Array(next() + (next() % 45)).fill(0x20 + (next() % 90)),
      )
      const stream = streamOf(framing, payloads)
      // one stream in four is left as it is; the lengths are what a change of few bytes hits rarely, so some are hit on purpose
      for (let damage = next() % 4; damage > 0 && stream.length > 0; damage--) {
        const at = next() % 2 === 0 ? (next() * 256 + next()) % stream.length : 0
        stream[at] = next() % 3 === 0 ? 0 : next()
      }
      const whole = stream.subarray(0, stream.length - (next() % 5 === 0 ? next() % 9 : 0))
      const offsets = Array.from({ length: next() % 9 }, () => (next() * 256 + next()) % (whole.length + 1))
      const result = decoded(framing.decoder(), cut(whole, offsets))
      const { frames: expected, end } = model(whole, framing.limit)
      expect(result.frames).toEqual(expected)
      expect(FramingError.is(result.error) ? result.error.code : result.error).toBe(end)
      frames += expected.length
    }
    expect(frames).toBeGreaterThan(5000 * scale)
  })
})

const sample = (next: () => number, depth: number): unknown => {
  switch (next() % (depth > 0 ? 9 : 6)) {
    case 0:
      return null
    case 1:
      return next() % 2 === 0
    case 2:
      return (next() - 128) * 2 ** ((next() % 60) - 20)
    case 3:
      return 'text é日\u{1f600}'.slice(0, next() % 8).repeat(next() % 12)
    case 4:
      return next()
    case 5:
      return ''
    case 6:
      return Array.from({ length: next() % 20 }, () => sample(next, depth - 1))
    default:
      return Object.fromEntries(
        Array.from({ length: next() % 9 }, () => [`k${next() % 40}`, sample(next, depth - 1)]),
      )
  }
}

const damaged = (bytes: Uint8Array, next: () => number): Uint8Array => {
  const list = [...bytes]
  for (let count = 1 + (next() % 3); count > 0; count--) {
    const at = (next() * 256 + next()) % (list.length + 1)
    const kind = next() % 5
    if (kind === 0) list.splice(at, 1)
    else if (kind === 1) list.splice(at, 0, next())
    else if (kind === 2) list.length = at
    else if (kind === 3) list[at] = (list[at] ?? 0) ^ (1 << (next() % 8))
    else list.splice(at, 1, 0xc0 + (next() % 32))
  }
  return Uint8Array.from(list)
}

const codecs: readonly [string, Codec, (next: () => number) => unknown][] = [
  ['msgpack', msgpack(), next => sample(next, 4)],
  ['json', json(), next => sample(next, 4)],
  ['text', text(), next => `${String(next())}é日\u{1f600}`.repeat(next() % 20)],
]

describe.each(codecs)('%s, fed damaged bytes', (_name, codec, make) => {
  it('throws P2P_NOT_DECODABLE or gives a value that it can encode', { timeout }, () => {
    const next = noise(0xc0dec)
    let [accepted, refused] = [0, 0]
    for (let round = 0; round < 25_000 * scale; round++) {
      const value = make(next)
      // half surrogates come of cutting text: the codec is right to refuse them
      const bytes = round % 10 === 0 ? Uint8Array.from({ length: next() }, next) : encoded(codec, value)
      let result: unknown
      try {
        result = codec.decode(damaged(bytes, next))
      } catch (error) {
        if (!FramingError.is(error, 'P2P_NOT_DECODABLE')) throw error
        refused++
        continue
      }
      accepted++
      const again = codec.decode(codec.encode(result))
      if (hex(codec.encode(again)) !== hex(codec.encode(result))) expect(again).toStrictEqual(result)
    }
    expect(accepted).toBeGreaterThan(1000 * scale)
    expect(refused).toBeGreaterThan(1000 * scale)
  })
})

const encoded = (codec: Codec, value: unknown): Uint8Array => {
  try {
    return codec.encode(value)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return new Uint8Array(0)
  }
}
