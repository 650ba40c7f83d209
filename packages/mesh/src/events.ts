/** Listeners by event name; every value is a function. */
export type EventMap<E> = { [K in keyof E]: (...args: never[]) => void }

/** Told when a listener throws or rejects. */
export type ListenerFailed = (event: PropertyKey, error: unknown) => void

/**
 * Typed events whose listeners cannot harm each other: what one throws, or what its promise rejects with, is reported and the others are called all the same.
 * (The emitters on npm either stop at the first exception or leave rejections unhandled.)
 */
export class Events<E extends EventMap<E>> {
  readonly #listeners = new Map<keyof E, Map<E[keyof E], boolean>>()
  readonly #failed: ListenerFailed

  constructor(failed: ListenerFailed) {
    this.#failed = failed
  }

  /** Adds a listener; the same function twice is one listener. */
  on<K extends keyof E>(event: K, listener: E[K], once = false): void {
    const listeners = this.#listeners.get(event) ?? new Map<E[keyof E], boolean>()
    this.#listeners.set(event, listeners)
    listeners.set(listener, once)
  }

  off<K extends keyof E>(event: K, listener: E[K]): void {
    this.#listeners.get(event)?.delete(listener)
  }

  emit<K extends keyof E>(event: K, ...args: Parameters<E[K]>): void {
    for (const [listener, once] of Array.from(this.#listeners.get(event) ?? [])) {
      if (once) this.off(event, listener as E[K])
      try {
        const call: (...args: never[]) => unknown = listener
        const result = call(...(args as never[]))
        if (result instanceof Promise) result.catch((error: unknown) => this.#failed(event, error))
      } catch (error) {
        this.#failed(event, error)
      }
    }
  }

  clear(): void {
    this.#listeners.clear()
  }
}
