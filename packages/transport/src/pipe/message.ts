import type { Address } from '@p2p/interfaces'
import type { Pipe } from './pipe.ts'

/** One message, or of a raw stream one piece, as it came. */
export class Message<T = Uint8Array> {
  /** What came: bytes, which are the receiver's to keep, or what the codec made of them. Every receiver gets the same object: whoever changes it changes it for all. */
  readonly data: T
  /** Where it came from. */
  readonly from: Address
  /** By which pipe it came. */
  readonly pipe: Pipe<T>
  /** Bytes that it took on the wire, without its frame: what queues count. */
  readonly size: number

  constructor(data: T, from: Address, pipe: Pipe<T>, size: number) {
    this.data = data
    this.from = from
    this.pipe = pipe
    this.size = size
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
