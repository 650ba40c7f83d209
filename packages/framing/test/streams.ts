import { isDeepStrictEqual } from 'node:util'
import type { FrameDecoder, Framing } from '@p2p/interfaces'
import { expect } from 'vitest'

/** The frames of these payloads, one behind the other. */
export const streamOf = (framing: Framing, payloads: readonly Uint8Array[]): Uint8Array => {
  const lengths = payloads.map(payload => framing.frameLength(payload.length))
  const stream = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0))
  payloads.reduce((offset, payload) => framing.encode(payload, stream, offset), 0)
  return stream
}

/** Cuts bytes at these offsets, which need be neither sorted nor distinct. */
export const cut = (bytes: Uint8Array, offsets: readonly number[]): readonly Uint8Array[] => {
  const sorted = [0, ...offsets, bytes.length].sort((a, b) => a - b)
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end))
}

/** What a decoder makes of chunks: copies of the payloads, and what it threw in the end, if anything. */
export const decoded = (
  decoder: FrameDecoder,
  chunks: readonly Uint8Array[],
): { frames: string[]; error: unknown } => {
  const frames: string[] = []
  try {
    for (const chunk of chunks)
      decoder.push(chunk, (bytes, start, end) => frames.push(hex(bytes.subarray(start, end))))
    decoder.end()
  } catch (error) {
    return { frames, error }
  }
  return { frames, error: undefined }
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** The bytes that a text of hexadecimal digits says. */
export const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A fixed sequence of bytes that looks random: Marsaglia's xorshift32. */
export const noise = (seed: number): (() => number) => {
  let word = seed
  return () => {
    word ^= word << 13
    word ^= word >>> 17
    word ^= word << 5
    return (word >>> 8) & 0xff
  }
}

/** What an action throws, or `undefined`. */
export const thrownBy = (action: () => unknown): unknown => {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}

/** `toStrictEqual`, which is slow on large values, only to say how two differ. */
export const expectSame = (actual: unknown, expected: unknown): void => {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toStrictEqual(expected)
}
