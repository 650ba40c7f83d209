import { type FrameWriter, frameWriter, lengthPrefixed } from '@p2p/framing'
import { type Case, type Contender, field, type Suite, times } from '../case.ts'
import { peer, present } from '../peers.ts'
import { perSecond } from '../timed.ts'

/** What `it-length-prefixed` is used for here, with lengths as ours are. */
interface ItLengthPrefixed {
  readonly encode: { readonly single: (chunk: Uint8Array, options: Lengths) => ByteList }
  readonly decode: (source: Iterable<Uint8Array>, options: Lengths) => Iterable<ByteList>
}
interface ByteList extends Iterable<Uint8Array> {
  readonly byteLength: number
  getUint32(at: number): number
  subarray(): Uint8Array
}
interface Lengths {
  readonly lengthEncoder: ((length: number) => Uint8Array) & { bytes: number }
  readonly lengthDecoder: ((bytes: ByteList) => number) & { bytes: number }
  readonly maxDataLength: number
}

const lengths: Lengths = {
  lengthEncoder: Object.assign(
    (length: number): Uint8Array => {
      const bytes = Buffer.allocUnsafe(4)
      bytes.writeUInt32BE(length)
      return bytes
    },
    { bytes: 4 },
  ),
  lengthDecoder: Object.assign((bytes: ByteList): number => bytes.getUint32(0), { bytes: 4 }),
  maxDataLength: 16 * 2 ** 20,
}

/** What the `ws` package is used for here. */
interface Ws {
  readonly Sender: { frame(data: Buffer, options: object): Buffer[] }
  readonly Receiver: new (options: object) => {
    write(chunk: Uint8Array): boolean
    on(event: 'message', listener: (data: Buffer) => void): unknown
  }
}

const unmasked = { fin: true, rsv1: false, opcode: 2, mask: false, readOnly: false }

/** Keeps what was decoded alive in the eyes of the compiler. */
let seen = 0

/** Adds to it within 31 bits: a greater number would be an object of its own, made anew for each message. */
const see = (length: number): void => {
  seen = (seen + length) & 0x3fff_ffff
}

/** How many bytes go into one chunk between encoding and decoding: as much as a socket reads at once. */
const chunkLength = 65_536

/** As our writer does it: V8 looks a method up along the prototypes at each call. */
const copyInto = (() => {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is only ever called with its `this`
  const { set } = Uint8Array.prototype
  return (target: Uint8Array, source: Uint8Array, offset: number): void => {
    set.call(target, source, offset)
  }
})()

/** Packs frames into slabs of {@link chunkLength} bytes and gives each one to a consumer, as fast as that can be written. */
const packed = (payload: Uint8Array, consume: (slab: Uint8Array, end: number) => void) => {
  const slab = new Uint8Array(chunkLength)
  const { length } = payload
  const frameLength = 4 + length
  return (count: number): void => {
    let at = 0
    for (let index = 0; index < count; index++) {
      if (at + frameLength > chunkLength) {
        consume(slab, at)
        at = 0
      }
      slab[at] = length >>> 24
      slab[at + 1] = length >>> 16
      slab[at + 2] = length >>> 8
      slab[at + 3] = length
      copyInto(slab, payload, at + 4)
      at += frameLength
    }
    consume(slab, at)
  }
}

const byOffsets = (slab: Uint8Array, end: number): void => {
  let at = 0
  let sum = 0
  while (at + 4 <= end) {
    const length =
      ((slab[at] as number) << 24) |
      ((slab[at + 1] as number) << 16) |
      ((slab[at + 2] as number) << 8) |
      (slab[at + 3] as number)
    const start = at + 4
    at = start + length
    sum += at - start
  }
  see(sum)
}

const byViews = (slab: Uint8Array, end: number): void => {
  let at = 0
  let sum = 0
  while (at + 4 <= end) {
    const length =
      ((slab[at] as number) << 24) |
      ((slab[at + 1] as number) << 16) |
      ((slab[at + 2] as number) << 8) |
      (slab[at + 3] as number)
    const view = slab.subarray(at + 4, at + 4 + length)
    at += 4 + length
    sum += view.length
  }
  see(sum)
}

/** Our writer with our decoder behind it. */
const ours = (payload: Uint8Array, onFrame: (bytes: Uint8Array, start: number, end: number) => void) => {
  const framing = lengthPrefixed()
  const decoder = framing.decoder()
  const sink = {
    write: (chunk: Uint8Array, release?: () => void): boolean => {
      decoder.push(chunk, onFrame)
      release?.()
      return true
    },
  }
  const writer: FrameWriter = frameWriter(sink, framing, { schedule: queueMicrotask })
  return (count: number): void => {
    for (let index = 0; index < count; index++) writer.write(payload)
    writer.flush()
  }
}

/** Joins what a peer has encoded into chunks, as the system does between two sockets. */
const chunker = (consume: (chunk: Buffer) => void) => {
  // Peers keep what they are given: they need fresh memory for each chunk.
  let chunk = Buffer.allocUnsafeSlow(chunkLength)
  let at = 0
  const flush = (): void => {
    consume(chunk.subarray(0, at))
    chunk = Buffer.allocUnsafeSlow(chunkLength)
    at = 0
  }
  const push = (bytes: Uint8Array): void => {
    if (at + bytes.length > chunkLength) flush()
    chunk.set(bytes, at)
    at += bytes.length
  }
  return { push, flush }
}

const itLengthPrefixed = async (payload: Uint8Array): Promise<(count: number) => void> => {
  const { encode, decode } = await peer<ItLengthPrefixed>('it-length-prefixed')
  return count => {
    const chunks: Buffer[] = []
    const { push, flush } = chunker(chunk => chunks.push(chunk))
    const source = function* (): Generator<Uint8Array> {
      for (let index = 0; index < count; index++) {
        for (const piece of encode.single(payload, lengths)) push(piece)
        while (chunks.length > 0) yield chunks.shift() as Buffer
      }
      flush()
      yield* chunks
    }
    for (const message of decode(source(), lengths)) see(message.subarray().length)
  }
}

const wsFraming = async (payload: Uint8Array): Promise<(count: number) => void> => {
  const { Sender, Receiver } = await peer<Ws>('ws')
  const receiver = new Receiver({ isServer: false, skipUTF8Validation: true, allowSynchronousEvents: true })
  receiver.on('message', data => see(data.length))
  const { push, flush } = chunker(chunk => receiver.write(chunk))
  const data = Buffer.from(payload)
  return count => {
    for (let index = 0; index < count; index++) {
      for (const piece of Sender.frame(data, unmasked)) push(piece)
    }
    flush()
  }
}

const messages = 'messages'
const small = new Uint8Array(64).fill(7)

const encodeAndDecode = (
  name: string,
  limit: string,
  contenders: Readonly<Record<'limit' | 'ours', () => (count: number) => void>>,
  [againstIt, againstWs]: readonly [number, number],
): Case => ({
  name,
  metrics: { [messages]: '1/s' },
  bars: [
    times(messages, 'it-length-prefixed', againstIt),
    times(messages, 'ws framing', againstWs),
    times(messages, limit, 0.8),
  ],
  open: async () => {
    const { contenders: ready, absent } = await present({
      ours: () => perSecond(contenders.ours(), messages),
      [limit]: () => perSecond(contenders.limit(), messages),
      'it-length-prefixed': async () => perSecond(await itLengthPrefixed(small), messages),
      'ws framing': async () => perSecond(await wsFraming(small), messages),
    })
    return field(ready, { absent })
  },
})

/** Chunks of a stream of frames with these payloads. `header` makes what stands before one. */
const streamOf = (
  payloads: readonly Uint8Array[],
  header: (length: number) => Uint8Array,
  length: number,
): readonly Uint8Array[] => {
  const stream = Buffer.concat(payloads.flatMap(payload => [header(payload.length), payload]))
  const chunks: Uint8Array[] = []
  for (let at = 0; at < stream.length; at += length) {
    chunks.push(new Uint8Array(stream.subarray(at, at + length)))
  }
  return chunks
}

const prefix = (length: number): Uint8Array => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return bytes
}

const expectFrames = (found: number, expected: number): void => {
  if (found !== expected) throw new Error(`${found} frames were decoded, not ${expected}`)
}

type Decode = (chunks: readonly Uint8Array[]) => number

const decodeOurs = (): Decode => {
  const decoder = lengthPrefixed().decoder()
  let frames = 0
  const onFrame = (_bytes: Uint8Array, start: number, end: number): void => {
    frames++
    see(end - start)
  }
  return chunks => {
    frames = 0
    for (let index = 0; index < chunks.length; index++) decoder.push(chunks[index] as Uint8Array, onFrame)
    return frames
  }
}

const decodeIt = async (): Promise<Decode> => {
  const { decode } = await peer<ItLengthPrefixed>('it-length-prefixed')
  return chunks => {
    let frames = 0
    for (const message of decode(chunks, lengths)) {
      frames++
      see(message.subarray().length)
    }
    return frames
  }
}

const decodeWs = async (): Promise<Decode> => {
  const { Receiver } = await peer<Ws>('ws')
  const receiver = new Receiver({ isServer: false, skipUTF8Validation: true, allowSynchronousEvents: true })
  let frames = 0
  receiver.on('message', data => {
    frames++
    see(data.length)
  })
  return chunks => {
    frames = 0
    for (const chunk of chunks) receiver.write(chunk)
    return frames
  }
}

/** Decodes a stream over and over. */
const decoding = (
  decode: Decode,
  chunks: readonly Uint8Array[],
  frames: number,
  factor: number,
  metric: string,
) =>
  perSecond(
    count => {
      for (let index = 0; index < count; index++) expectFrames(decode(chunks), frames)
    },
    metric,
    factor,
  )

const wsHeader = async (): Promise<(length: number) => Uint8Array> => {
  const { Sender } = await peer<Ws>('ws')
  return length => Sender.frame(Buffer.alloc(length), unmasked)[0] as Uint8Array
}

const decodeLarge = (name: string, length: number, bar: number): Case => ({
  name,
  metrics: { [messages]: '1/s' },
  bars: [times(messages, 'it-length-prefixed', bar), times(messages, 'ws framing', bar)],
  open: async () => {
    const frames = Math.max(1, Math.floor(2 ** 20 / length))
    const payloads = Array.from({ length: frames }, () => new Uint8Array(length).fill(7))
    const chunks = streamOf(payloads, prefix, 1_460)
    const { contenders, absent } = await present({
      ours: () => decoding(decodeOurs(), chunks, frames, frames, messages),
      'it-length-prefixed': async () => decoding(await decodeIt(), chunks, frames, frames, messages),
      'ws framing': async () =>
        decoding(await decodeWs(), streamOf(payloads, await wsHeader(), 1_460), frames, frames, messages),
    })
    return field(contenders, { absent })
  },
})

const bytes = 'bytes'

const singleBytes: Case = {
  name: '1-byte chunks',
  metrics: { [bytes]: '1/s' },
  bars: [
    times(bytes, 'it-length-prefixed', 12),
    // Linear: a byte of a frame a thousand times as long costs as much.
    times(bytes, 'ours', 0.8, 'ours, frames of 64 KiB'),
  ],
  open: async () => {
    const total = 2 ** 18
    const chunksOf = (length: number) => {
      const frames = total / length
      const payloads = Array.from({ length: frames }, () => new Uint8Array(length).fill(7))
      return { chunks: streamOf(payloads, prefix, 1), frames }
    }
    const short = chunksOf(64)
    const long = chunksOf(65_536)
    const { contenders, absent } = await present({
      ours: () => decoding(decodeOurs(), short.chunks, short.frames, short.chunks.length, bytes),
      'it-length-prefixed': async () =>
        decoding(await decodeIt(), short.chunks, short.frames, short.chunks.length, bytes),
    })
    const further: Contender = {
      subject: 'ours, frames of 64 KiB',
      measure: decoding(decodeOurs(), long.chunks, long.frames, long.chunks.length, bytes),
    }
    return field([...contenders, further], { absent })
  },
}

export const framing: Suite = {
  name: 'framing',
  about: 'bytes to frames and back, in one process',
  cases: [
    encodeAndDecode(
      'encode and decode 64 B, by offsets',
      'limit: recycled slab, offsets',
      {
        ours: () => ours(small, (_bytes, start, end) => see(end - start)),
        limit: () => packed(small, byOffsets),
      },
      [20, 8],
    ),
    encodeAndDecode(
      'encode and decode 64 B, by views',
      'limit: slab, views',
      {
        ours: () => ours(small, (slab, start, end) => see(slab.subarray(start, end).length)),
        limit: () => packed(small, byViews),
      },
      [7, 3.5],
    ),
    decodeLarge('decode 64 KiB from chunks of 1460 B', 65_536, 3),
    decodeLarge('decode 1 MiB from chunks of 1460 B', 2 ** 20, 5),
    singleBytes,
  ],
}
