import { frameWriter, type FrameWriter, raw } from '@p2p/framing'
import type {
  Address,
  CloseInfo,
  Connection,
  FrameDecoder,
  FrameListener,
  WaitOptions,
} from '@p2p/interfaces'
import { P2PError } from '@p2p/interfaces'
import { TransportError } from '../errors.ts'
import { Message } from './message.ts'
import { BasePipe, checkOptions, type Pipe, type PipeOptions } from './pipe.ts'

/**
 * Bytes of a chunk that are copied at once, for all the short messages in them: an allocation for each would cost more than all the rest. Who keeps one keeps
 * this much, queues not (see {@link Message.settle}).
 */
const blockSize = 16_384

/** Messages up to this many bytes share memory. */
const longestShared = 1_024

const nothing = new Uint8Array(0)

/** A connection as a pipe. */
export class ConnectionPipe<T = Uint8Array> extends BasePipe<T> {
  readonly local: Address
  readonly remote: Address
  readonly direction: Connection['direction']
  readonly #connection: Connection
  readonly #decoder: FrameDecoder
  readonly #writer: FrameWriter
  #paused = false
  #disposed = false
  // The chunk that is being taken apart, and the copy of its bytes from `blockStart` on.
  #chunk: Uint8Array = nothing
  #block: Uint8Array = nothing
  #blockStart = 0

  /** @throws RangeError for an option out of range, and for `keepAlive` without a framing that can carry empty messages */
  constructor(connection: Connection, options: PipeOptions<T> = {}) {
    const framing = options.framing ?? raw()
    checkOptions(options, true)
    super(options, true)
    this.local = connection.local
    this.remote = connection.remote
    this.direction = connection.direction
    this.#connection = connection
    this.#decoder = framing.decoder()
    this.#writer = frameWriter(connection, framing, { schedule: queueMicrotask })
    void connection.closed.then(info => this.#finish(info))
  }

  get queued(): number {
    return this.#connection.queued + this.#writer.pending
  }

  get paused(): boolean {
    return this.#paused || !this.wanted
  }

  drained(options?: WaitOptions): Promise<void> {
    if (this.#disposed) return Promise.reject(this.closedError())
    return this.#writer.drained(options).catch((error: unknown) => {
      throw P2PError.is(error, 'P2P_CONNECTION_CLOSED')
        ? this.closedError(error.cause as Error | undefined)
        : error
    })
  }

  async close(options?: WaitOptions): Promise<void> {
    this.#writer.flush()
    await this.#connection.close(options)
    await this.closed
  }

  abort(reason?: Error): void {
    this.#dispose()
    this.#connection.abort(reason)
  }

  protected write(payload: Uint8Array, to: Address | undefined): boolean {
    if (to !== undefined && to !== this.remote) {
      throw new TransportError('P2P_BAD_ADDRESS', `${this.describe()} does not lead to ${to}`)
    }
    return this.#writer.write(payload)
  }

  protected start(): void {
    this.#connection.onData(chunk => {
      this.lastReceived = this.clock.monotonic()
      this.#chunk = chunk
      this.#decoder.push(chunk, this.#onFrame)
      this.#chunk = nothing
      this.#block = nothing
      this.#blockStart = 0
      if (this.full && !this.#paused) {
        this.#paused = true
        this.#connection.pause()
      }
    })
  }

  protected relieved(): void {
    if (!this.#paused) return
    this.#paused = false
    // It was our fault that nothing came.
    this.lastReceived = this.clock.monotonic()
    this.#connection.resume()
  }

  // What it throws, of the codec, ends the connection with that error: the other end has sent what it should not have.
  readonly #onFrame: FrameListener = (bytes, start, end) => {
    const size = end - start
    if (this.isBeat(size)) return
    const { codec } = this
    if (codec !== undefined) {
      const data = codec.decode(bytes.subarray(start, end))
      void this.deliver(new Message(data, -1, size, this.remote, this))
    } else if (size > longestShared || bytes !== this.#chunk) {
      // What spans chunks lies in memory of the decoder.
      void this.deliver(new Message(bytes.slice(start, end), -1, size, this.remote, this))
    } else {
      if (end - this.#blockStart > this.#block.length) {
        const part = bytes.subarray(start, start + blockSize)
        // All of it is written at once, so it need not be zeroed before. A plain view of it, because Buffer's `slice` does not copy.
        this.#block = new Uint8Array(Buffer.allocUnsafeSlow(part.length).buffer)
        this.#block.set(part)
        this.#blockStart = start
      }
      void this.deliver(new Message(this.#block, start - this.#blockStart, size, this.remote, this))
    }
  }

  #dispose(): void {
    this.#disposed = true
    this.#writer.dispose()
  }

  #finish(info: CloseInfo): void {
    this.#dispose()
    if (info.error !== undefined) {
      this.finish(info)
      return
    }
    try {
      this.#decoder.end()
      this.finish(info)
    } catch (error) {
      this.finish({ by: info.by, error: error as Error })
    }
  }
}

/** A connection of any transport as a pipe, which owns it. Nobody else may have called its `onData`. */
export const fromConnection = <T = Uint8Array>(
  connection: Connection,
  options: PipeOptions<T> = {},
): Pipe<T> => new ConnectionPipe(connection, options)
