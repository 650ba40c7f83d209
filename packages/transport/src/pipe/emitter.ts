import { asError } from '../queued-connection.ts'
import { PipeError } from './errors.ts'

/** Names of events with the functions that listen to them. */
export type EventMap = Record<string, (...args: never[]) => unknown>

/**
 * Tells listeners of events. One that throws or rejects harms neither the others nor who tells: that is an `error` event with the code `P2P_HANDLER_FAILED`.
 * An `error` to which nobody listens is a warning of the process, the first one of each emitter: a peer must not be able to fill a log.
 */
export class Emitter<E extends EventMap> {
  readonly #listeners = new Map<keyof E, readonly E[keyof E][]>()
  #warned = false

  add<K extends keyof E>(event: K, listener: E[K]): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener])
  }

  /** Removes it once. */
  remove<K extends keyof E>(event: K, listener: E[K]): void {
    const listeners = this.#listeners.get(event) ?? []
    const index = listeners.indexOf(listener)
    if (index >= 0) this.#listeners.set(event, listeners.toSpliced(index, 1))
  }

  has(event: keyof E): boolean {
    return (this.#listeners.get(event)?.length ?? 0) > 0
  }

  emit<K extends keyof E>(event: K, ...args: Parameters<E[K]>): void {
    const listeners = this.#listeners.get(event)
    if (listeners === undefined || listeners.length === 0) {
      if (event === 'error') this.#warn(args[0] as unknown as Error)
      return
    }
    for (const listener of listeners) this.call(event, listener, ...args)
  }

  /** Tells one listener. */
  call<K extends keyof E>(event: K, listener: E[K], ...args: Parameters<E[K]>): void {
    const failed = (error: Error) => {
      if (event === 'error') this.#warn(error)
      else this.emit('error' as K, ...([error] as unknown as Parameters<E[K]>))
    }
    try {
      void whenSettled(listener(...args), failed)
    } catch (error) {
      failed(handlerError(error))
    }
  }

  #warn(error: Error): void {
    if (this.#warned) return
    this.#warned = true
    process.emitWarning(error)
  }
}

/** The error of a handler that threw or rejected. */
export const handlerError = (cause: unknown): PipeError =>
  new PipeError('P2P_HANDLER_FAILED', `a handler failed: ${asError(cause).message}`, { cause })

/** @returns a promise that never rejects, if a handler has returned one */
export const whenSettled = (
  result: unknown,
  failed: (error: PipeError) => void,
): Promise<void> | undefined =>
  isPromise(result)
    ? Promise.resolve(result).then(
        () => undefined,
        (cause: unknown) => failed(handlerError(cause)),
      )
    : undefined

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
