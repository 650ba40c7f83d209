import type { FrameListener } from '@p2p/interfaces'

import { ChunkDecoder, state, type StoppableDecoder } from './decoder.ts'
import { type HeaderFraming, writeFrame } from './header-framing.ts'
import { checkedLimit, defaultLimit, frameTooLong, greatestLimit } from './limit.ts'

/** Options of {@link raw}. */
export interface RawOptions {
  /** The longest piece that is handed on, in bytes; a longer chunk is handed on in several. Default 16 MiB. */
  readonly limit?: number | undefined
}

/**
 * No frames at all: bytes are handed on as they come (row S3). Boundaries mean nothing, a payload may arrive in pieces or joined to others, and
 * an empty one does not arrive.
 *
 * @throws `P2P_BAD_OPTION` for a limit out of range
 */
export const raw = (options: RawOptions = {}): HeaderFraming =>
  new Raw(checkedLimit(options.limit ?? defaultLimit, greatestLimit))

class Raw implements HeaderFraming {
  readonly limit: number
  readonly headerLimit = 0

  constructor(limit: number) {
    this.limit = limit
  }

  frameLength(payloadLength: number): number {
    if (payloadLength > this.limit) throw frameTooLong(payloadLength, this.limit)
    return payloadLength
  }

  writeHeader(payloadLength: number, _target: Uint8Array, offset: number): number {
    this.frameLength(payloadLength)
    return offset
  }

  encode(payload: Uint8Array, target: Uint8Array, offset: number): number {
    return writeFrame(this, payload, target, offset)
  }

  decoder(): StoppableDecoder {
    return new RawDecoder(this.limit)
  }
}

class RawDecoder extends ChunkDecoder {
  readonly buffered = 0
  private readonly limit: number

  constructor(limit: number) {
    super()
    this.limit = limit
  }

  protected feed(chunk: Uint8Array, onFrame: FrameListener): void {
    for (let start = 0; start < chunk.length && this.state === state.delivering; start += this.limit) {
      onFrame(chunk, start, Math.min(start + this.limit, chunk.length))
    }
  }

  protected cutOff(): undefined {
    return undefined
  }

  protected drop(): void {
    // there is nothing to drop: nothing is ever kept
  }
}
