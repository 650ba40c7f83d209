import type { Address, CloseInfo, Clock, Connection, WaitOptions } from '@p2p/interfaces'
import { wait, type Waiter } from '@p2p/interfaces/wait'
import { TransportError } from './errors.ts'
import type { ConnectionLimits } from './limits.ts'

/** Called once a chunk is needed no more. */
export type Release = (() => void) | undefined

/** What a connection is given by its transport. */
export interface ConnectionSettings extends ConnectionLimits {
  readonly clock: Clock
}

/** Names of the two ends, and who dialled. */
export interface Ends {
  readonly direction: Connection['direction']
  readonly local: Address
  readonly remote: Address
}

/** What was thrown, as an error. */
export const asError = (thrown: unknown): Error =>
  thrown instanceof Error
    ? thrown
    : new TransportError('P2P_CONNECTION_FAILED', 'something that is not an Error was thrown', {
        cause: thrown,
      })

/**
 * All of a connection that does not depend on how bytes travel: the queue's mark, who waits for it, the consumer, and the order in which a
 * connection ends. A transport adds the seven moves at the bottom.
 *
 * An end has three steps. `open`: both sides may write. `ending`: one side has said that it writes no more; what was queued before is still
 * sent, and what arrives is still delivered. `ended`: nothing is alive. There is no lasting half-open state: the end of one direction ends the
 * other as soon as it is flushed, because a link of which one half is dead helps nobody above.
 */
export abstract class QueuedConnection implements Connection {
  readonly direction: Connection['direction']
  readonly local: Address
  readonly remote: Address
  protected readonly settings: ConnectionSettings

  #state: 'open' | 'ending' | 'ended' = 'open'
  #outcome: CloseInfo | undefined
  #queued = 0
  #waiters: Set<Waiter<undefined>> | undefined

  #consumer: ((chunk: Uint8Array) => void) | undefined
  #paused = false
  #discarding = false

  // Made when it is first asked for: an idle connection of which nobody awaits the end pays for no promise.
  #closed: Promise<CloseInfo> | undefined
  #resolveClosed: ((info: CloseInfo) => void) | undefined
  #flushDeadline: Disposable | undefined

  constructor(ends: Ends, settings: ConnectionSettings) {
    this.direction = ends.direction
    this.local = ends.local
    this.remote = ends.remote
    this.settings = settings
  }

  get queued(): number {
    return this.#queued
  }

  get closed(): Promise<CloseInfo> {
    this.#closed ??=
      this.#state === 'ended'
        ? Promise.resolve(this.#outcome ?? { by: 'remote' })
        : new Promise(resolve => (this.#resolveClosed = resolve))
    return this.#closed
  }

  write(chunk: Uint8Array, release?: () => void): boolean {
    // Anything else would spoil the count of the queue, and with it the other connections that are flushed in the same turn.
    if (!(chunk instanceof Uint8Array)) throw new TypeError('write takes a Uint8Array')
    if (this.#state !== 'open') {
      this.releaseChunk(release)
      return false
    }
    if (chunk.length === 0) {
      this.releaseChunk(release)
      return this.#queued < this.settings.highWaterMark
    }
    this.#queued += chunk.length
    this.enqueue(chunk, release)
    if (this.#queued < this.settings.highWaterMark) return true
    if (this.#queued > this.settings.queueLimit) {
      const what = `${this.#queued} bytes wait to be sent to ${this.remote}, above the limit of ${this.settings.queueLimit}`
      this.abort(new TransportError('P2P_QUEUE_LIMIT', what))
    }
    return false
  }

  drained(options?: WaitOptions): Promise<void> {
    if (this.#state !== 'open') return Promise.reject(this.#closedError())
    if (this.#queued < this.settings.highWaterMark) return Promise.resolve()
    const { signal, timeout } = options ?? {}
    const what = `the queue to ${this.remote} to drain`
    return wait<undefined>({ clock: this.settings.clock, what, signal, timeout }, waiter => {
      const waiters = (this.#waiters ??= new Set())
      waiters.add(waiter)
      return () => waiters.delete(waiter)
    })
  }

  onData(listener: (chunk: Uint8Array) => void): void {
    const first = this.#consumer === undefined
    this.#consumer = listener
    if (first && !this.#paused && !this.#discarding && this.#state !== 'ended') this.startReading()
  }

  pause(): void {
    if (this.#paused) return
    this.#paused = true
    if (this.#isReading()) this.stopReading()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#isReading()) this.startReading()
  }

  async close(options?: WaitOptions): Promise<void> {
    if (this.#state === 'open') {
      // Who ends a connection without reading wants no more data; but the other end's answer to our end comes behind it, so it is read.
      const unread = this.#paused || this.#consumer === undefined
      this.#discarding ||= unread
      this.#end({ by: 'local' })
      if (unread) this.startReading()
    }
    if (this.#state === 'ended') return
    const { signal, timeout = this.settings.closeTimeout } = options ?? {}
    const what = `the connection to ${this.remote} to end`
    try {
      await wait({ clock: this.settings.clock, what, signal, timeout }, ({ resolve }) => {
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
    const error =
      reason ??
      new TransportError('P2P_CONNECTION_ABORTED', `the connection to ${this.remote} was aborted here`)
    this.#fail({ by: 'local', error })
    this.cut()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** For the transport: hands a chunk to the consumer. */
  protected deliver(chunk: Uint8Array): void {
    if (this.#discarding) return
    try {
      this.#consumer?.(chunk)
    } catch (error) {
      this.abort(asError(error))
    }
  }

  /** For the transport: that many bytes of the queue have left it. */
  protected taken(bytes: number): void {
    if (this.#state === 'ended') return
    this.#queued -= bytes
    if (this.#waiters !== undefined && this.#queued < this.settings.highWaterMark) {
      for (const waiter of this.#waiters) waiter.resolve(undefined)
      this.#waiters = undefined
    }
  }

  /** For the transport: gives a chunk back to its writer. What the writer's callback throws ends the connection, not the transport. */
  protected releaseChunk(release: Release): void {
    if (release === undefined) return
    try {
      release()
    } catch (error) {
      this.abort(asError(error))
    }
  }

  /** For the transport: the other end will send nothing more. */
  protected remoteEnded(): void {
    if (this.#state !== 'open') return
    this.#end({ by: 'remote' })
    if (this.#queued === 0) return
    // A peer that ends and then reads nothing must not keep us for ever.
    this.#flushDeadline = this.settings.clock.after(this.settings.closeTimeout, () => {
      const what = `${this.remote} has ended the connection and not taken the rest within ${this.settings.closeTimeout} ms`
      this.#giveUp(new TransportError('P2P_TIMEOUT', what))
    })
  }

  /** For the transport: the connection is broken. {@link finished} must follow. */
  protected failed(error: Error): void {
    if (this.#state !== 'ended') this.#fail({ by: 'remote', error })
  }

  /** For the transport: nothing is alive any more, and every chunk has been released. */
  protected finished(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#queued = 0
    this.#consumer = undefined
    this.#flushDeadline?.[Symbol.dispose]()
    this.#rejectWaiters()
    this.#resolveClosed?.(this.#outcome ?? { by: 'remote' })
  }

  #isReading(): boolean {
    return this.#consumer !== undefined && !this.#discarding && this.#state !== 'ended'
  }

  /** From here on nothing new is written; what is queued is flushed. */
  #end(outcome: CloseInfo): void {
    this.#state = 'ending'
    this.#outcome = outcome
    this.#rejectWaiters()
    this.flushAndEnd()
  }

  /** From here on nothing is written or delivered. The first error is the one that counts. */
  #fail(outcome: CloseInfo): void {
    if (this.#outcome?.error === undefined) this.#outcome = outcome
    this.#state = 'ending'
    this.#discarding = true
    this.#rejectWaiters()
  }

  /** Waits for the end no more. If all was sent this is still an orderly end: only the other end's answer is missing. */
  #giveUp(error: Error): void {
    if (this.#state === 'ended') return
    if (this.flushed) this.cut()
    else this.abort(error)
  }

  #rejectWaiters(): void {
    const waiters = this.#waiters
    if (waiters === undefined) return
    this.#waiters = undefined
    const error = this.#closedError()
    for (const waiter of waiters) waiter.reject(error)
  }

  #closedError(): TransportError {
    return new TransportError('P2P_CONNECTION_CLOSED', `the connection to ${this.remote} has ended`, {
      cause: this.#outcome?.error,
    })
  }

  /** Whether everything that was written, and the end behind it, is out of our hands. */
  protected abstract readonly flushed: boolean
  /** Takes a chunk into the queue and sees to it that it is sent. It calls {@link taken} and {@link releaseChunk}, never within this call's turn of the consumer. */
  protected abstract enqueue(chunk: Uint8Array, release: Release): void
  /** Reads from the network, and calls {@link deliver} for what comes, never within this call. */
  protected abstract startReading(): void
  /** Stops reading at once: not one more chunk is delivered. */
  protected abstract stopReading(): void
  /** Sends the rest of the queue and then the end; {@link finished} follows when the other end has ended too. */
  protected abstract flushAndEnd(): void
  /** Drops the queue and ends without ceremony, as a failure unless {@link flushed}; {@link finished} follows. */
  protected abstract cut(): void
}
