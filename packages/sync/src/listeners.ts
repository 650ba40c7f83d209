import type { P2PError } from '@p2p/interfaces'
import { EventEmitter } from 'eventemitter3'
import { SyncError } from './errors.ts'
import type { SyncEvents } from './sync.ts'

// Errors kept for those who come later.
const kept = 16

type Listener = SyncEvents[keyof SyncEvents]
type Guard = (...args: unknown[]) => void

/** The application's listeners. What one throws, or what its promise rejects with, is told as an error, and the others are called all the same. */
export class Listeners {
  readonly #emitter = new EventEmitter()
  readonly #guards = new WeakMap<Listener, Guard>()
  #errors: readonly P2PError[] = []
  #failing = false

  /** The last errors that were told, oldest first. */
  get errors(): readonly P2PError[] {
    return this.#errors
  }

  emit<E extends keyof SyncEvents>(event: E, ...args: Parameters<SyncEvents[E]>): void {
    this.#emitter.emit(event, ...args)
  }

  has(event: keyof SyncEvents): boolean {
    return this.#emitter.listenerCount(event) > 0
  }

  on(event: keyof SyncEvents, listener: Listener): void {
    this.#emitter.on(event, this.#guard(listener))
  }

  once(event: keyof SyncEvents, listener: Listener): void {
    this.#emitter.once(event, this.#guard(listener))
  }

  off(event: keyof SyncEvents, listener: Listener): void {
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

  /** The same for the same listener, so that it can be taken off again. */
  #guard(listener: Listener): Guard {
    let guard = this.#guards.get(listener)
    if (guard === undefined) {
      const threw = (cause: unknown) =>
        this.fail(new SyncError('P2P_HANDLER_FAILED', 'a listener threw', { cause }))
      guard = (...args) => {
        try {
          const result = (listener as (...args: unknown[]) => unknown)(...args)
          if (result instanceof Promise) result.catch(threw)
        } catch (cause) {
          threw(cause)
        }
      }
      this.#guards.set(listener, guard)
    }
    return guard
  }
}
