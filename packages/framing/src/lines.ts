import type { FrameListener } from '@p2p/interfaces'

import { Assembly } from './assembly.ts'
import { ChunkDecoder, state, type StoppableDecoder, type StoppableFraming } from './decoder.ts'
import { FramingError } from './errors.ts'
import { checkedLimit, checkRoom, defaultLimit, frameTooLong, greatestLimit } from './limit.ts'
import { sharedSlabs, type SlabPool } from './slab-pool.ts'

/** Options of {@link lines}. */
export interface LinesOptions {
  /** The longest line, in bytes, without its end. Default 16 MiB. */
  readonly limit?: number | undefined
  /** The character that ends a line: one of ASCII. Default `\n`. */
  readonly delimiter?: string | undefined
  /**
   * Ends lines with `\r\n`, and takes one `\r` before the `\n` away from a line that came in; one that ends in `\n` alone is taken as well.
   * Only with the default delimiter. Default `false`: a `\r` is a byte like any other.
   */
  readonly crlf?: boolean | undefined
  /** Memory for lines that span chunks. Default {@link sharedSlabs}. */
  readonly pool?: SlabPool | undefined
}

const carriageReturn = 0x0d

/**
 * Frames that end in a delimiter: text protocols, `nc`, JSON lines (row S3, the linemode of socktools). A payload that contains the delimiter cannot be
 * sent and is refused as `P2P_NOT_ENCODABLE`. A stream that ends without a delimiter was cut off.
 *
 * @throws `P2P_BAD_OPTION` for a limit or a delimiter out of range
 */
export const lines = (options: LinesOptions = {}): StoppableFraming => {
  const { delimiter = '\n', crlf = false, pool = sharedSlabs } = options
  const byte = delimiter.charCodeAt(0)
  if (delimiter.length !== 1 || byte > 0x7f) {
    throw new FramingError(
      'P2P_BAD_OPTION',
      `delimiter must be one character of ASCII, not ${JSON.stringify(delimiter)}`,
    )
  }
  if (crlf && delimiter !== '\n') {
    throw new FramingError('P2P_BAD_OPTION', 'crlf goes with the default delimiter only')
  }
  return new Lines(checkedLimit(options.limit ?? defaultLimit, greatestLimit), byte, crlf, pool)
}

class Lines implements StoppableFraming {
  readonly limit: number
  private readonly delimiter: number
  private readonly crlf: boolean
  private readonly pool: SlabPool

  constructor(limit: number, delimiter: number, crlf: boolean, pool: SlabPool) {
    this.limit = limit
    this.delimiter = delimiter
    this.crlf = crlf
    this.pool = pool
  }

  frameLength(payloadLength: number): number {
    if (payloadLength > this.limit) throw frameTooLong(payloadLength, this.limit)
    return payloadLength + (this.crlf ? 2 : 1)
  }

  encode(payload: Uint8Array, target: Uint8Array, offset: number): number {
    checkRoom(target, offset, this.frameLength(payload.length))
    if (payload.includes(this.delimiter)) {
      throw new FramingError('P2P_NOT_ENCODABLE', 'a line cannot contain the character that ends it')
    }
    target.set(payload, offset)
    let at = offset + payload.length
    if (this.crlf) target[at++] = carriageReturn
    target[at++] = this.delimiter
    return at
  }

  decoder(): StoppableDecoder {
    return new LinesDecoder(this.limit, this.delimiter, this.crlf, this.pool)
  }
}

class LinesDecoder extends ChunkDecoder {
  private readonly limit: number
  private readonly delimiter: number
  private readonly crlf: boolean
  private readonly line: Assembly

  constructor(limit: number, delimiter: number, crlf: boolean, pool: SlabPool) {
    super()
    this.limit = limit
    this.delimiter = delimiter
    this.crlf = crlf
    this.line = new Assembly(pool)
  }

  get buffered(): number {
    return this.line.length
  }

  protected feed(chunk: Uint8Array, onFrame: FrameListener): void {
    let start = 0
    while (start < chunk.length) {
      const at = chunk.indexOf(this.delimiter, start)
      const end = at < 0 ? chunk.length : at
      this.checkLength(chunk, start, end)
      if (at < 0) {
        this.line.append(chunk, start, end, this.limit)
        return
      }
      if (this.line.length > 0) {
        this.line.append(chunk, start, end, this.limit)
        const { bytes, length } = this.line
        onFrame(bytes, 0, this.trimmed(bytes, 0, length))
        this.line.clear()
      } else {
        onFrame(chunk, start, this.trimmed(chunk, start, end))
      }
      if (this.state !== state.delivering) return
      start = at + 1
    }
  }

  /** Before a byte of `start … end` is kept: the line that it continues must stay within the limit. */
  private checkLength(chunk: Uint8Array, start: number, end: number): void {
    const length = this.line.length + end - start
    if (length <= this.limit) return
    // one byte more may still turn out to be the `\r` of the line's end
    if (this.crlf && length === this.limit + 1 && this.lastByte(chunk, start, end) === carriageReturn) return
    throw frameTooLong(length, this.limit)
  }

  private lastByte(chunk: Uint8Array, start: number, end: number): number | undefined {
    return end > start ? chunk[end - 1] : this.line.bytes[this.line.length - 1]
  }

  private trimmed(bytes: Uint8Array, start: number, end: number): number {
    return this.crlf && end > start && bytes[end - 1] === carriageReturn ? end - 1 : end
  }

  protected cutOff(): FramingError | undefined {
    if (this.line.length === 0) return undefined
    return new FramingError(
      'P2P_FRAME_CUT_OFF',
      `the stream ended within a line, after ${this.line.length} bytes of it`,
    )
  }

  protected drop(): void {
    this.line.clear()
  }
}
