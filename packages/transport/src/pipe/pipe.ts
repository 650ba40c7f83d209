import type { Address, CloseInfo, Clock, Codec, Framing, WaitOptions } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { positive } from '../limits.ts'
import { closedError } from './errors.ts'
import type { QueueOptions } from './message.ts'
import { checkQueue, MessageQueue } from './queue.ts'
import { Receiver } from './receiver.ts'
import type { MessageSource } from './source.ts'

/** Options of every pipe. */
export interface PipeOptions<T = Uint8Array> {
  /**
   * How messages are told apart in a stream. Datagrams need none: each is a message.
   *
   * @default none: the bytes of a stream come in pieces as the network has them
   */
  readonly framing?: Framing
  /**
   * What values are made of messages.
   *
   * @default none: messages are bytes
   */
  readonly codec?: Codec<T>
  /** Limits of the inbox; the policy is `pause` for streams and `drop-oldest` for datagrams unless told otherwise. */
  readonly inbox?: QueueOptions
  /**
   * Milliseconds of silence of ours after which an empty message is sent, so that the other end knows that we are here. Empty messages that come are then taken as
   * such signs and given to nobody, and cannot be sent. Needs a framing, or datagrams.
   *
   * @default none are sent, and an empty message is a message
   */
  readonly keepAlive?: number
  /**
   * Whose time the deadlines are in.
   *
   * @default the machine's
   */
  readonly clock?: Clock
}

/**
 * A two-way channel for messages, the same over TCP, TLS, WebSocket, Unix sockets, memory and UDP, for who dialled and who listens.
 *
 * Events: `message`, `error`, `close`.
 */
export interface Pipe<T = Uint8Array> extends MessageSource<T>, AsyncDisposable {
  /** Our end. */
  readonly local: Address
  /** The other end. `undefined` for a bound pipe of UDP, which hears everybody. */
  readonly remote: Address | undefined
  /** `outbound` where we dialled or bound. */
  readonly direction: 'inbound' | 'outbound'
  /** Bytes sent and not yet taken by the system. */
  readonly queued: number
  /** When something came last, in milliseconds of the monotonic clock; when the pipe was made, if nothing has. */
  readonly lastReceived: number
  /** Whether the pipe is not read at the moment: nobody has asked for messages yet, or who did is behind. */
  readonly paused: boolean

  /**
   * Sends a message. Bytes belong to the pipe from now on: do not change them.
   *
   * @param to only for a bound pipe of UDP, and there needed: `udp://IP:PORT`
   * @returns `false` when the queue is above its mark: send no more until {@link drained}. After the end the message is dropped and the answer is `false`
   * @throws what the codec throws for a value that it does not take; FramingError `P2P_FRAME_TOO_LONG`; UdpError `P2P_DATAGRAM_TOO_LONG`, `P2P_NO_DESTINATION`;
   * TransportError `P2P_BAD_ADDRESS`; TypeError. Then nothing was sent and the pipe lives on
   */
  send(data: T, to?: Address): boolean

  /** Sends a message that the codec has encoded already, or that needs none; otherwise as {@link send}. */
  sendFrame(payload: Uint8Array, to?: Address): boolean

  /** Resolves when the queue is below its mark; at once if it is so now. Rejects with `P2P_PIPE_CLOSED` if the pipe ends first. Default deadline: none, the end bounds it. */
  drained(options?: WaitOptions): Promise<void>

  /** Ends in order: what was sent leaves first, for at most `timeout` (default 5 000 ms). What waits in queues can still be taken. Idempotent. */
  close(options?: WaitOptions): Promise<void>

  /** Ends at once, what was not sent is dropped. Idempotent. */
  abort(reason?: Error): void

  /** Resolves, never rejects, when the pipe has ended: who ended it, and with which error if not in order. */
  readonly closed: Promise<CloseInfo>
}

/**
 * Options are looked at before anything is opened with them.
 *
 * @throws RangeError, TransportError `P2P_NOT_SUPPORTED`
 */
export const checkOptions = <T>(
  { inbox = {}, keepAlive, framing }: PipeOptions<T>,
  ofStream: boolean,
): void => {
  checkQueue(new MessageQueue<T>(inbox, 'drop-oldest'), ofStream)
  if (keepAlive === undefined) return
  positive('keepAlive', keepAlive)
  if (ofStream && (framing === undefined || framing.frameLength(0) === 0)) {
    throw new RangeError('keepAlive needs a framing: a stream of bytes has no empty messages')
  }
}

/** What pipes share, whatever carries them. */
export abstract class BasePipe<T> extends Receiver<T> implements Pipe<T> {
  abstract readonly local: Address
  abstract readonly remote: Address | undefined
  abstract readonly direction: 'inbound' | 'outbound'
  abstract readonly queued: number
  abstract readonly paused: boolean
  readonly closed: Promise<CloseInfo>
  lastReceived: number
  protected readonly codec: Codec<T> | undefined
  protected isClosed = false
  readonly #keepAlive: number | undefined
  #beat: Disposable | undefined
  #sentSinceBeat = false
  #resolveClosed!: (info: CloseInfo) => void

  constructor(options: PipeOptions<T>, pausable: boolean) {
    const { clock = systemClock, inbox = {}, codec, keepAlive } = options
    super({ clock, inbox, pausable })
    this.codec = codec
    this.lastReceived = clock.monotonic()
    this.closed = new Promise(resolve => (this.#resolveClosed = resolve))
    this.#keepAlive = keepAlive
    this.#scheduleBeat()
  }

  send(data: T, to?: Address): boolean {
    const { codec } = this
    // Without a codec T is bytes, and what is not is refused by who frames or sends it.
    return this.sendFrame(codec === undefined ? (data as Uint8Array) : codec.encode(data), to)
  }

  sendFrame(payload: Uint8Array, to?: Address): boolean {
    if (!(payload instanceof Uint8Array)) throw new TypeError('without a codec a message is a Uint8Array')
    if (this.#keepAlive !== undefined) {
      if (payload.length === 0)
        throw new TypeError('with keepAlive an empty message is a sign of life, and cannot be sent')
      this.#sentSinceBeat = true
    }
    return this.write(payload, to)
  }

  abstract drained(options?: WaitOptions): Promise<void>
  abstract close(options?: WaitOptions): Promise<void>
  abstract abort(reason?: Error): void

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  reaches(to: Address | Pipe<T>): boolean {
    return to === this || (typeof to === 'string' && to === this.remote)
  }

  /** Sends a message of bytes. */
  protected abstract write(payload: Uint8Array, to: Address | undefined): boolean

  /** Sends a sign of life. */
  protected beat(): void {
    this.write(new Uint8Array(0), undefined)
  }

  /** Whether a message is but a sign of life. */
  protected isBeat(length: number): boolean {
    return length === 0 && this.#keepAlive !== undefined
  }

  /** The pipe has ended, and nothing more comes. */
  protected finish(info: CloseInfo): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#beat?.[Symbol.dispose]()
    this.ended(info)
    this.#resolveClosed(info)
  }

  protected override describe(): string {
    const { remote } = this
    return remote === undefined ? `the pipe at ${this.local}` : `the pipe between ${this.local} and ${remote}`
  }

  protected closedError(cause?: Error): Error {
    return closedError(this.describe(), cause)
  }

  #scheduleBeat(): void {
    if (this.#keepAlive === undefined) return
    this.#beat = this.clock.after(this.#keepAlive, () => {
      if (!this.#sentSinceBeat) this.beat()
      this.#sentSinceBeat = false
      this.#scheduleBeat()
    })
  }
}
