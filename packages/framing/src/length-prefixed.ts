import type { FrameListener } from '@p2p/interfaces'

import { state, type StoppableDecoder } from './decoder.ts'
import { FramingError } from './errors.ts'
import { HeaderDecoder, type HeaderFraming, writeFrame } from './header-framing.ts'
import { checkedLimit, defaultLimit, frameTooLong } from './limit.ts'
import { sharedSlabs, type SlabPool } from './slab-pool.ts'

/** Options of {@link lengthPrefixed}. */
export interface LengthPrefixedOptions {
  /** Bytes of the length. Default 4. */
  readonly width?: 1 | 2 | 3 | 4 | undefined
  /** The longest payload, in bytes. Default 16 MiB, or what the width can say if that is less. */
  readonly limit?: number | undefined
  /** Memory for frames that span chunks. Default {@link sharedSlabs}. */
  readonly pool?: SlabPool | undefined
}

/**
 * Frames that begin with their payload's length, an unsigned big-endian number that does not count itself: `length payload`. With the default
 * width of 4 it is the stream of socktools and of p2p.today (rows S2 and S3).
 *
 * @throws `P2P_BAD_OPTION` for a width or a limit out of range
 */
export const lengthPrefixed = (options: LengthPrefixedOptions = {}): HeaderFraming => {
  const { width = 4, pool = sharedSlabs } = options
  if (![1, 2, 3, 4].includes(width)) {
    throw new FramingError('P2P_BAD_OPTION', `width must be 1, 2, 3 or 4, not ${String(width)}`)
  }
  const greatest = 2 ** (8 * width) - 1
  return new LengthPrefixed(
    width,
    checkedLimit(options.limit ?? Math.min(defaultLimit, greatest), greatest),
    pool,
  )
}

class LengthPrefixed implements HeaderFraming {
  readonly limit: number
  readonly headerLimit: number
  private readonly pool: SlabPool

  constructor(width: number, limit: number, pool: SlabPool) {
    this.headerLimit = width
    this.limit = limit
    this.pool = pool
  }

  frameLength(payloadLength: number): number {
    if (payloadLength > this.limit) throw frameTooLong(payloadLength, this.limit)
    return this.headerLimit + payloadLength
  }

  writeHeader(payloadLength: number, target: Uint8Array, offset: number): number {
    if (payloadLength > this.limit) throw frameTooLong(payloadLength, this.limit)
    if (this.headerLimit === 4) {
      target[offset] = payloadLength >>> 24
      target[offset + 1] = payloadLength >>> 16
      target[offset + 2] = payloadLength >>> 8
      target[offset + 3] = payloadLength
      return offset + 4
    }
    const end = offset + this.headerLimit
    for (let at = end - 1, rest = payloadLength; at >= offset; at--, rest >>>= 8) target[at] = rest
    return end
  }

  encode(payload: Uint8Array, target: Uint8Array, offset: number): number {
    return writeFrame(this, payload, target, offset)
  }

  decoder(): StoppableDecoder {
    return new LengthPrefixedDecoder(this.headerLimit, this.limit, this.pool)
  }
}

class LengthPrefixedDecoder extends HeaderDecoder {
  private readonly width: number

  constructor(width: number, limit: number, pool: SlabPool) {
    super(limit, pool)
    this.width = width
  }

  protected headerEnds(byte: number): boolean {
    this.headerBytes++
    this.length = this.length * 256 + byte
    return this.headerBytes === this.width
  }

  protected feed(chunk: Uint8Array, onFrame: FrameListener): void {
    const { width, limit } = this
    // Bundlers make a variable of the constant, which would be read for each frame.
    const { delivering } = state
    const end = chunk.length
    let offset = 0
    if (this.unfinished) {
      offset = this.advance(chunk, 0, onFrame)
      if (this.state !== delivering) return
    }
    while (offset + width <= end) {
      const start = offset + width
      const length = width === 4 ? i32(chunk, offset) : narrow(chunk, offset, start)
      if (length > limit) throw frameTooLong(length, limit)
      const next = start + length
      // a negative length is one of 2 GiB or more, which no chunk contains
      if (next > end || length < 0) break
      onFrame(chunk, start, next)
      if (this.state !== delivering) return
      offset = next
    }
    if (offset < end) this.advance(chunk, offset, onFrame)
  }
}

// Shifts are four times as fast as a DataView, and a signed result keeps the loop in small integers.
const i32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number)

const narrow = (bytes: Uint8Array, from: number, to: number): number => {
  let value = 0
  for (let at = from; at < to; at++) value = (value << 8) | (bytes[at] as number)
  return value
}
