import type { Address, Clock, CloseInfo, Connection, PeerId, WaitOptions } from '@p2p/interfaces'
import { wait, type Waiter } from '@p2p/interfaces/wait'
import { FrameReader, Kind, mark } from './core/frames.ts'
import { refusalError } from './core/opening.ts'
import { RecordOpener, RecordSealer } from './core/record-cipher.ts'
import type { SessionKeys } from './core/handshake-state.ts'
import { NoiseError } from './errors.ts'
import { closeTimeout, queueLimit } from './limits.ts'
import type { Primitives } from './primitives/primitives.ts'
import { RecordReader } from './record-reader.ts'
import { RecordWriter, type RecordWriterOwner } from './record-writer.ts'

/** Who is at the other end of a connection, proven. */
export interface ProvenPeer {
  /** Base58 of SHA-384 of its key. */
  readonly id: PeerId
  /** Its Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array
  /** What it said in the handshake. */
  readonly hello: Uint8Array
}

/** A connection of which nobody on the way can read, change, repeat or cut off anything unnoticed, and whose other end is proven. */
export interface SecuredConnection extends Connection {
  readonly peer: ProvenPeer
}

/** What an established session begins with. */
export interface Session {
  readonly below: Connection
  readonly peer: ProvenPeer
  readonly keys: SessionKeys
  readonly primitives: Primitives
  readonly clock: Clock
  /** What came behind the last message of the handshake. */
  readonly rest: Uint8Array
  readonly role: 'dialler' | 'listener'
}

/** What was thrown, as an error. */
export const asError = (thrown: unknown): Error =>
  thrown instanceof Error
    ? thrown
    : new NoiseError('P2P_CONNECTION_ABORTED', 'something that is not an Error was thrown', { cause: thrown })

/**
 * The established session as a connection. It ends as transports' connections do, in three steps (`open`, `ending`, `ended`), with one difference: each end says
 * in an empty record that it is done, and only when both have is the connection below closed. So an end that nobody has said is noticed.
 */
export class SecureConnection implements SecuredConnection, RecordWriterOwner {
  readonly direction: Connection['direction']
  readonly local: Address
  readonly remote: Address
  readonly peer: ProvenPeer
  readonly below: Connection
  readonly #clock: Clock
  readonly #reader: RecordReader
  readonly #writer: RecordWriter
  /** Until the listener's first record: it, or a refusal, is what comes. */
  #confirming: { readonly frames: FrameReader; refused: boolean } | undefined
  #confirmation: Waiter<undefined> | undefined

  #state: 'open' | 'ending' | 'ended' = 'open'
  #outcome: CloseInfo | undefined
  #endSent = false
  #endReceived = false
  #gaveUp = false
  #waiters: Set<Waiter<undefined>> | undefined
  #deadline: Disposable | undefined

  #consumer: ((chunk: Uint8Array) => void) | undefined
  #paused = false
  #discarding = false
  #reading = false
  /** What was read from below and not opened, because its consumer has paused. */
  #held: Uint8Array | undefined

  readonly closed: Promise<CloseInfo>
  #resolveClosed!: (info: CloseInfo) => void

  constructor({ below, peer, keys, primitives, clock, rest, role }: Session) {
    this.direction = below.direction
    this.local = below.local
    this.remote = below.remote
    this.peer = peer
    this.below = below
    this.#clock = clock
    this.#reader = new RecordReader(new RecordOpener(keys.receive))
    this.#writer = new RecordWriter(new RecordSealer(keys.send), this)
    this.#confirming =
      role === 'dialler' ? { frames: new FrameReader(primitives), refused: false } : undefined
    this.#held = rest.length > 0 ? rest : undefined
    this.closed = new Promise(resolve => (this.#resolveClosed = resolve))
    below.pause()
    below.onData(chunk => this.#received(chunk))
    void below.closed.then(info => this.#belowClosed(info))
    if (role === 'listener') this.#writer.sendEmpty()
  }

  /** The dialling end: resolves when the listener has accepted us; rejects with the reason for which it has not. */
  confirmed(): Promise<void> {
    return new Promise<undefined>((resolve, reject) => {
      this.#confirmation = { resolve, reject }
      this.#startReading()
    })
  }

  get queued(): number {
    return this.#writer.pending + this.below.queued
  }

  write(chunk: Uint8Array, release?: () => void): boolean {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('write takes a Uint8Array')
    if (this.#state !== 'open') {
      this.released(release)
      return false
    }
    if (chunk.length === 0) {
      this.released(release)
      return this.#writer.ready
    }
    const goOn = this.#writer.write(chunk, release)
    if (!goOn && this.#writer.pending > queueLimit) {
      const what = `${this.#writer.pending} bytes wait to be sent to ${this.remote}, above the limit of ${queueLimit}`
      this.abort(new NoiseError('P2P_QUEUE_LIMIT', what))
    }
    return goOn
  }

  drained(options?: WaitOptions): Promise<void> {
    if (this.#state !== 'open') return Promise.reject(this.#closedError())
    if (this.#writer.ready) return Promise.resolve()
    const { signal, timeout } = options ?? {}
    const what = `the queue to ${this.remote} to drain`
    return wait<undefined>({ clock: this.#clock, what, signal, timeout }, waiter => {
      const waiters = (this.#waiters ??= new Set())
      waiters.add(waiter)
      return () => waiters.delete(waiter)
    })
  }

  onData(listener: (chunk: Uint8Array) => void): void {
    const first = this.#consumer === undefined
    this.#consumer = listener
    if (first && !this.#paused) this.#startReading()
  }

  pause(): void {
    if (this.#paused) return
    this.#paused = true
    if (this.#discarding || this.#confirmation !== undefined) return
    this.#reading = false
    this.below.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#consumer !== undefined) this.#startReading()
  }

  async close(options?: WaitOptions): Promise<void> {
    if (this.#state === 'open') {
      this.#discarding ||= this.#paused || this.#consumer === undefined
      this.#end({ by: 'local' })
      // Who wants no more data still reads: the other end's own end comes behind it.
      if (this.#discarding) this.#startReading()
    }
    if (this.#isEnded()) return
    const { signal, timeout = closeTimeout } = options ?? {}
    const what = `the connection to ${this.remote} to end`
    try {
      await wait({ clock: this.#clock, what, signal, timeout }, ({ resolve }) => {
        void this.closed.then(resolve)
        return undefined
      })
    } catch (error) {
      this.#giveUp(asError(error))
      await this.closed
    }
  }

  abort(reason?: Error): void {
    if (this.#state === 'ended') return
    const text = `the connection to ${this.remote} was aborted here`
    this.#fail({ by: 'local', error: reason ?? new NoiseError('P2P_CONNECTION_ABORTED', text) })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** For the writer: gives a chunk back. What its callback throws ends the connection. */
  released(release: (() => void) | undefined): void {
    if (release === undefined) return
    try {
      release()
    } catch (error) {
      this.abort(asError(error))
    }
  }

  /** For the writer: the connection below takes more. */
  belowDrained(): void {
    const waiters = this.#waiters
    this.#waiters = undefined
    for (const waiter of waiters ?? []) waiter.resolve(undefined)
  }

  /** For the writer: our end of the stream was sent. */
  endSent(): void {
    this.#endSent = true
    this.#closeAfterBothEnds()
  }

  // The type checker does not see that calls change the state.
  #isEnded(): boolean {
    return this.#state === 'ended'
  }

  #startReading(): void {
    if (this.#reading || this.#state === 'ended') return
    this.#reading = true
    // Never within the caller's own call, and not at all if it pauses again at once.
    queueMicrotask(() => this.#readOn())
  }

  /** Opens what was held back, then reads on below. */
  #readOn(): void {
    if (!this.#reading || this.#state === 'ended') return
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) this.#received(held)
    if (this.#canRead()) this.below.resume()
  }

  #canRead(): boolean {
    return this.#reading && this.#held === undefined && this.#state !== 'ended'
  }

  #received(chunk: Uint8Array): void {
    if (this.#outcome?.error !== undefined || this.#state === 'ended') return
    try {
      const read = this.#confirming?.refused === true ? 0 : this.#open(chunk)
      if (this.#confirming?.refused === true) this.#readRefusal(chunk, this.#confirming.frames)
      else if (read < chunk.length) this.#held = chunk.slice(read)
    } catch (error) {
      this.#fail({ by: 'remote', error: asError(error) })
    }
    // It was paused and resumed within the consumer.
    if (this.#held !== undefined && this.#reading) queueMicrotask(() => this.#readOn())
  }

  #open(chunk: Uint8Array): number {
    if (this.#confirming !== undefined && chunk[0] === mark[0] && !this.#reader.isWithin) {
      this.#confirming.refused = true
      return 0
    }
    return this.#reader.read(chunk, this.#take)
  }

  readonly #take = (content: Uint8Array): boolean => {
    if (this.#confirming !== undefined) {
      if (content.length > 0) throw new NoiseError('P2P_MALFORMED', 'the first record is not empty')
      this.#confirming = undefined
      const waiter = this.#confirmation
      this.#confirmation = undefined
      if (waiter === undefined) return true
      // Who waits for this sets its consumer later: until then nothing is read.
      this.#reading = this.#discarding || (this.#consumer !== undefined && !this.#paused)
      if (!this.#reading) this.below.pause()
      waiter.resolve(undefined)
      return this.#reading
    }
    if (this.#endReceived) throw new NoiseError('P2P_MALFORMED', 'a record behind the end')
    if (content.length === 0) {
      this.#remoteEnded()
      return true
    }
    if (this.#discarding) return true
    try {
      this.#consumer?.(content)
    } catch (error) {
      this.abort(asError(error))
    }
    return this.#reading && this.#outcome?.error === undefined
  }

  #readRefusal(chunk: Uint8Array, frames: FrameReader): void {
    const { frame } = frames.read(chunk, 0)
    if (frame === undefined) return
    throw frame.kind === Kind.refusal
      ? refusalError(frame.body)
      : new NoiseError('P2P_MALFORMED', `a handshake message of kind ${frame.kind}`)
  }

  #remoteEnded(): void {
    this.#endReceived = true
    if (this.#state === 'open') {
      this.#end({ by: 'remote' })
      if (!this.#endSent) {
        // A peer that ends and then reads nothing must not keep us for ever.
        this.#deadline = this.#clock.after(closeTimeout, () => {
          const what = `${this.remote} has ended the connection and not taken the rest within ${closeTimeout} ms`
          this.#giveUp(new NoiseError('P2P_TIMEOUT', what))
        })
      }
    }
    this.#closeAfterBothEnds()
  }

  #end(outcome: CloseInfo): void {
    this.#state = 'ending'
    this.#outcome = outcome
    this.#rejectWaiters()
    this.#writer.end()
  }

  /** From here on nothing is written or delivered. The first error is the one that counts. */
  #fail(outcome: CloseInfo): void {
    if (this.#outcome?.error === undefined) this.#outcome = outcome
    this.#state = 'ending'
    this.#held = undefined
    this.#rejectWaiters()
    this.#writer.dispose()
    this.below.abort(outcome.error)
  }

  #closeAfterBothEnds(): void {
    if (this.#endSent && this.#endReceived) void this.below.close({ timeout: closeTimeout })
  }

  #giveUp(error: Error): void {
    if (this.#state === 'ended') return
    if (!this.#endSent || this.below.queued > 0) {
      this.#fail({ by: 'local', error })
      return
    }
    // Only the other end's answer is missing.
    this.#gaveUp = true
    void this.below.close({ signal: AbortSignal.abort() })
  }

  #belowClosed(info: CloseInfo): void {
    const orderly = this.#gaveUp || (this.#endSent && this.#endReceived)
    if (this.#outcome?.error === undefined && !orderly) this.#outcome = this.#brokenOff(info)
    this.#state = 'ended'
    this.#deadline?.[Symbol.dispose]()
    this.#held = undefined
    this.#rejectWaiters()
    this.#writer.dispose()
    this.#reader.dispose()
    this.#consumer = undefined
    const outcome = this.#outcome ?? { by: 'remote' }
    this.#confirmation?.reject(outcome.error ?? this.#closedError())
    this.#confirmation = undefined
    this.#resolveClosed(outcome)
  }

  /** The connection below has ended before both ends were said. */
  #brokenOff({ by, error }: CloseInfo): CloseInfo {
    if (error !== undefined) return { by, error }
    const text = `the connection to ${this.remote} was cut off: it ended and nobody has said so`
    return { by: 'remote', error: new NoiseError('P2P_TRUNCATED', text) }
  }

  #rejectWaiters(): void {
    const waiters = this.#waiters
    this.#waiters = undefined
    if (waiters === undefined) return
    const error = this.#closedError()
    for (const waiter of waiters) waiter.reject(error)
  }

  #closedError(): NoiseError {
    const text = `the connection to ${this.remote} has ended`
    return new NoiseError('P2P_CONNECTION_CLOSED', text, { cause: this.#outcome?.error })
  }
}
