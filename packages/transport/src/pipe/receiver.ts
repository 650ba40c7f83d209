import type { Address, CloseInfo, Clock, WaitOptions } from '@p2p/interfaces'
import { asError } from '../queued-connection.ts'
import {
  type Consumer,
  type ConsumerOwner,
  type MessageHandler,
  HandlerConsumer,
  QueueConsumer,
  type Subscription,
} from './consumer.ts'
import { Emitter } from './emitter.ts'
import { closedError, PipeError } from './errors.ts'
import type { Message, QueueOptions } from './message.ts'
import type { HandlerOptions, MessageSource, SourceEvents } from './source.ts'
import { forgetText, type Matcher, matcherOf, type Pattern, textOf } from './pattern.ts'
import { SearchIndex } from './search-index.ts'
import type { Pipe } from './pipe.ts'
import { checkQueue, MessageQueue } from './queue.ts'
import { type DataOf, type TypeHandler, TypeTable, type TypeOf } from './type-table.ts'

/** How a receiver is made. */
export interface ReceiverSettings {
  readonly clock: Clock
  readonly inbox: QueueOptions
  /** Whether what comes can be held back. */
  readonly pausable: boolean
  /**
   * Whether messages are handed over by something that waits itself: then handlers have no queues, and {@link Receiver.deliver} returns their promise. So the messages of
   * one peer wait for each other, and for nobody else's.
   */
  readonly handsBack?: boolean
}

/** Subscriptions with an index of their expressions, and everybody else. */
interface Indexed<T> {
  readonly index: SearchIndex<QueueConsumer<T>>
  readonly all: readonly QueueConsumer<T>[]
  readonly others: readonly Consumer<T>[]
}

/** From so many regular expressions on an index is worth it. */
const indexFrom = 8

/** Messages without a change of the subscriptions, after which they count as settled. */
const settled = 32

const hasExpression = (consumer: Consumer<never>) => consumer.matches?.expression !== undefined

/** A source of messages, but for where they come from. */
export abstract class Receiver<T, E extends SourceEvents<T> = SourceEvents<T>> implements MessageSource<
  T,
  E
> {
  unclaimed = 0
  protected readonly emitter: Emitter<E> = new Emitter<E>()
  protected readonly clock: Clock
  readonly #pausable: boolean
  readonly #handsBack: boolean
  readonly #inbox: QueueConsumer<T>
  readonly #owner: ConsumerOwner
  #consumers: readonly Consumer<T>[] = []
  // The one that gets all messages, where there is only one: the usual case, in which nothing needs to be looked at.
  #sole: HandlerConsumer<T> | undefined
  #index: Indexed<T> | undefined
  #expressions = 0
  #sinceChange = 0
  #types: TypeTable<T> | undefined
  #state: 'waiting' | 'starting' | 'started' = 'waiting'
  #pulled = false
  #override: HandlerConsumer<T> | undefined
  #end: CloseInfo | undefined

  constructor({ clock, inbox, pausable, handsBack = false }: ReceiverSettings) {
    this.#handsBack = handsBack
    this.clock = clock
    this.#pausable = pausable
    this.#owner = {
      clock,
      describe: () => this.describe(),
      relieved: () => {
        if (!this.full) this.relieved()
      },
      removed: consumer => this.#setConsumers(this.#consumers.filter(other => other !== consumer)),
      failed: error => this.report(error),
    }
    this.#inbox = new QueueConsumer(this.#queue(inbox), undefined, this.#owner)
  }

  get size(): number {
    return this.#inbox.size
  }

  get dropped(): number {
    return this.#inbox.dropped
  }

  on<K extends keyof E & string>(event: K, listener: E[K], options?: HandlerOptions): Disposable {
    if (event === 'message') {
      const inline = options?.inline ?? false
      const queue = inline || this.#handsBack ? undefined : this.#queue(options ?? {})
      this.#add(
        new HandlerConsumer(
          listener as unknown as MessageHandler<T>,
          { queue, awaited: !inline },
          this.#owner,
        ),
      )
    } else {
      this.emitter.add(event, listener)
      this.listened(event)
      const end = this.#end
      if (event === 'close' && end !== undefined) {
        queueMicrotask(() => this.emitter.call(event, listener, ...([end] as unknown as Parameters<E[K]>)))
      }
    }
    return { [Symbol.dispose]: () => this.off(event, listener) }
  }

  off<K extends keyof E & string>(event: K, listener: E[K]): void {
    if (event === 'message') {
      const found = this.#consumers.find(
        consumer => consumer instanceof HandlerConsumer && (consumer.handler as unknown) === listener,
      )
      if (found instanceof HandlerConsumer) found.remove()
    } else this.emitter.remove(event, listener)
  }

  handle<K extends TypeOf<T>>(
    type: K,
    handler: TypeHandler<T, DataOf<T, K>>,
    options: HandlerOptions & { readonly exclusive?: boolean } = {},
  ): Disposable {
    if (this.#types === undefined) {
      const types = new TypeTable<T>(error => this.report(error))
      this.#types = types
      this.on('message', message => types.dispatch(message), options)
    }
    return this.#types.add(type, handler, options.exclusive ?? false)
  }

  recv(options?: WaitOptions): Promise<Message<T>> {
    this.#pull()
    return this.#inbox.recv(options)
  }

  subscribe(pattern?: Pattern<T> | RegExp, options: QueueOptions = {}): Subscription<T> {
    if (this.#end !== undefined) throw closedError(this.describe(), this.#end.error)
    const matches: Matcher<T> | undefined = matcherOf(pattern)
    const queue = this.#queue({ overflow: 'drop-oldest', ...options })
    const consumer = new QueueConsumer(queue, matches, this.#owner)
    this.#add(consumer)
    return consumer
  }

  [Symbol.asyncIterator](): AsyncIterator<Message<T>> {
    this.#pull()
    return this.#inbox[Symbol.asyncIterator]()
  }

  /** For a group: all messages go to this handler alone, and nobody else gets one. Returns what ends that. */
  divert(handler: MessageHandler<T>): () => void {
    const queue = this.#handsBack ? undefined : this.#queue({})
    const diverted = new HandlerConsumer(handler, { queue, awaited: true }, this.#owner)
    this.#override = diverted
    this.#want()
    this.#findSole()
    return () => {
      if (this.#override !== diverted) return
      this.#override = undefined
      this.#findSole()
    }
  }

  /** Hands a message on. @returns a promise if a handler without a queue has returned one; it does not reject */
  protected deliver(message: Message<T>): Promise<unknown> | undefined {
    if (this.#sole !== undefined) return this.#sole.push(message)
    if (this.#override !== undefined) return this.#override.push(message)
    if (this.#state === 'started') return this.#dispatch(message)
    this.#inbox.push(message)
    return undefined
  }

  /** Somebody listens to an event. */
  protected listened(_event: string): void {
    // What is told only while somebody listens begins here.
  }

  /** Whether somebody has asked for messages. */
  protected get wanted(): boolean {
    return this.#state !== 'waiting'
  }

  /** Whether the source should stop for the time being; {@link relieved} follows. */
  protected get full(): boolean {
    if (!this.#pausable) return false
    if (this.#override?.full === true) return true
    for (const consumer of this.#consumers) if (consumer.full) return true
    return this.#inboxCounts && this.#inbox.full
  }

  /** No more messages come. */
  protected ended(info: CloseInfo): void {
    if (this.#end !== undefined) return
    this.#end = info
    const error = closedError(this.describe(), info.error)
    this.#inbox.end(error)
    for (const consumer of this.#consumers) consumer.end(error)
    this.emitter.emit('close', ...([info] as Parameters<E['close']>))
  }

  /** Tells of what went wrong and ended nothing. */
  protected report(error: Error): void {
    this.emitter.emit('error', ...([error] as Parameters<E['error']>))
  }

  /** For a group: whether this can send there. */
  abstract reaches(to: Address | Pipe<T>): boolean
  /** What this is, for messages of errors. */
  protected abstract describe(): string
  /** Somebody has asked for messages for the first time. None may be delivered within this call. */
  protected abstract start(): void
  /** Nobody is {@link full} any more. */
  protected abstract relieved(): void

  // Beside others that take messages, an inbox that nobody empties must not hold them up.
  get #inboxCounts(): boolean {
    return this.#consumers.length === 0
  }

  #dispatch(message: Message<T>): Promise<unknown> | undefined {
    let pending: Promise<unknown> | undefined
    let taken = this.#pulled
    let searched = false
    const indexed = this.#indexed()
    for (const consumer of indexed?.others ?? this.#consumers) {
      const { matches } = consumer
      if (matches !== undefined) {
        searched = true
        if (!this.#matches(consumer, matches, message)) continue
      }
      taken = true
      const handled = consumer.push(message)
      if (handled !== undefined) pending = pending === undefined ? handled : Promise.all([pending, handled])
    }
    if (indexed !== undefined) {
      searched = true
      taken = this.#search(indexed, message) || taken
    }
    if (searched) forgetText()
    if (this.#pulled) {
      this.#inbox.push(message)
      if (!this.#inboxCounts) this.#inbox.trim()
    }
    if (!taken) this.unclaimed++
    return pending
  }

  #search({ index, all }: Indexed<T>, message: Message<T>): boolean {
    let taken = false
    const ask = (consumer: QueueConsumer<T>) => {
      const { matches } = consumer
      if (matches === undefined || !this.#matches(consumer, matches, message)) return
      taken = true
      consumer.push(message)
    }
    let text: string
    try {
      text = textOf(message)
    } catch {
      // Each of them says so.
      for (const consumer of all) ask(consumer)
      return taken
    }
    index.search(text, ask)
    return taken
  }

  /** The index, once there is reason to believe that the subscriptions stay: making it costs as much as many messages without it. */
  #indexed(): Indexed<T> | undefined {
    if (this.#index !== undefined || this.#expressions < indexFrom || ++this.#sinceChange < settled)
      return this.#index
    const all: QueueConsumer<T>[] = []
    const others: Consumer<T>[] = []
    for (const consumer of this.#consumers) {
      if (consumer instanceof QueueConsumer && hasExpression(consumer)) all.push(consumer as QueueConsumer<T>)
      else others.push(consumer)
    }
    this.#index = { index: new SearchIndex(all), all, others }
    return this.#index
  }

  #setConsumers(consumers: readonly Consumer<T>[]): void {
    this.#consumers = consumers
    this.#index = undefined
    this.#sinceChange = 0
    this.#expressions = consumers.filter(hasExpression).length
    this.#findSole()
  }

  #findSole(): void {
    const [first, second] = this.#consumers
    const alone =
      this.#state === 'started' && !this.#pulled && this.#override === undefined && second === undefined
    this.#sole = alone && first instanceof HandlerConsumer ? (first as HandlerConsumer<T>) : undefined
  }

  #matches(consumer: Consumer<T>, { test }: Matcher<T>, message: Message<T>): boolean {
    try {
      return test(message)
    } catch (cause) {
      const what = `a pattern of ${this.describe()} failed: ${asError(cause).message}`
      const error = new PipeError('P2P_PATTERN_FAILED', what, { cause })
      if (consumer instanceof QueueConsumer) consumer.fail(error)
      this.report(error)
      return false
    }
  }

  #queue(options: QueueOptions): MessageQueue<T> {
    return checkQueue(new MessageQueue<T>(options, this.#pausable ? 'pause' : 'drop-oldest'), this.#pausable)
  }

  #add(consumer: Consumer<T>): void {
    this.#setConsumers([...this.#consumers, consumer])
    this.#want()
  }

  #pull(): void {
    this.#pulled = true
    this.#want()
    this.#findSole()
  }

  #want(): void {
    if (this.#state !== 'waiting') return
    this.#state = 'starting'
    this.start()
    // Whoever asks in the same turn is as early as the first one: what has waited goes to all of them.
    queueMicrotask(() => {
      this.#state = 'started'
      this.#findSole()
      if (this.#consumers.length === 0 && this.#override === undefined) return
      const held: Message<T>[] = []
      for (let message = this.#inbox.shift(); message !== undefined; message = this.#inbox.shift())
        held.push(message)
      for (const message of held) void this.deliver(message)
    })
  }
}
