import type { Clock, WaitOptions } from '@p2p/interfaces'
import { wait, type Waiter } from '@p2p/interfaces/wait'
import { handlerError, whenSettled } from './emitter.ts'
import { closedError, PipeError } from './errors.ts'
import type { Message } from './message.ts'
import type { Matcher } from './pattern.ts'
import type { MessageQueue } from './queue.ts'

/** Who hears of what happens to a consumer. */
export interface ConsumerOwner {
  readonly clock: Clock
  /** What it is, for messages: `the pipe to tcp://…`. */
  describe(): string
  /** A full queue has room again. */
  relieved(): void
  /** The consumer wants no more messages. */
  removed(consumer: object): void
  failed(error: Error): void
}

/** One who gets messages. */
export interface Consumer<T> {
  /** `undefined`: all messages. */
  readonly matches: Matcher<T> | undefined
  /** Whether the source should stop reading. */
  readonly full: boolean
  /** @returns a promise where it is for the source to wait until the message was handled */
  push(message: Message<T>): Promise<void> | undefined
  /** The source has ended. */
  end(error: Error): void
}

/** Milliseconds that `recv` waits unless told otherwise. */
export const recvTimeout = 10_000

/** The messages of a pipe, a daemon or a group that match a pattern, in a queue of their own. */
export interface Subscription<T = Uint8Array> extends AsyncIterable<Message<T>>, Disposable {
  /** Messages that wait. */
  readonly size: number
  /** Messages that the policy has dropped. */
  readonly dropped: number
  /**
   * The next message; with a `timeout` of 0 only one that is here already. Default deadline 10 000 ms.
   *
   * @throws `P2P_TIMEOUT`, `P2P_ABORTED`, `P2P_PIPE_CLOSED` once all that came before the end was taken, or what the subscription has ended with
   */
  recv(options?: WaitOptions): Promise<Message<T>>
  /** Ends it: who waits gets `P2P_PIPE_CLOSED`. Idempotent. */
  unsubscribe(): void
}

const anything = /(?:)/

/** A queue that is pulled from: a subscription, or the inbox. */
export class QueueConsumer<T> implements Consumer<T>, Subscription<T> {
  readonly matches: Matcher<T> | undefined
  /** For an index of those that have one. */
  readonly expression: RegExp
  readonly #queue: MessageQueue<T>
  readonly #owner: ConsumerOwner
  #waiters: Set<Waiter<Message<T>>> | undefined
  #ended: Error | undefined

  constructor(queue: MessageQueue<T>, matches: Matcher<T> | undefined, owner: ConsumerOwner) {
    this.matches = matches
    this.expression = matches?.expression ?? anything
    this.#queue = queue
    this.#owner = owner
  }

  get size(): number {
    return this.#queue.size
  }

  get dropped(): number {
    return this.#queue.dropped
  }

  get full(): boolean {
    return this.#queue.overflow === 'pause' && this.#queue.refusing && this.#ended === undefined
  }

  push(message: Message<T>): undefined {
    if (this.#ended !== undefined) return
    if (this.#waiters !== undefined) {
      for (const waiter of this.#waiters) {
        // Its wait removes it from the set.
        waiter.resolve(message)
        return
      }
    }
    if (this.#queue.push(message)) return
    const what = `a subscription of ${this.#owner.describe()} was full`
    this.#stop(new PipeError('P2P_QUEUE_OVERFLOW', what))
  }

  recv({ signal, timeout = recvTimeout }: WaitOptions = {}): Promise<Message<T>> {
    const message = signal?.aborted === true ? undefined : this.shift()
    if (message !== undefined) return Promise.resolve(message)
    const what = `a message of ${this.#owner.describe()}`
    return wait<Message<T>>({ clock: this.#owner.clock, what, signal, timeout }, waiter => {
      if (this.#ended !== undefined) {
        waiter.reject(this.#ended)
        return undefined
      }
      const waiters = (this.#waiters ??= new Set())
      waiters.add(waiter)
      return () => waiters.delete(waiter)
    })
  }

  /** The oldest message, if one is here. */
  shift(): Message<T> | undefined {
    const { full } = this
    const message = this.#queue.shift()
    if (full && !this.full) this.#owner.relieved()
    return message
  }

  /** Keeps within the limits by dropping, whatever the policy. */
  trim(): void {
    this.#queue.trim()
  }

  unsubscribe(): void {
    if (this.#ended !== undefined) return
    this.#stop(closedError(`a subscription of ${this.#owner.describe()}`))
    this.#queue.clear()
  }

  end(error: Error): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    const waiters = this.#waiters
    this.#waiters = undefined
    for (const waiter of waiters ?? []) waiter.reject(error)
  }

  /** A pattern failed: there is no telling what it wants. */
  fail(error: Error): void {
    this.#stop(error)
  }

  [Symbol.dispose](): void {
    this.unsubscribe()
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Message<T>> {
    for (;;) {
      let message: Message<T>
      try {
        message = await this.recv({ timeout: Infinity })
      } catch (error) {
        if (PipeError.is(error, 'P2P_PIPE_CLOSED') && error.cause === undefined) return
        throw error instanceof PipeError && error.cause !== undefined ? error.cause : error
      }
      yield message
    }
  }

  #stop(error: Error): void {
    const { full } = this
    this.end(error)
    this.#owner.removed(this)
    if (full) this.#owner.relieved()
  }
}

/** A function that takes messages. */
export type MessageHandler<T> = (message: Message<T>) => unknown

/** How a handler is called. */
export interface HandlerMode<T> {
  /** Where messages wait while the promise of an earlier one is pending; none: they do not wait here. */
  readonly queue: MessageQueue<T> | undefined
  /** Whether anybody waits for promises at all. */
  readonly awaited: boolean
}

/** A function to which messages are pushed; with a queue, one after another. */
export class HandlerConsumer<T> implements Consumer<T> {
  readonly matches: undefined
  readonly handler: MessageHandler<T>
  readonly #queue: MessageQueue<T> | undefined
  readonly #awaited: boolean
  readonly #owner: ConsumerOwner
  #busy = false
  #ended = false

  constructor(handler: MessageHandler<T>, { queue, awaited }: HandlerMode<T>, owner: ConsumerOwner) {
    this.handler = handler
    this.#queue = queue
    this.#awaited = awaited
    this.#owner = owner
  }

  get full(): boolean {
    return this.#busy && this.#queue?.overflow === 'pause' && this.#queue.refusing
  }

  push(message: Message<T>): Promise<void> | undefined {
    if (!this.#busy) return this.#run(message)
    if (this.#queue?.push(message) === true) return undefined
    this.#owner.failed(
      new PipeError('P2P_QUEUE_OVERFLOW', `a handler of ${this.#owner.describe()} is too slow`),
    )
    this.remove()
    return undefined
  }

  remove(): void {
    if (this.#ended) return
    const { full } = this
    this.#ended = true
    this.#queue?.clear()
    this.#owner.removed(this)
    if (full) this.#owner.relieved()
  }

  /** What waits is still handed on. */
  end(): void {
    return undefined
  }

  #run(message: Message<T>): Promise<void> | undefined {
    let pending: Promise<void> | undefined
    try {
      const result = this.handler(message)
      if (result === undefined) return undefined
      pending = whenSettled(result, error => this.#owner.failed(error))
    } catch (error) {
      this.#owner.failed(handlerError(error))
    }
    if (pending === undefined || !this.#awaited) return undefined
    if (this.#queue === undefined) return pending
    this.#busy = true
    void pending.then(() => this.#next())
    return undefined
  }

  #next(): void {
    const { full } = this
    this.#busy = false
    for (let message = this.#shift(); message !== undefined; message = this.#shift()) void this.#run(message)
    if (full && !this.full) this.#owner.relieved()
  }

  #shift(): Message<T> | undefined {
    return this.#busy || this.#ended ? undefined : this.#queue?.shift()
  }
}
