import type { FrameListener } from '@p2p/interfaces'

import { state, type StoppableDecoder } from './decoder.ts'
import { FramingError } from './errors.ts'
import { HeaderDecoder, type HeaderFraming, writeFrame } from './header-framing.ts'
import { checkedLimit, defaultLimit, frameTooLong, greatestLimit } from './limit.ts'
import { sharedSlabs, type SlabPool } from './slab-pool.ts'

/** Options of {@link varint}. */
export interface VarintOptions {
  /** The longest payload, in bytes. Default 16 MiB, at most 2^32 − 1. */
  readonly limit?: number | undefined
  /** Memory for frames that span chunks. Default {@link sharedSlabs}. */
  readonly pool?: SlabPool | undefined
}

/**
 * Frames that begin with their payload's length as an unsigned LEB128 number: seven bits a byte, the lowest first, the top bit set in all but the
 * last. It is the framing of protobuf streams and of libp2p. A length must have the shortest form: one with a zero byte at its end is refused
 * as `P2P_NOT_DECODABLE`.
 *
 * @throws `P2P_BAD_OPTION` for a limit out of range
 */
export const varint = (options: VarintOptions = {}): HeaderFraming =>
  new Varint(checkedLimit(options.limit ?? defaultLimit, greatestLimit), options.pool ?? sharedSlabs)

const lengthOf = (value: number): number =>
  value < 2 ** 7 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : value < 2 ** 28 ? 4 : 5

class Varint implements HeaderFraming {
  readonly limit: number
  readonly headerLimit: number
  private readonly pool: SlabPool

  constructor(limit: number, pool: SlabPool) {
    this.limit = limit
    this.headerLimit = lengthOf(limit)
    this.pool = pool
  }

  frameLength(payloadLength: number): number {
    if (payloadLength > this.limit) throw frameTooLong(payloadLength, this.limit)
    return lengthOf(payloadLength) + payloadLength
  }

  writeHeader(payloadLength: number, target: Uint8Array, offset: number): number {
    if (payloadLength > this.limit) throw frameTooLong(payloadLength, this.limit)
    let at = offset
    let rest = payloadLength
    while (rest > 0x7f) {
      target[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    target[at++] = rest
    return at
  }

  encode(payload: Uint8Array, target: Uint8Array, offset: number): number {
    return writeFrame(this, payload, target, offset)
  }

  decoder(): StoppableDecoder {
    return new VarintDecoder(this.headerLimit, this.limit, this.pool)
  }
}

class VarintDecoder extends HeaderDecoder {
  private readonly headerLimit: number
  private scale = 1

  constructor(headerLimit: number, limit: number, pool: SlabPool) {
    super(limit, pool)
    this.headerLimit = headerLimit
  }

  protected headerEnds(byte: number): boolean {
    if (this.headerBytes === 0) this.scale = 1
    this.headerBytes++
    this.length += (byte & 0x7f) * this.scale
    this.scale *= 0x80
    if (byte > 0x7f) {
      if (this.headerBytes < this.headerLimit) return false
      throw new FramingError(
        'P2P_FRAME_TOO_LONG',
        `a length of more than ${this.headerLimit} bytes is above the limit of ${this.limit}`,
      )
    }
    if (byte === 0 && this.headerBytes > 1) {
      throw new FramingError('P2P_NOT_DECODABLE', 'the length of a frame is not in its shortest form')
    }
    return true
  }

  protected feed(chunk: Uint8Array, onFrame: FrameListener): void {
    const { limit } = this
    // Bundlers make a variable of the constant, which would be read for each frame.
    const { delivering } = state
    const end = chunk.length
    let offset = 0
    if (this.unfinished) {
      offset = this.advance(chunk, 0, onFrame)
      if (this.state !== delivering) return
    }
    while (offset < end) {
      // Lengths of one and two bytes are read here; longer ones are rare enough for the way of a cut header.
      const first = chunk[offset] as number
      let start = offset + 1
      let length = first
      if (first > 0x7f) {
        if (start === end) break
        const second = chunk[start] as number
        if (second > 0x7f || second === 0) {
          offset = this.advance(chunk, offset, onFrame)
          if (this.state !== delivering) return
          continue
        }
        length = (first & 0x7f) | (second << 7)
        start++
      }
      if (length > limit) throw frameTooLong(length, limit)
      const next = start + length
      if (next > end) break
      onFrame(chunk, start, next)
      if (this.state !== delivering) return
      offset = next
    }
    if (offset < end) this.advance(chunk, offset, onFrame)
  }
}
