import type { Clock } from '@p2p/interfaces'

/** What a {@link Watch} needs. */
export interface WatchContext<State> {
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
  /** The state now. */
  readonly read: () => State
  /** Milliseconds until the state changes by itself, as far as is known; `undefined` if it does not. */
  readonly changesIn: () => number | undefined
  /** Called once, when it has ended. */
  readonly onEnd: (watch: Watch<State>) => void
}

/** The states of something that changes, the latest one only: it keeps nothing for a slow reader. */
export class Watch<State> implements AsyncIterableIterator<State> {
  readonly #context: WatchContext<State>
  #waiting: ((result: IteratorResult<State>) => void)[] = []
  #changed = true
  #ended = false
  #timer: Disposable | undefined

  constructor(context: WatchContext<State>) {
    this.#context = context
    if (context.signal?.aborted === true) this.#ended = true
    else context.signal?.addEventListener('abort', this.end)
  }

  /** There is something new to see. */
  readonly notify = (): void => {
    this.#changed = true
    const settle = this.#waiting.shift()
    settle?.(this.#take())
  }

  /** Ends it: all that wait for a state are told. */
  readonly end = (): void => {
    if (this.#ended) return
    this.#ended = true
    this.#timer?.[Symbol.dispose]()
    this.#context.signal?.removeEventListener('abort', this.end)
    this.#context.onEnd(this)
    for (const settle of this.#waiting.splice(0)) settle({ done: true, value: undefined })
  }

  next(): Promise<IteratorResult<State>> {
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    if (this.#changed) return Promise.resolve(this.#take())
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  return(): Promise<IteratorResult<State>> {
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #take(): IteratorResult<State> {
    this.#changed = false
    this.#timer?.[Symbol.dispose]()
    const delay = this.#context.changesIn()
    // The clocks may have been set back meanwhile: then the state is the same, and it is told once more, which is harmless.
    this.#timer = delay === undefined ? undefined : this.#context.clock.after(delay, this.notify)
    return { done: false, value: this.#context.read() }
  }
}
