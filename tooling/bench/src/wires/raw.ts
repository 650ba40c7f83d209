import { type AddressInfo, connect, createServer, type OnReadOpts, type Server, type Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { certificate, key } from '../certificate.ts'
import { add, type Port, type Tally, type Wire } from '../pair/port.ts'

/** A write as large as this is as cheap by the byte as any. */
const slabLength = 256 * 2 ** 10

/** The rest of a stream of which nothing but the lengths of its frames is read, as fast as that can be written. */
class Reader {
  tally: Tally | undefined
  /** Bytes of the payload that have not come yet. */
  #rest = 0
  /** Bytes of a header of which not all have come, and what they say so far. */
  #header = 0
  #length = 0

  read(bytes: Uint8Array, end: number): void {
    let at = this.#rest
    let messages = 0
    if (at > end) {
      this.#rest = at - end
      return
    }
    if (at > 0) messages = 1
    while (this.#header > 0 && at < end) {
      this.#length = (this.#length << 8) | (bytes[at++] as number)
      if (++this.#header < 4) continue
      this.#header = 0
      at += this.#length
      if (at <= end) messages++
    }
    while (at + 4 <= end) {
      const length =
        ((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number)
      at += 4 + length
      if (at <= end) messages++
    }
    if (at > end) {
      this.#rest = at - end
    } else {
      this.#rest = 0
      while (at < end) {
        this.#length = (this.#header === 0 ? 0 : this.#length << 8) | (bytes[at++] as number)
        this.#header++
      }
    }
    if (this.tally !== undefined && messages > 0) add(this.tally, messages)
  }
}

/** Frames of this payload that fill a slab, and how long one is. */
const slabOf = (message: Uint8Array): { slab: Uint8Array; frameLength: number } => {
  const frameLength = 4 + message.length
  const frames = Math.max(1, Math.floor(slabLength / frameLength))
  const frame = Buffer.alloc(frameLength)
  frame.writeUInt32BE(message.length)
  frame.set(message, 4)
  // From 64 KiB on a write is one message: "raw writes of that size".
  const slab = Buffer.concat(message.length >= 65_536 ? [frame] : Array<Buffer>(frames).fill(frame))
  return { slab, frameLength }
}

const drained = (socket: Socket): Promise<void> => new Promise(resolve => socket.once('drain', resolve))

const portOf = (socket: Socket, reader: Reader): Port => ({
  burst: async (message, count) => {
    const { slab, frameLength } = slabOf(message)
    let rest = count * frameLength
    for (; rest >= slab.length; rest -= slab.length) if (!socket.write(slab)) await drained(socket)
    if (rest > 0) socket.write(slab.subarray(0, rest))
  },
  count: tally => {
    reader.tally = tally
  },
})

/** Dials, and has what comes read. */
type Dial = (port: number, reader: Reader) => Socket

const over = (
  serve: (onSocket: (socket: Socket) => void) => Server,
  dial: Dial,
  connected: string,
): Wire => ({
  listen: accept =>
    new Promise(resolve => {
      const server = serve(socket => accept(portOf(socket, new Reader())))
      server.listen(0, '127.0.0.1', () => resolve(String((server.address() as AddressInfo).port)))
    }),
  dial: address =>
    new Promise((resolve, reject) => {
      const reader = new Reader()
      const socket = dial(Number(address), reader)
      socket.once('error', reject)
      socket.once(connected, () => resolve(portOf(socket, reader)))
    }),
})

const host = '127.0.0.1'

/** Reads into one buffer, without the machinery of streams. */
const onreadOf = (reader: Reader): OnReadOpts => ({
  buffer: new Uint8Array(slabLength),
  callback: (length, bytes) => {
    reader.read(bytes, length)
    return true
  },
})

/** Bare TCP: frames that were encoded before, written many at a time, and counted where they arrive. */
export const rawTcp: Wire = over(
  onSocket => createServer({ noDelay: true }, onSocket),
  (port, reader) => connect({ host, port, noDelay: true, onread: onreadOf(reader) }),
  'connect',
)

const serveTls = (onSocket: (socket: Socket) => void): Server =>
  createTlsServer({ cert: certificate, key, noDelay: true }, onSocket)

/** The same over bare TLS. */
export const rawTls: Wire = over(
  serveTls,
  (port, reader) => connectTls({ host, port, ca: certificate, ...({ onread: onreadOf(reader) } as object) }),
  'secureConnect',
)

/** And over TLS on a socket of TCP that its owner has made, and could reset. Node.js lets no such socket read into a buffer of its owner's. */
export const rawTlsOnSocket: Wire = over(
  serveTls,
  (port, reader) => {
    const socket = connectTls({ host, ca: certificate, socket: connect({ host, port, noDelay: true }) })
    return socket.on('data', (chunk: Buffer) => reader.read(chunk, chunk.length))
  },
  'secureConnect',
)
