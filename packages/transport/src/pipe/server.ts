import type { Address, CloseReason, Clock, WaitOptions } from '@p2p/interfaces'
import { wait, type Waiter } from '@p2p/interfaces/wait'
import { positive } from '../limits.ts'
import { Emitter, type EventMap } from './emitter.ts'
import { closedError, PipeError } from './errors.ts'
import type { Pipe, PipeOptions } from './pipe.ts'

/** Events of a server. */
export interface ServerEvents<T> extends EventMap {
  /** A client is here. Who listens to this gets all of them, and `accept` none. */
  pipe: (pipe: Pipe<T>) => unknown
  /** What went wrong and ended nothing: a client turned away, a handler that failed. The first one to which nobody listens is a warning of the process. */
  error: (error: Error) => unknown
  close: (reason: CloseReason) => unknown
}

/** Options of a server, with those of its pipes. */
export interface ServerOptions<T = Uint8Array> extends PipeOptions<T> {
  /**
   * Clients that wait to be accepted. One above is turned away: `P2P_PENDING_LIMIT`.
   *
   * @default 128
   */
  readonly pendingLimit?: number
  /**
   * For UDP: senders that have a pipe at a time. A datagram of one above is dropped: `P2P_PEER_LIMIT`.
   *
   * @default 1024
   */
  readonly maxSenders?: number
  /**
   * For UDP: milliseconds without a datagram, after which the pipe of a sender ends in order.
   *
   * @default 60 000
   */
  readonly senderTimeout?: number
}

/** Limits of servers where nothing else is said. */
export const serverLimits: Required<Pick<ServerOptions, 'pendingLimit' | 'maxSenders' | 'senderTimeout'>> = {
  // As many as come within the moment in which a program is busy with something else.
  pendingLimit: 128,
  // Anybody can make up senders: with full inboxes (1 MiB) this is a gigabyte.
  maxSenders: 1_024,
  // Twice what NATs remember of UDP by common practice (RFC 4787 asks for 2 minutes, many have 30 s).
  senderTimeout: 60_000,
}

/**
 * Accepts clients, each of which is a pipe: once, and in the order in which they came. Over UDP a client is a sender that was not heard before.
 *
 * Events: `pipe`, `error`, `close`.
 */
export interface PipeServer<T = Uint8Array> extends AsyncIterable<Pipe<T>>, AsyncDisposable {
  /** Where it really listens: a port 0 that was asked for is the real port here. */
  readonly address: Address
  /** Where others can reach it: {@link address}, or for a wildcard the machine's own addresses, best first. */
  readonly reachable: readonly Address[]
  /** Pipes that it has accepted and that are open. */
  readonly pipes: ReadonlySet<Pipe<T>>
  on<K extends keyof ServerEvents<T> & string>(event: K, listener: ServerEvents<T>[K]): Disposable
  off<K extends keyof ServerEvents<T> & string>(event: K, listener: ServerEvents<T>[K]): void
  /** The next client. Default deadline: none, the server's end bounds it. @throws `P2P_PIPE_CLOSED` when the server closes, `P2P_ABORTED`, `P2P_TIMEOUT` */
  accept(options?: WaitOptions): Promise<Pipe<T>>
  /** Frees the address and closes all pipes of the server. Idempotent. */
  close(): Promise<void>
  /** Resolves when the server has closed. */
  readonly closed: Promise<CloseReason>
}

/** What servers share, whatever they listen with. */
export abstract class BaseServer<T> implements PipeServer<T> {
  abstract readonly address: Address
  abstract readonly reachable: readonly Address[]
  readonly pipes: Set<Pipe<T>> = new Set()
  readonly closed: Promise<CloseReason>
  protected readonly clock: Clock
  protected readonly emitter: Emitter<ServerEvents<T>> = new Emitter()
  readonly #pendingLimit: number
  readonly #pending: Pipe<T>[] = []
  readonly #waiters = new Set<Waiter<Pipe<T>>>()
  #closing: Promise<void> | undefined
  #resolveClosed!: (reason: CloseReason) => void

  constructor(options: ServerOptions<T>, clock: Clock) {
    this.clock = clock
    this.#pendingLimit = positive('pendingLimit', options.pendingLimit ?? serverLimits.pendingLimit)
    this.closed = new Promise(resolve => (this.#resolveClosed = resolve))
  }

  on<K extends keyof ServerEvents<T> & string>(event: K, listener: ServerEvents<T>[K]): Disposable {
    this.emitter.add(event, listener)
    // Those who came before the first listener are handed to it, behind this turn as everybody.
    if (event === 'pipe') {
      queueMicrotask(() => {
        if (this.emitter.has('pipe'))
          for (const pipe of this.#pending.splice(0)) this.emitter.emit('pipe', pipe)
      })
    }
    return { [Symbol.dispose]: () => this.off(event, listener) }
  }

  off<K extends keyof ServerEvents<T> & string>(event: K, listener: ServerEvents<T>[K]): void {
    this.emitter.remove(event, listener)
  }

  accept({ signal, timeout }: WaitOptions = {}): Promise<Pipe<T>> {
    const pipe = signal?.aborted === true ? undefined : this.#pending.shift()
    if (pipe !== undefined) return Promise.resolve(pipe)
    if (this.#closing !== undefined) return Promise.reject(this.#closedError())
    const what = `a client of ${this.address}`
    return wait<Pipe<T>>({ clock: this.clock, what, signal, timeout }, waiter => {
      this.#waiters.add(waiter)
      return () => this.#waiters.delete(waiter)
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Pipe<T>> {
    for (;;) {
      let pipe: Pipe<T>
      try {
        pipe = await this.accept()
      } catch (error) {
        if (PipeError.is(error, 'P2P_PIPE_CLOSED')) return
        throw error
      }
      yield pipe
    }
  }

  /** Takes a client in. @returns whether there was room */
  protected admit(pipe: Pipe<T>): boolean {
    const listened = this.emitter.has('pipe')
    if (
      this.#closing !== undefined ||
      (!listened && this.#waiters.size === 0 && this.#pending.length >= this.#pendingLimit)
    ) {
      const what = `${pipe.remote ?? ''} was turned away: ${this.#pending.length} clients wait to be accepted at ${this.address}`
      const error = new PipeError('P2P_PENDING_LIMIT', what)
      pipe.abort(error)
      this.report(error)
      return false
    }
    this.pipes.add(pipe)
    void pipe.closed.then(() => {
      this.pipes.delete(pipe)
      const index = this.#pending.indexOf(pipe)
      // One that has left while it waited, and has nothing to be read, is nobody.
      if (index >= 0 && pipe.size === 0) this.#pending.splice(index, 1)
    })
    if (listened) this.emitter.emit('pipe', pipe)
    else {
      const [waiter] = this.#waiters
      if (waiter === undefined) this.#pending.push(pipe)
      else waiter.resolve(pipe)
    }
    return true
  }

  protected report(error: Error): void {
    this.emitter.emit('error', error)
  }

  /** Stops listening. */
  protected abstract end(): Promise<void>

  async #close(): Promise<void> {
    for (const waiter of this.#waiters) waiter.reject(this.#closedError())
    this.#pending.length = 0
    await Promise.all([...[...this.pipes].map(pipe => pipe.close()), this.end()])
    this.#resolveClosed({})
    this.emitter.emit('close', {})
  }

  #closedError(): PipeError {
    return closedError(`the server at ${this.address}`)
  }
}
