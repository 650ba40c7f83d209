import { handlerError, whenSettled } from './emitter.ts'
import type { Message } from './message.ts'

/** A message that says what it is, as {@link messages} makes them. */
export interface Typed<K extends string = string, D = unknown> {
  readonly type: K
  readonly data: D
}

/** The types that messages of `T` may have; none if they have no type. */
export type TypeOf<T> = T extends Typed<infer K> ? K : never

/** What comes with the type `K`. */
export type DataOf<T, K> = T extends Typed ? (T['type'] extends K ? T['data'] : never) : never

/** Handles the messages of one type. */
export type TypeHandler<T, D> = (data: D, message: Message<T>) => unknown

/** One table of handlers by message type. A message of a type without a handler is nobody's. */
export class TypeTable<T> {
  readonly #handlers = new Map<string, readonly TypeHandler<T, never>[]>()
  readonly #failed: (error: Error) => void

  constructor(failed: (error: Error) => void) {
    this.#failed = failed
  }

  add(type: string, handler: TypeHandler<T, never>, exclusive: boolean): Disposable {
    const others = exclusive ? [] : (this.#handlers.get(type) ?? [])
    this.#handlers.set(type, [...others, handler])
    return {
      [Symbol.dispose]: () => {
        const left = this.#handlers.get(type)?.filter(other => other !== handler) ?? []
        if (left.length > 0) this.#handlers.set(type, left)
        else this.#handlers.delete(type)
      },
    }
  }

  /** Calls the handlers of the message's type. @returns a promise if one of them did; it does not reject */
  dispatch(message: Message<T>): Promise<unknown> | undefined {
    const { type, data } = message.data as Typed<string, never>
    let pending: Promise<unknown>[] | undefined
    for (const handler of this.#handlers.get(type) ?? []) {
      try {
        const settled = whenSettled(handler(data, message), this.#failed)
        if (settled !== undefined) (pending ??= []).push(settled)
      } catch (error) {
        this.#failed(handlerError(error))
      }
    }
    return pending && Promise.all(pending)
  }
}
