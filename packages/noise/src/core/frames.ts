import { NoiseError } from '../errors.ts'
import { maxBody } from '../limits.ts'
import type { Primitives } from '../primitives/primitives.ts'

/** Kinds of handshake frames. PROTOCOL.md, "Frames". */
export const Kind = { opening: 1, answer: 2, proof: 3, refusal: 15 } as const

/**
 * What every handshake frame begins with. No length of a frame of the family's other protocols, no record, no TLS and no HTTP begins with its first byte, so
 * who speaks something else is noticed at once, at either end.
 */
export const mark: Uint8Array = Uint8Array.of(0xd5, 0x70, 0x32, 0x6e)

const headerLength = 7
const checkLength = 4

/** A handshake message in its frame. */
export const encodeFrame = (primitives: Primitives, kind: number, body: Uint8Array): Uint8Array => {
  const end = headerLength + body.length
  const frame = new Uint8Array(end + checkLength)
  frame.set(mark)
  frame[4] = kind
  frame[5] = (body.length + checkLength) >>> 8
  frame[6] = (body.length + checkLength) & 0xff
  frame.set(body, headerLength)
  frame.set(primitives.sha256(frame.subarray(0, end)).subarray(0, checkLength), end)
  return frame
}

/** A frame that has come. */
export interface Frame {
  readonly kind: number
  readonly body: Uint8Array
  /** All of it but the checksum. */
  readonly bytes: Uint8Array
}

/** Takes handshake frames out of a stream. It keeps at most one, and no more of it than has come. */
export class FrameReader {
  readonly #primitives: Primitives
  #bytes = new Uint8Array(0)

  constructor(primitives: Primitives) {
    this.#primitives = primitives
  }

  /** Whether a frame has begun and not ended. */
  get isWithin(): boolean {
    return this.#bytes.length > 0
  }

  /**
   * Reads from `chunk` at `offset` up to the end of a frame.
   *
   * @returns where it ended, and the frame, unless there is more to come
   * @throws NoiseError `P2P_PLAINTEXT`, `P2P_MALFORMED` above the limit, `P2P_TAMPERED` if its checksum is another
   */
  read(chunk: Uint8Array, offset: number): { readonly end: number; readonly frame?: Frame } {
    const had = this.#bytes.length
    const declared = had >= headerLength ? this.#lengthOf(this.#bytes) : undefined
    const wanted = declared ?? headerLength
    const taken = Math.min(wanted - had, chunk.length - offset)
    const bytes = new Uint8Array(had + taken)
    bytes.set(this.#bytes)
    bytes.set(chunk.subarray(offset, offset + taken), had)
    this.#bytes = bytes
    for (let index = had; index < Math.min(bytes.length, mark.length); index++) {
      if (bytes[index] !== mark[index]) {
        throw new NoiseError('P2P_PLAINTEXT', 'the other end does not speak the protocol of @p2p/noise')
      }
    }
    const end = offset + taken
    if (bytes.length < wanted) return { end }
    if (declared === undefined) return this.read(chunk, end)
    this.#bytes = new Uint8Array(0)
    const checked = bytes.subarray(0, declared - checkLength)
    const check = this.#primitives.sha256(checked)
    for (let index = 0; index < checkLength; index++) {
      if (bytes[checked.length + index] !== check[index]) {
        throw new NoiseError('P2P_TAMPERED', 'a handshake message was changed on the way')
      }
    }
    return {
      end,
      frame: { kind: bytes[4] as number, body: checked.subarray(headerLength), bytes: checked },
    }
  }

  #lengthOf(bytes: Uint8Array): number {
    const length = ((bytes[5] as number) << 8) | (bytes[6] as number)
    if (length < checkLength || length > maxBody + checkLength) {
      throw new NoiseError('P2P_MALFORMED', `a handshake message of ${length} bytes`)
    }
    return headerLength + length
  }
}
