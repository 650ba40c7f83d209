import type { P2PError } from '@p2p/interfaces'
import { EventEmitter } from 'eventemitter3'
import type { ChordEvents } from './chord.ts'
import { ChordError } from './errors.ts'

/** Errors kept for those who come later. */
const kept = 16

type Listener = ChordEvents[keyof ChordEvents]
type Guard = (...args: unknown[]) => void

/** The application's listeners. What one throws, or what its promise rejects with, becomes an error event, and harms no other. */
export class Listeners {
  readonly #emitter = new EventEmitter()
  readonly #guards = new WeakMap<Listener, Guard>()
  #errors: readonly P2PError[] = []
  #failing = false

  /** The last errors that were told, oldest first. */
  get errors(): readonly P2PError[] {
    return this.#errors
  }

  /** Whether anybody wants to hear of changes. */
  get wantsChanges(): boolean {
    return (['add', 'update', 'delete'] as const).some(event => this.#emitter.listenerCount(event) > 0)
  }

  emit<E extends keyof ChordEvents>(event: E, ...args: Parameters<ChordEvents[E]>): void {
    this.#emitter.emit(event, ...args)
  }

  on(event: keyof ChordEvents, listener: Listener): void {
    this.#emitter.on(event, this.#guard(listener))
  }

  once(event: keyof ChordEvents, listener: Listener): void {
    this.#emitter.once(event, this.#guard(listener))
  }

  off(event: keyof ChordEvents, listener: Listener): void {
    this.#emitter.off(event, this.#guard(listener))
  }

  /** Tells of a failure that nobody waits for. */
  readonly fail = (error: P2PError): void => {
    this.#errors = [...this.#errors.slice(1 - kept), error]
    // A listener of `error` that throws is not told of its own exception.
    if (this.#failing) return
    this.#failing = true
    this.#emitter.emit('error', error)
    this.#failing = false
  }

  /** The same guard for the same listener, so that it can be taken off again. */
  #guard(listener: Listener): Guard {
    const known = this.#guards.get(listener)
    if (known !== undefined) return known
    const threw = (cause: unknown) =>
      this.fail(new ChordError('P2P_HANDLER_FAILED', 'a listener threw', { cause }))
    const guard: Guard = (...args) => {
      try {
        const result = (listener as (...args: unknown[]) => unknown)(...args)
        if (result instanceof Promise) result.catch(threw)
      } catch (cause) {
        threw(cause)
      }
    }
    this.#guards.set(listener, guard)
    return guard
  }
}
