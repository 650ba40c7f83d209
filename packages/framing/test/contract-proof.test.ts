import type { Codec, FrameDecoder, FrameListener, Framing } from '@p2p/interfaces'
import { codecContract, type ContractCase, framingContract } from '@p2p/interfaces/contracts'
import { describe, expect, it } from 'vitest'

import { bytes as bytesCodec, lengthPrefixed, msgpack } from '../src/index.ts'
import { unhex } from './streams.ts'

/** The names of the cases that an implementation fails. */
const failures = async (cases: readonly ContractCase[]): Promise<string[]> => {
  const failed: string[] = []
  for (const { name, run } of cases) {
    try {
      await run()
    } catch {
      failed.push(name)
    }
  }
  return failed
}

/** A framing with one fault: its decoders, its encoder, or its lengths are not what they should be. */
const broken =
  (fault: (framing: Framing) => Partial<Framing>) =>
  (limit?: number): Framing => {
    const framing = lengthPrefixed({ limit })
    return {
      limit: framing.limit,
      frameLength: length => framing.frameLength(length),
      encode: (payload, target, offset) => framing.encode(payload, target, offset),
      decoder: () => framing.decoder(),
      ...fault(framing),
    }
  }

const withDecoder = (fault: (decoder: FrameDecoder) => Partial<FrameDecoder>) =>
  broken(framing => ({
    decoder: () => {
      const decoder = framing.decoder()
      return {
        get buffered() {
          return decoder.buffered
        },
        push: (chunk: Uint8Array, onFrame: FrameListener) => {
          decoder.push(chunk, onFrame)
        },
        end: () => {
          decoder.end()
        },
        ...fault(decoder),
      }
    },
  }))

const swallowing = (action: () => void) => {
  try {
    action()
  } catch {
    // this is the fault
  }
}

const brokenFramings: readonly [string, (limit?: number) => Framing][] = [
  [
    'drops empty frames',
    withDecoder(decoder => ({
      push: (chunk, onFrame) =>
        decoder.push(chunk, (bytes, start, end) => {
          if (end > start) onFrame(bytes, start, end)
        }),
    })),
  ],
  [
    'delivers frames in the reverse order',
    withDecoder(decoder => ({
      push: (chunk, onFrame) => {
        const frames: Parameters<FrameListener>[] = []
        decoder.push(chunk, (...frame) => frames.unshift(frame))
        for (const frame of frames) onFrame(...frame)
      },
    })),
  ],
  [
    'delivers what it was given last when it was fed in pieces',
    withDecoder(decoder => {
      let kept = new Uint8Array(0)
      return {
        push: (chunk, onFrame) => {
          decoder.push(kept, onFrame)
          kept = chunk as Uint8Array<ArrayBuffer>
        },
      }
    }),
  ],
  ['does not know that a stream was cut off', withDecoder(() => ({ end: () => undefined }))],
  [
    'thinks every stream cut off',
    withDecoder(() => ({
      end: () => {
        throw new Error('cut off')
      },
    })),
  ],
  ['holds nothing, as it says', withDecoder(() => ({ buffered: 0 }))],
  ['always holds something', withDecoder(() => ({ buffered: 1 }))],
  [
    'swallows what the listener throws',
    withDecoder(decoder => ({
      push: (chunk, onFrame) =>
        decoder.push(chunk, (...frame) => {
          swallowing(() => {
            onFrame(...frame)
          })
        }),
    })),
  ],
  [
    'swallows its own errors',
    withDecoder(decoder => ({
      push: (chunk, onFrame) => {
        swallowing(() => {
          decoder.push(chunk, onFrame)
        })
      },
    })),
  ],
  [
    'has one decoder for all',
    broken(framing => {
      const decoder = framing.decoder()
      return { decoder: () => decoder }
    }),
  ],
  ['takes frames of any length', broken(() => ({ decoder: () => lengthPrefixed().decoder() }))],
  ['makes frames of any length', broken(framing => ({ ...wide(), decoder: () => framing.decoder() }))],
  ['tells a wrong length', broken(framing => ({ frameLength: length => framing.frameLength(length) + 1 }))],
  [
    'tells a wrong offset',
    broken(framing => ({
      encode: (payload, target, offset) => framing.encode(payload, target, offset) - offset,
    })),
  ],
  [
    'writes beyond the frame',
    broken(framing => ({
      encode: (payload, target, offset) => {
        const end = framing.encode(payload, target, offset)
        target[end] = 0
        return end
      },
    })),
  ],
  [
    'writes before the frame',
    broken(framing => ({
      encode: (payload, target, offset) => {
        target[offset - 1] = 0
        return framing.encode(payload, target, offset)
      },
    })),
  ],
  [
    'writes at the start, whatever the offset',
    broken(framing => ({
      encode: (payload, target, offset) => {
        framing.encode(payload, target, 0)
        return offset + framing.frameLength(payload.length)
      },
    })),
  ],
]

const wide = (): Framing => {
  const framing = lengthPrefixed()
  return {
    limit: 8,
    frameLength: length => framing.frameLength(length),
    encode: (payload, target, offset) => framing.encode(payload, target, offset),
    decoder: () => framing.decoder(),
  }
}

describe('the framing contract', () => {
  it('is kept by what is whole', async () => {
    expect(await failures(framingContract(broken(() => ({}))))).toEqual([])
    expect(await failures(framingContract(withDecoder(() => ({}))))).toEqual([])
  })

  it.each(brokenFramings)('is not kept by one that %s', async (_name, create) => {
    expect(await failures(framingContract(create))).not.toEqual([])
  })
})

const samples = {
  values: [null, 1, 'text', { a: [unhex('0102')], b: 'text' }],
  unencodable: [undefined, () => 1],
  undecodable: [unhex('c1'), unhex('0000')],
}

const codecWith = (fault: (codec: Codec) => Partial<Codec>) => (): Codec => {
  const codec = msgpack()
  return { encode: value => codec.encode(value), decode: encoded => codec.decode(encoded), ...fault(codec) }
}

const shared = new Uint8Array(1000)

const brokenCodecs: readonly [string, () => Codec][] = [
  [
    'encodes into memory that it uses again',
    codecWith(codec => ({
      encode: value => {
        const encoded = codec.encode(value)
        shared.set(encoded)
        return shared.subarray(0, encoded.length)
      },
    })),
  ],
  [
    'reads from the start of the memory',
    codecWith(codec => ({
      decode: encoded => codec.decode(new Uint8Array(encoded.buffer, 0, encoded.length)),
    })),
  ],
  [
    'changes what it decodes',
    codecWith(codec => ({
      decode: encoded => {
        const value = codec.decode(encoded)
        encoded.fill(0)
        return value
      },
    })),
  ],
  [
    'loses values',
    codecWith(codec => ({
      decode: encoded => {
        codec.decode(encoded)
        return null
      },
    })),
  ],
  [
    'encodes what it cannot represent',
    codecWith(codec => ({ encode: value => codec.encode(value ?? null) })),
  ],
  [
    'throws an error of another kind for what it cannot represent',
    codecWith(codec => ({
      encode: value => {
        try {
          return codec.encode(value)
        } catch {
          throw new RangeError('no')
        }
      },
    })),
  ],
  [
    'decodes what it would not have made',
    codecWith(codec => ({
      decode: encoded => {
        try {
          return codec.decode(encoded)
        } catch {
          return null
        }
      },
    })),
  ],
  [
    'throws errors without a code',
    codecWith(codec => ({
      decode: encoded => {
        try {
          return codec.decode(encoded)
        } catch {
          throw new Error('bad')
        }
      },
    })),
  ],
  [
    'decodes to what it cannot encode',
    codecWith(codec => ({
      decode: encoded => {
        try {
          return codec.decode(encoded)
        } catch (error) {
          if (encoded.length < 4) throw error
          return new Date()
        }
      },
    })),
  ],
]

describe('the codec contract', () => {
  it('is kept by what is whole', async () => {
    expect(
      await failures(
        codecContract(
          codecWith(() => ({})),
          samples,
        ),
      ),
    ).toEqual([])
  })

  it.each(brokenCodecs)('is not kept by one that %s', async (_name, create) => {
    expect(await failures(codecContract(create, samples))).not.toEqual([])
  })

  it('is not kept by one that hands out the bytes that it was given', async () => {
    const values = [unhex('0102')]
    const aliasing = {
      encode: (value: Uint8Array) => value.slice(),
      decode: (encoded: Uint8Array) => encoded,
    }
    expect(await failures(codecContract(() => aliasing, { values }))).toEqual([
      'decode keeps no reference to the bytes, and changes none',
    ])
    expect(await failures(codecContract(() => bytesCodec(), { values }))).toEqual([])
  })
})
