import { bytes, json, msgpack, text } from '@p2p/framing'
import type { Codec } from '@p2p/interfaces'
import type { SeededRandom } from '@p2p/simulation'
import { expect, expectEqual, unlessRefused } from '../bytes.ts'
import { mutate } from '../mutate.ts'
import type { Target, Verdict } from '../target.ts'
import { changedValue, randomValue } from '../values.ts'

const check = (codec: Codec, canonical: boolean, input: Uint8Array): Verdict => {
  const decoded = unlessRefused(['P2P_NOT_DECODABLE'], () => codec.decode(input))
  if (!('value' in decoded)) return 'refused'
  const encoded = codec.encode(decoded.value)
  if (canonical) expectEqual(encoded, input, 'what was decoded encodes to')
  const again = codec.decode(encoded)
  expectEqual(codec.encode(again), encoded, 'encoded a second time it is')
  // JSON has one zero, as its docstring says
  if (codec !== jsonCodec) expectEqual(again, decoded.value, 'decoded a second time it is')
  return 'accepted'
}

const jsonCodec = json()
const msgpackCodec = msgpack()

/** A value, encoded, and in half of the cases damaged a little. */
const encodedValue =
  (codec: Codec, binary: boolean) =>
  (random: SeededRandom, corpus: readonly Uint8Array[]): Uint8Array => {
    const sample = corpus.length > 0 && random.chance(0.5) ? random.pick(corpus) : undefined
    try {
      const value =
        sample === undefined ? randomValue(random, 5, binary) : changedValue(codec.decode(sample), random)
      const encoded = codec.encode(value)
      return random.chance(0.5) ? encoded : mutate([encoded], random)
    } catch {
      // A sample that is refused, or a value that this codec has not: damaged bytes will do
      return mutate(corpus, random)
    }
  }

/** Arrays within arrays as deep as it is long, or lengths of which nothing comes. */
const nested = (random: SeededRandom): Uint8Array =>
  random.chance(0.7)
    ? new Uint8Array(1 + random.integer(3_000)).fill(random.pick([0x91, 0x81, 0x5b, 0x7b]))
    : Uint8Array.of(
        random.pick([0xdd, 0xdf, 0xc6, 0xdb]),
        0x7f,
        0xff,
        0xff,
        0xff,
        ...random.fill(new Uint8Array(8)),
      )

const codec = (name: string, about: string, made: Codec, canonical: boolean, binary?: boolean): Target => {
  const target = {
    name,
    about,
    open: () => ({ check: (input: Uint8Array) => check(made, canonical, input) }),
  }
  if (binary === undefined) return target
  const encoded = encodedValue(made, binary)
  return {
    ...target,
    generate: (random, corpus) => (random.chance(0.05) ? nested(random) : encoded(random, corpus)),
  }
}

const bytesCodec = bytes()

export const codecs: readonly Target[] = [
  codec('msgpack', '@p2p/framing msgpack: one value', msgpackCodec, false, true),
  codec('json', '@p2p/framing json: one value', jsonCodec, false, false),
  codec('text', '@p2p/framing text: UTF-8', text(), true),
  {
    name: 'bytes',
    about: '@p2p/framing bytes: as they are, in memory of their own',
    open: () => ({
      check: input => {
        const decoded = bytesCodec.decode(input)
        expectEqual(decoded, new Uint8Array(input), 'it is')
        expect(decoded.buffer !== input.buffer, 'it shares memory with the input')
        return 'accepted'
      },
    }),
  },
]
