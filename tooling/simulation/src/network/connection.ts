import type { Address, CloseInfo, Connection, WaitOptions } from '@p2p/interfaces'
import { wait, type Waiter } from '@p2p/interfaces/wait'
import { SimulationError } from '../errors.ts'
import type { Scheduled } from '../time/event-queue.ts'
import type { HostClock } from '../time/host-clock.ts'
import type { Medium } from './medium.ts'
import type { NetworkHost } from './network-host.ts'
import type { Segment } from './segment.ts'
import { SegmentQueue } from './segment-queue.ts'
import type { Stream, StreamReader, StreamWriter } from './stream.ts'

const closeTimeout = 5_000
// As `@p2p/transport`: a writer that gets here ignores back-pressure.
const queueLimit = 67_108_864

/** What was thrown, as an error. */
export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown })

/** What a connection is made of. */
export interface ConnectionParts {
  readonly direction: Connection['direction']
  readonly local: Address
  readonly remote: Address
  readonly medium: Medium
  readonly host: NetworkHost
  readonly outgoing: Stream
  readonly incoming: Stream
}

/**
 * One end of a connection, as the process sees it. What has come and cannot be handed over yet, because nobody reads or because the host is
 * paused, waits in the inbox; the other end's window counts it.
 *
 * `open`: both ends may write. `ending`: one end has said that it writes no more; what was queued is still sent, what comes is still delivered.
 * `ended`: nothing is alive, and whoever still sends is answered by a reset.
 */
export class SimulatedConnection implements Connection, StreamReader, StreamWriter, Scheduled {
  readonly cancelled = false
  readonly direction: Connection['direction']
  readonly local: Address
  readonly remote: Address
  readonly #medium: Medium
  readonly #host: NetworkHost
  readonly #clock: HostClock
  readonly #outgoing: Stream
  readonly #incoming: Stream
  #state: 'open' | 'ending' | 'ended' = 'open'
  #outcome: CloseInfo | undefined
  #consumer: ((chunk: Uint8Array) => void) | undefined
  #paused = false
  #discarding = false
  #endReceived = false
  readonly #inbox = new SegmentQueue()
  // What the process is to be told when its host runs: that the connection was made, or that it broke.
  #made: (() => void) | undefined
  #broken: Error | undefined
  #waking = false
  #waiters: Set<Waiter<void>> | undefined
  #closed: Promise<CloseInfo> | undefined
  #resolveClosed: ((info: CloseInfo) => void) | undefined
  #flushDeadline: Disposable | undefined

  /** @param made is called when the process may have the connection: by {@link establish} */
  constructor(parts: ConnectionParts, made: (connection: SimulatedConnection) => void) {
    this.direction = parts.direction
    this.local = parts.local
    this.remote = parts.remote
    this.#medium = parts.medium
    this.#host = parts.host
    this.#clock = parts.host.clock
    this.#outgoing = parts.outgoing
    this.#incoming = parts.incoming
    this.#made = () => made(this)
    parts.outgoing.writer = this
    parts.incoming.reader = this
    parts.host.connections.add(this)
  }

  get queued(): number {
    return this.#state === 'ended' ? 0 : this.#outgoing.queued
  }

  get closed(): Promise<CloseInfo> {
    this.#closed ??=
      this.#state === 'ended' && this.#outcome !== undefined
        ? Promise.resolve(this.#outcome)
        : new Promise(resolve => (this.#resolveClosed = resolve))
    return this.#closed
  }

  write(chunk: Uint8Array, release?: () => void): boolean {
    if (this.#state !== 'open') {
      this.release(release)
      return false
    }
    this.#outgoing.write(chunk, release)
    const { queued } = this.#outgoing
    if (queued < this.#medium.highWaterMark) return true
    if (queued > queueLimit) {
      const what = `${queued} bytes wait to be sent to ${this.remote}, above the limit of ${queueLimit}`
      this.abort(new SimulationError('P2P_QUEUE_LIMIT', what))
    }
    return false
  }

  drained(options: WaitOptions = {}): Promise<void> {
    if (this.#state !== 'open') return Promise.reject(this.#closedError())
    if (this.#outgoing.queued < this.#medium.highWaterMark) return Promise.resolve()
    const { signal, timeout } = options
    const what = `the queue to ${this.remote} to drain`
    return wait({ clock: this.#clock, what, signal, timeout }, (waiter: Waiter<void>) => {
      const waiters = (this.#waiters ??= new Set())
      waiters.add(waiter)
      // Perhaps only this turn has to end.
      if (this.#outgoing.waiting < this.#medium.highWaterMark) this.#wake()
      return () => waiters.delete(waiter)
    })
  }

  onData(listener: (chunk: Uint8Array) => void): void {
    if (this.#state === 'ended') return
    this.#consumer = listener
    this.#wakeForInbox()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#wakeForInbox()
  }

  async close(options: WaitOptions = {}): Promise<void> {
    if (this.#state === 'open') {
      // Who ends a connection without reading wants no more data; but the other end's own end comes behind it.
      this.#discarding ||= this.#paused || this.#consumer === undefined
      this.#end({ by: 'local' })
      this.#wakeForInbox()
    }
    if (this.#state === 'ended') return
    const { signal, timeout = closeTimeout } = options
    const what = `the connection to ${this.remote} to end`
    try {
      await wait({ clock: this.#clock, what, signal, timeout }, ({ resolve }) => {
        void this.closed.then(resolve)
        return undefined
      })
    } catch (error) {
      this.#giveUp(asError(error))
    }
  }

  abort(reason?: Error): void {
    if (this.#state === 'ended') return
    const error =
      reason ??
      new SimulationError('P2P_CONNECTION_ABORTED', `the connection to ${this.remote} was aborted here`)
    this.#outgoing.reset()
    this.#finish({ by: 'local', error })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** The two kernels agree: the process gets the connection as soon as its host runs. */
  establish(): void {
    if (this.#clock.paused) this.#wake()
    else this.#hand()
  }

  /** The process, or its host with it, is gone: no promise of it is ever settled and nothing of it is called. */
  vanish(): void {
    this.#state = 'ended'
    this.#made = undefined
    this.#consumer = undefined
    this.#medium.segments.giveAll(this.#inbox)
  }

  /** As {@link vanish}, and what has left may still arrive. */
  crash(): void {
    this.vanish()
    this.#outgoing.orphan()
    this.#incoming.readerGone()
  }

  /** As {@link vanish}, but the kernel lives and tells the other end. */
  kill(): void {
    this.vanish()
    this.#outgoing.reset()
  }

  receive(segment: Segment): void {
    if (this.#state === 'ended') {
      const { kind } = segment
      this.#medium.segments.give(segment)
      if (kind !== 'reset') this.#outgoing.reset()
    } else if (segment.kind === 'reset') {
      this.#medium.segments.give(segment)
      const what = `${this.remote} broke the connection`
      this.#break(new SimulationError('P2P_CONNECTION_RESET', what))
    } else if (this.#inbox.first === undefined && this.#reading && !this.#clock.paused) {
      this.#medium.clock.enter(this.#clock)
      this.#take(segment)
    } else {
      this.#inbox.push(segment)
      this.#wakeForInbox()
    }
  }

  roomCame(): void {
    if (this.#state === 'ended') return
    if (this.#clock.paused) {
      this.#wake()
    } else {
      this.#medium.clock.enter(this.#clock)
      this.#goOnWriting()
    }
  }

  lost(): void {
    if (this.#state === 'ended') return
    const what = `${this.remote} does not answer: a segment was lost too often in a row`
    this.#break(new SimulationError('P2P_TIMEOUT', what))
  }

  release(release: (() => void) | undefined): void {
    try {
      release?.()
    } catch (error) {
      this.abort(asError(error))
    }
  }

  /** The host runs again, or there is something to take out of the inbox. */
  fire(): void {
    this.#waking = false
    if (this.#clock.stopped) return
    if (this.#clock.paused) {
      this.#wake()
      return
    }
    if (this.#made !== undefined) this.#hand()
    else this.#medium.clock.enter(this.#clock)
    if (this.#broken !== undefined) this.#break(this.#broken)
    if (this.#state === 'ended') return
    this.#goOnWriting()
    const segment = this.#reading ? this.#inbox.shift() : undefined
    if (segment === undefined) return
    this.#wakeForInbox()
    this.#take(segment)
  }

  get #reading(): boolean {
    return this.#discarding || (this.#consumer !== undefined && !this.#paused)
  }

  #hand(): void {
    this.#medium.clock.enter(this.#clock)
    const made = this.#made
    this.#made = undefined
    made?.()
  }

  #take(segment: Segment): void {
    const { segments, clock } = this.#medium
    if (segment.kind === 'end') {
      segments.give(segment)
      this.#remoteEnded()
      return
    }
    clock.hash.bytes(segment.words, segment.start >>> 2, segment.length)
    const { length } = segment
    if (!this.#discarding) {
      try {
        this.#consumer?.(segment.view())
      } catch (error) {
        this.abort(asError(error))
      }
    }
    segments.give(segment)
    this.#incoming.consumed(length)
  }

  #remoteEnded(): void {
    this.#endReceived = true
    if (this.#state === 'open') {
      this.#end({ by: 'remote' })
      if (this.#outgoing.flushed) return
      // A peer that ends and then reads nothing must not keep us for ever.
      this.#flushDeadline = this.#clock.after(closeTimeout, () => {
        const what = `${this.remote} has ended the connection and not taken the rest within ${closeTimeout} ms`
        this.#giveUp(new SimulationError('P2P_TIMEOUT', what))
      })
    } else {
      this.#finishAfterBothEnds()
    }
  }

  /** From here on nothing new is written; what is queued is still sent, and the end behind it. */
  #end(outcome: CloseInfo): void {
    this.#state = 'ending'
    this.#outcome = outcome
    this.#rejectWaiters()
    this.#outgoing.end()
    this.#finishAfterBothEnds()
  }

  #finishAfterBothEnds(): void {
    if (this.#state === 'ending' && this.#endReceived && this.#outgoing.flushed)
      this.#finish({ by: 'remote' })
  }

  /** Waits for the end no more. If all was sent it is an orderly end all the same: only the other end's is missing. */
  #giveUp(error: Error): void {
    if (this.#state === 'ended') return
    if (this.#outgoing.flushed) this.#finish({ by: 'local' })
    else this.abort(error)
  }

  #break(error: Error): void {
    if (this.#clock.paused) {
      this.#broken ??= error
      this.#wake()
      return
    }
    this.#medium.clock.enter(this.#clock)
    this.#medium.onEvent?.(this.#clock.name, error.message)
    this.#outgoing.clear()
    this.#finish({ by: 'remote', error })
  }

  #finish(info: CloseInfo): void {
    this.#state = 'ended'
    // Who began an orderly end has ended it, whoever was last; a failure overrules that.
    const outcome = info.error === undefined ? (this.#outcome ?? info) : info
    this.#outcome = outcome
    this.#consumer = undefined
    this.#made = undefined
    this.#host.connections.delete(this)
    this.#flushDeadline?.[Symbol.dispose]()
    this.#medium.segments.giveAll(this.#inbox)
    this.#rejectWaiters()
    this.#resolveClosed?.(outcome)
  }

  #goOnWriting(): void {
    this.#outgoing.goOnWriting()
    this.#finishAfterBothEnds()
    if (this.#waiters === undefined || this.#outgoing.queued >= this.#medium.highWaterMark) return
    for (const waiter of this.#waiters) waiter.resolve()
    this.#waiters = undefined
  }

  #rejectWaiters(): void {
    const waiters = this.#waiters
    if (waiters === undefined) return
    this.#waiters = undefined
    const error = this.#closedError()
    for (const waiter of waiters) waiter.reject(error)
  }

  #wakeForInbox(): void {
    if (this.#inbox.first !== undefined && this.#reading) this.#wake()
  }

  /** An event of this host's, at this instant or when it is resumed. */
  #wake(): void {
    if (this.#waking) return
    this.#waking = true
    if (this.#clock.paused) this.#clock.defer(this)
    else this.#medium.clock.schedule(0, this)
  }

  #closedError(): SimulationError {
    return new SimulationError('P2P_CONNECTION_CLOSED', `the connection to ${this.remote} has ended`, {
      cause: this.#outcome?.error,
    })
  }
}
