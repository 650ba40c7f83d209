import type { CloseInfo, WaitOptions } from '@p2p/interfaces'
import type { Subscription } from './consumer.ts'
import type { EventMap } from './emitter.ts'
import type { Message, QueueOptions } from './message.ts'
import type { Pattern } from './pattern.ts'
import type { DataOf, TypeHandler, TypeOf } from './type-table.ts'

/** Options of a handler of messages. */
export interface HandlerOptions extends QueueOptions {
  /**
   * `false`: one message after another; while the promise that the handler has returned is pending the next ones wait. `true`: in line with reading, and promises are
   * not waited for.
   *
   * @default false
   */
  readonly inline?: boolean
}

/** Events that every source of messages has. */
export interface SourceEvents<T> extends EventMap {
  message: (message: Message<T>) => unknown
  /** What went wrong and ended nothing: a handler or a pattern that failed, a datagram that was refused. The first one to which nobody listens is a warning of the process. */
  error: (error: Error) => unknown
  close: (info: CloseInfo) => unknown
}

/**
 * What pipes, daemons and groups have in common: they get messages, and hand each of them to all that want it.
 *
 * - push: `on('message', handler)`, and by type `handle(type, handler)`
 * - pull: `recv()` and `for await`, from the inbox
 * - subscribe: `subscribe(pattern)`, a queue for each pattern
 *
 * Until somebody asks for messages in one of these ways they wait (a stream is not read, datagrams are kept in the inbox), so that nothing is lost that came before
 * the first handler. After that a message goes to every handler, to every subscription that it matches, and into the inbox if that was ever asked. What nobody wants
 * then is dropped and counted.
 */
export interface MessageSource<
  T = Uint8Array,
  E extends SourceEvents<T> = SourceEvents<T>,
> extends AsyncIterable<Message<T>> {
  /** Messages that nobody wanted. */
  readonly unclaimed: number

  /** Messages that wait in the inbox. */
  readonly size: number

  /** Messages that the inbox has dropped. */
  readonly dropped: number

  /**
   * Listens to an event. Handlers of `message` may return a promise. Disposing of what it returns is `off`.
   *
   * A handler that throws or rejects is an `error` event with `P2P_HANDLER_FAILED`; everything lives on. Listening to `close` after the end calls at once.
   */
  on<K extends keyof E & string>(
    event: K,
    listener: E[K],
    options?: K extends 'message' ? HandlerOptions : never,
  ): Disposable

  /** Listens no more. */
  off<K extends keyof E & string>(event: K, listener: E[K]): void

  /**
   * Handles messages of one type, which a codec such as {@link messages} gives. All handlers of a type are called in the order in which they were added;
   * the message counts as handled when all their promises have settled.
   *
   * @param options `exclusive`: in place of those that are there. `inline` counts for the first handler of all types only
   */
  handle<K extends TypeOf<T>>(
    type: K,
    handler: TypeHandler<T, DataOf<T, K>>,
    options?: HandlerOptions & { readonly exclusive?: boolean },
  ): Disposable

  /**
   * The next message of the inbox; with a `timeout` of 0 only one that is here already. Default deadline 10 000 ms.
   *
   * Once it was asked the inbox gets all messages. It is `pause` where that can be and while it is the only one that wants messages; otherwise it drops the oldest.
   *
   * @throws `P2P_TIMEOUT`, `P2P_ABORTED`, or `P2P_PIPE_CLOSED` once all that came before the end was taken
   */
  recv(options?: WaitOptions): Promise<Message<T>>

  /**
   * A queue for the messages that match, until `unsubscribe`. A message goes to every subscription that it matches; overflow is `drop-oldest` unless told otherwise.
   *
   * A pattern that throws is an `error` event with `P2P_PATTERN_FAILED`, which also ends its subscription.
   *
   * @throws PipeError `P2P_PIPE_CLOSED` after the end; TransportError `P2P_NOT_SUPPORTED` for `pause` with datagrams
   */
  subscribe(pattern?: Pattern<T> | RegExp, options?: QueueOptions): Subscription<T>

  /** The messages of the inbox, until the end. Throws what it has failed with, if it has. */
  [Symbol.asyncIterator](): AsyncIterator<Message<T>>
}
