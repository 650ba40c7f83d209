import type { FrameListener } from '@p2p/interfaces'

import { Assembly } from './assembly.ts'
import { copyInto } from './copy-into.ts'
import { ChunkDecoder, type StoppableFraming } from './decoder.ts'
import { FramingError } from './errors.ts'
import { checkRoom, frameTooLong } from './limit.ts'
import type { SlabPool } from './slab-pool.ts'

/** A framing whose frame is a header and then the payload as it is, so that a payload need not be copied to be framed. */
export interface HeaderFraming extends StoppableFraming {
  /** The length of the longest header, in bytes. */
  readonly headerLimit: number
  /** Writes the header for a payload of this length into `target` from `offset` on, where there must be room for it; returns the offset after it. @throws `P2P_FRAME_TOO_LONG` above the limit */
  writeHeader(payloadLength: number, target: Uint8Array, offset: number): number
}

/** How a header framing encodes. */
export const writeFrame = (
  framing: HeaderFraming,
  payload: Uint8Array,
  target: Uint8Array,
  offset: number,
): number => {
  const { length } = payload
  checkRoom(target, offset, framing.frameLength(length))
  const start = framing.writeHeader(length, target, offset)
  copyInto(target, payload, start)
  return start + length
}

/** What the decoders of header framings have in common: what happens to a frame that does not lie within one chunk. */
export abstract class HeaderDecoder extends ChunkDecoder {
  protected readonly limit: number
  /** Bytes of the header read so far, while the length is not known; 0 between frames. */
  protected headerBytes = 0
  /** The payload's length, as far as the header was read. */
  protected length = 0
  private inPayload = false
  private readonly payload: Assembly

  constructor(limit: number, pool: SlabPool) {
    super()
    this.limit = limit
    this.payload = new Assembly(pool)
  }

  get buffered(): number {
    return this.headerBytes + this.payload.length
  }

  override push(chunk: Uint8Array, onFrame: FrameListener): void {
    // A chunk from the middle of a frame needs no look at all; with chunks of one byte this is what a byte costs.
    if (chunk.length <= this.payload.spare) this.payload.add(chunk)
    else super.push(chunk, onFrame)
  }

  /** Takes one byte of a header into `length` and `headerBytes`; answers whether it was the header's last. */
  protected abstract headerEnds(byte: number): boolean

  /** Whether an earlier chunk left a frame unfinished. */
  protected get unfinished(): boolean {
    return this.headerBytes > 0
  }

  /** Goes on with one frame from `offset` on, delivers it if it ends in this chunk, and returns the offset behind what it used. */
  protected advance(chunk: Uint8Array, from: number, onFrame: FrameListener): number {
    const end = chunk.length
    let offset = from
    while (!this.inPayload) {
      if (offset === end) return end
      this.inPayload = this.headerEnds(chunk[offset++] ?? 0)
      if (this.length > this.limit) throw frameTooLong(this.length, this.limit)
    }
    const missing = this.length - this.payload.length
    if (end - offset < missing) {
      if (offset < end) this.payload.append(chunk, offset, end, this.length)
      return end
    }
    const next = offset + missing
    const { length } = this
    if (missing === length) {
      // only the header was cut: the payload can be read where it lies
      this.reset()
      onFrame(chunk, offset, next)
      return next
    }
    this.payload.append(chunk, offset, next, length)
    const { bytes } = this.payload
    onFrame(bytes, 0, length)
    this.reset()
    this.payload.clear()
    return next
  }

  private reset(): void {
    this.headerBytes = 0
    this.length = 0
    this.inPayload = false
  }

  protected cutOff(): FramingError | undefined {
    if (!this.unfinished) return undefined
    const missing = this.inPayload
      ? `${this.length - this.payload.length} bytes of its payload`
      : 'its header'
    return new FramingError('P2P_FRAME_CUT_OFF', `the stream ended within a frame, before ${missing}`)
  }

  protected drop(): void {
    this.reset()
    this.payload.clear()
  }
}
