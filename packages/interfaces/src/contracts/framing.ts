import { P2PError } from '../errors.ts'
import type { FrameDecoder, Framing } from '../framing.ts'
import type { ContractCase } from './case.ts'
import { attempt, check, same } from './check.ts'

/** What {@link framingContract} needs to know of a framing. */
export interface FramingContractOptions {
  /** `lost` for a framing that hands bytes on as they come. Default `kept`. */
  readonly boundaries?: 'kept' | 'lost'
}

/**
 * The promises of {@link Framing} and {@link FrameDecoder}. Payloads are printable ASCII, which every framing can carry.
 *
 * @param create makes the framing, with this limit if one is given
 */
export const framingContract = (
  create: (limit?: number) => Framing,
  options: FramingContractOptions = {},
): readonly ContractCase[] =>
  options.boundaries === 'lost'
    ? [...everyFraming(create, joined)]
    : [...everyFraming(create, separated), ...boundaries(create)]

const everyFraming = (
  create: (limit?: number) => Framing,
  show: (payloads: readonly Uint8Array[]) => string,
): readonly ContractCase[] => [
  {
    name: 'encode fills exactly the frame, from the offset on, and says where it ends',
    run: async () => {
      const framing = create()
      for (const payload of samples) {
        const length = framing.frameLength(payload.length)
        const target = new Uint8Array(length + 8).fill(0xaa)
        same(framing.encode(payload, target, 5), 5 + length, 'the offset after the frame')
        same(target.subarray(0, 5), new Uint8Array(5).fill(0xaa), 'the bytes before the frame')
        same(target.subarray(5 + length), new Uint8Array(3).fill(0xaa), 'the bytes after the frame')
      }
    },
  },
  {
    name: 'payloads come back as they were, in order',
    run: async () =>
      same(show(decode(create().decoder(), [stream(create())])), show(samples), 'the payloads'),
  },
  {
    name: 'wherever a stream is cut, the frames are the same',
    run: async () => {
      const framing = create()
      const bytes = stream(framing)
      for (let first = 0; first <= bytes.length; first++) {
        const second = first + ((first * 7) % (bytes.length - first + 1))
        const chunks = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]
        same(show(decode(framing.decoder(), chunks)), show(samples), `cut at ${first} and ${second}`)
      }
      const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
      same(show(decode(framing.decoder(), single)), show(samples), 'cut into single bytes')
    },
  },
  {
    name: 'a decoder keeps no reference to a chunk',
    run: async () => {
      const framing = create()
      const bytes = stream(framing)
      const decoder = framing.decoder()
      const frames: Uint8Array[] = []
      const chunk = new Uint8Array(3)
      for (let at = 0; at < bytes.length; at += chunk.length) {
        const part = bytes.subarray(at, at + chunk.length)
        chunk.set(part)
        decoder.push(chunk.subarray(0, part.length), collect(frames))
        chunk.fill(0)
      }
      same(show(frames), show(samples), 'the payloads')
    },
  },
  {
    name: 'decoders of one framing know nothing of each other',
    run: async () => {
      const framing = create()
      const bytes = stream(framing)
      const [one, other] = [framing.decoder(), framing.decoder()]
      const [ofOne, ofOther]: Uint8Array[][] = [[], []]
      check(ofOne !== undefined && ofOther !== undefined, 'two lists')
      for (let at = 0; at < bytes.length; at += 5) {
        one.push(bytes.subarray(at, at + 5), collect(ofOne))
        other.push(bytes.subarray(at, at + 5), collect(ofOther))
      }
      same(show(ofOne), show(samples), 'the payloads of one')
      same(show(ofOther), show(samples), 'the payloads of the other')
    },
  },
  {
    name: 'nothing is held between frames, and the stream may end there',
    run: async () => {
      const framing = create()
      const decoder = framing.decoder()
      decoder.end()
      for (const payload of samples) {
        decoder.push(frame(framing, payload), () => undefined)
        same(decoder.buffered, 0, 'bytes held after a whole frame')
        decoder.end()
      }
    },
  },
  {
    name: 'what the listener throws passes through',
    run: async () => {
      const framing = create()
      const thrown = new Error('the listener has failed')
      const caught = attempt(() =>
        framing.decoder().push(stream(framing), () => {
          throw thrown
        }),
      )
      same(caught, thrown, 'what was thrown')
    },
  },
  {
    name: 'a payload above the limit is not made',
    run: async () => {
      const framing = create(8)
      same(framing.limit, 8, 'the limit')
      framing.encode(text(8), new Uint8Array(64), 0)
      throwsCode(() => framing.frameLength(9), 'P2P_FRAME_TOO_LONG', 'asking for its length')
      throwsCode(() => framing.encode(text(9), new Uint8Array(64), 0), 'P2P_FRAME_TOO_LONG', 'encoding it')
    },
  },
]

const boundaries = (create: (limit?: number) => Framing): readonly ContractCase[] => [
  {
    name: 'a frame above the limit is refused before its payload is kept, and the decoder is spent',
    run: async () => {
      const decoder = create(8).decoder()
      const frames: Uint8Array[] = []
      const bytes = Uint8Array.from([...frame(create(), text(8)), ...frame(create(), text(40))])
      const error = attempt(() => decoder.push(bytes, collect(frames)))
      check(P2PError.is(error, 'P2P_FRAME_TOO_LONG'), 'the error is P2P_FRAME_TOO_LONG')
      same(separated(frames), separated([text(8)]), 'the frames before it')
      same(decoder.buffered, 0, 'bytes held afterwards')
      const again = attempt(() => decoder.push(frame(create(), text(1)), collect(frames)))
      same(again, error, 'the error of a later push')
      same(
        attempt(() => decoder.end()),
        error,
        'the error of a later end',
      )
      same(frames.length, 1, 'frames delivered')
    },
  },
  {
    name: 'a stream that ends within a frame was cut off',
    run: async () => {
      const framing = create()
      const bytes = frame(framing, text(40))
      for (let length = 1; length < bytes.length; length++) {
        const decoder = framing.decoder()
        decoder.push(bytes.subarray(0, length), () => {
          check(false, 'no frame comes of a part of one')
        })
        check(decoder.buffered > 0, 'the part is held')
        throwsCode(() => decoder.end(), 'P2P_FRAME_CUT_OFF', `ending after ${length} bytes`)
      }
    },
  },
]

/** Printable text of this length, different for each. */
const text = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => 0x21 + ((index * 13 + length) % 0x5d))

const samples: readonly Uint8Array[] = [1, 0, 2, 3, 0, 0, 64, 5, 130, 1, 300].map(text)

const frame = (framing: Framing, payload: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(framing.frameLength(payload.length))
  framing.encode(payload, bytes, 0)
  return bytes
}

const stream = (framing: Framing): Uint8Array =>
  Uint8Array.from(samples.flatMap(payload => [...frame(framing, payload)]))

const collect =
  (frames: Uint8Array[]) =>
  (bytes: Uint8Array, start: number, end: number): void => {
    frames.push(bytes.slice(start, end))
  }

const decode = (decoder: FrameDecoder, chunks: readonly Uint8Array[]): readonly Uint8Array[] => {
  const frames: Uint8Array[] = []
  for (const chunk of chunks) decoder.push(chunk, collect(frames))
  decoder.end()
  return frames
}

const separated = (payloads: readonly Uint8Array[]): string =>
  payloads.map(payload => `<${String.fromCharCode(...payload)}>`).join('')

const joined = (payloads: readonly Uint8Array[]): string =>
  payloads.map(payload => String.fromCharCode(...payload)).join('')

const throwsCode = (action: () => unknown, code: string, what: string): void => {
  check(P2PError.is(attempt(action), code), `${what} throws ${code}`)
}
