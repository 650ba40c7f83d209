import { lengthPrefixed, lines, raw, varint } from '@p2p/framing'
import { type Framing, P2PError } from '@p2p/interfaces'
import { SeededRandom } from '@p2p/simulation'
import { concat, expect, expectEqual, hashOf } from '../bytes.ts'
import type { Target, Verdict } from '../target.ts'

/** Small enough that damaged lengths are above it as often as below. */
const limit = 300

/** A framing whose frames are the only way to say what they say: what was taken encodes to what came. */
export interface Variant {
  readonly framing: Framing
  readonly canonical: boolean
}

interface Decoded {
  readonly frames: readonly Uint8Array[]
  /** The code of the error that ended it. */
  readonly end: string | undefined
}

const documented = ['P2P_FRAME_TOO_LONG', 'P2P_FRAME_CUT_OFF', 'P2P_NOT_DECODABLE']

const decoded = (framing: Framing, chunks: readonly Uint8Array[], length: number): Decoded => {
  const decoder = framing.decoder()
  const frames: Uint8Array[] = []
  const onFrame = (bytes: Uint8Array, start: number, end: number) => void frames.push(bytes.slice(start, end))
  try {
    for (const chunk of chunks) {
      decoder.push(chunk, onFrame)
      expect(decoder.buffered <= length, `${decoder.buffered} bytes are kept of ${length} that came`)
    }
    decoder.end()
    return { frames, end: undefined }
  } catch (error) {
    if (!P2PError.is(error) || !documented.includes(error.code)) throw error
    let again: unknown
    try {
      decoder.push(new Uint8Array(1), onFrame)
    } catch (second) {
      again = second
    }
    expect(again === error, 'a spent decoder throws something else the second time')
    return { frames, end: error.code }
  }
}

/** Cut anywhere, but the same input always at the same places. */
const cuts = (input: Uint8Array): Uint8Array[] => {
  const random = new SeededRandom(hashOf(input))
  const chunks: Uint8Array[] = []
  for (let at = 0; at < input.length;) {
    const end = at + 1 + random.integer(random.chance(0.3) ? 200 : 5)
    chunks.push(input.slice(at, end))
    at = end
  }
  return chunks
}

const checkVariant = ({ framing, canonical }: Variant, input: Uint8Array): Decoded => {
  const whole = decoded(framing, [input], input.length)
  expectEqual(decoded(framing, cuts(input), input.length), whole, 'cut in pieces it is')
  const encoded = whole.frames.map(frame => {
    const bytes = new Uint8Array(framing.frameLength(frame.length))
    expectEqual(framing.encode(frame, bytes, 0), bytes.length, 'the length of a frame is')
    return bytes
  })
  const again = concat(encoded)
  if (canonical) {
    expectEqual(again, input.slice(0, again.length), 'the frames encode to')
    if (whole.end === undefined) expectEqual(again.length, input.length, 'the frames encode to a length of')
  } else {
    expectEqual(
      decoded(framing, [again], again.length),
      { frames: whole.frames, end: undefined },
      'encoded again it is',
    )
  }
  return whole
}

/** A framing as a target, in some variants. */
export const framing = (name: string, about: string, variants: readonly Variant[]): Target => ({
  name,
  about,
  open: () => ({
    check: (input): Verdict => {
      const ends = variants.map(variant => checkVariant(variant, input).end)
      return ends.includes(undefined) ? 'accepted' : 'refused'
    },
  }),
})

/** Frames are the chunks as they come, whatever they are. */
const checkRaw = (input: Uint8Array): Verdict => {
  for (const chunks of [[input], cuts(input)]) {
    const { frames, end } = decoded(raw({ limit: 65_536 }), chunks, input.length)
    expect(end === undefined || end === 'P2P_FRAME_TOO_LONG', `raw ended with ${end}`)
    if (end === undefined) expectEqual(concat(frames), input, 'the frames together are')
  }
  return 'accepted'
}

export const framings: readonly Target[] = [
  framing('length-prefixed', '@p2p/framing lengthPrefixed: a stream of frames, widths 4 and 2', [
    { framing: lengthPrefixed({ limit }), canonical: true },
    { framing: lengthPrefixed({ width: 2 }), canonical: true },
    { framing: lengthPrefixed(), canonical: true },
  ]),
  framing('varint', '@p2p/framing varint: a stream of frames', [
    { framing: varint({ limit }), canonical: true },
    { framing: varint(), canonical: true },
  ]),
  framing('lines', '@p2p/framing lines: a stream of lines, also with CR LF', [
    { framing: lines({ limit }), canonical: true },
    { framing: lines({ limit, crlf: true }), canonical: false },
    { framing: lines({ delimiter: '\0' }), canonical: true },
  ]),
  { name: 'raw', about: '@p2p/framing raw: chunks as they come', open: () => ({ check: checkRaw }) },
]
