import type { Address } from '@p2p/interfaces'
import type { Pipe } from './pipe.ts'

const alone = -1
const shared = -2

// Of all ways from bytes to text the only one that neither looks at them nor needs a Buffer of its own for each message.
const { latin1Slice } = Buffer.prototype as unknown as {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string
}

/** One message, or of a raw stream one piece, as it came. */
export class Message<T = Uint8Array> {
  /** Where it came from. */
  readonly from: Address
  /** By which pipe it came. */
  readonly pipe: Pipe<T>
  /** Bytes that it took on the wire, without its frame: what queues count. */
  readonly size: number
  // The data; or, while nobody has asked for it and `start` is not negative, memory that contains it. Making a view of bytes costs as much as all the rest.
  private source: unknown
  // `alone`: the data needs no more memory than its own. `shared`: it is a view of memory that others share.
  private start: number

  /** @param start where in `source` the bytes begin; -1 if `source` is the data */
  constructor(source: unknown, start: number, size: number, from: Address, pipe: Pipe<T>) {
    this.source = source
    this.start = start
    this.size = size
    this.from = from
    this.pipe = pipe
  }

  /** What came: bytes, which are the receiver's to keep, or what the codec made of them. Whoever changes it may change it for other receivers. */
  get data(): T {
    if (this.start >= 0) {
      const { buffer, byteOffset } = this.source as Uint8Array
      this.source = new Uint8Array(buffer, byteOffset + this.start, this.size)
      this.start = shared
    }
    return this.source as T
  }

  /** For queues: from now on it holds no more memory than its own. */
  settle(): void {
    if (this.start === alone) return
    const start = Math.max(this.start, 0)
    this.source = (this.source as Uint8Array).slice(start, start + this.size)
    this.start = alone
  }

  /** For patterns: the data as text, each byte being the character of its number; `undefined` if it is neither text nor bytes. */
  text(mostBytes: number): string | undefined {
    const { source, start } = this
    if (typeof source === 'string') return source
    if (!(source instanceof Uint8Array)) return undefined
    const from = Math.max(start, 0)
    const length = start === alone ? source.length : this.size
    return latin1Slice.call(source, from, from + Math.min(length, mostBytes))
  }

  /** Sends to where the message came from, as {@link Pipe.send} does. */
  reply(data: T): boolean {
    return this.pipe.send(data, this.from)
  }
}

/** What to hold of messages until somebody takes them. */
export interface QueueOptions {
  /**
   * Most messages that wait.
   *
   * @default 1024
   */
  readonly limit?: number
  /**
   * Most bytes that wait, as counted by {@link Message.size}. One message is always taken, however long.
   *
   * @default 1 048 576
   */
  readonly bytes?: number
  /**
   * What happens when one more comes. `drop-oldest` and `drop-newest` count what they drop. `pause` stops reading from the network until half of the
   * queue was taken; what was read already (at most one chunk, 64 KiB) still comes. Datagrams cannot be paused. `end` ends the subscription with
   * `P2P_QUEUE_OVERFLOW` once what is in it was taken.
   */
  readonly overflow?: Overflow
}

/** What a full queue does. */
export type Overflow = 'drop-oldest' | 'drop-newest' | 'pause' | 'end'

/** The limits of a queue where nothing else is said: a thousand pipes of which nobody takes a message hold a gigabyte at most. */
export const queueLimits: Required<Omit<QueueOptions, 'overflow'>> = { limit: 1_024, bytes: 1_048_576 }
