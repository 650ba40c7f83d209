/**
 * One way to wait, for all packages: with a signal, with a deadline, and leaving nothing behind.
 *
 * @packageDocumentation
 */
import type { Clock } from './clock.ts'
import { WaitError } from './errors.ts'
import type { WaitOptions } from './wait-options.ts'

/** What {@link wait} needs beside the caller's options. */
export interface WaitSettings extends WaitOptions {
  /** Whose time the deadline is in. */
  readonly clock: Clock
  /** What is waited for, as the end of a sentence: `the peer's answer`. It goes into the error's message. */
  readonly what: string
}

/** Settles a wait from outside. Only the first call counts. */
export interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

/**
 * Waits for something to be settled by `start`'s waiter, the signal, or the deadline, whichever is first.
 *
 * `start` is called at once, unless the signal is aborted already, and may return a function that undoes what it began: it is called
 * exactly once, however the wait ends. What it throws is thrown at whoever settled the wait, which ends all the same.
 *
 * @throws `P2P_ABORTED` (its `cause` is the signal's reason), `P2P_TIMEOUT`, or what `start` rejected with; RangeError for a timeout that is no number, and then
 * `start` is not called
 */
export const wait = <T>(
  settings: WaitSettings,
  start: (waiter: Waiter<T>) => (() => void) | undefined,
): Promise<T> =>
  new Promise<T>((resolvePromise, rejectPromise) => {
    const { signal, timeout, clock, what } = settings
    let settled = false
    let cleanUp: (() => void) | undefined
    let timer: Disposable | undefined

    const settle = (outcome: () => void) => {
      if (settled) return
      settled = true
      // First of all: who waits must hear of it, whatever the rest throws
      outcome()
      timer?.[Symbol.dispose]()
      signal?.removeEventListener('abort', onAbort)
      cleanUp?.()
    }
    const resolve = (value: T) => settle(() => resolvePromise(value))
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what the caller rejects with passes through unchanged
    const reject = (error: unknown) => settle(() => rejectPromise(error))
    const onAbort = () => reject(abortedError(what, signal))

    if (signal?.aborted === true) {
      reject(abortedError(what, signal))
      return
    }
    // Such a deadline would never come.
    if (timeout !== undefined && !(timeout <= Infinity)) {
      reject(new RangeError(`a timeout is a number of milliseconds, and not ${timeout}`))
      return
    }
    signal?.addEventListener('abort', onAbort)
    if (timeout !== undefined && timeout !== Infinity) {
      timer = clock.after(timeout, () =>
        reject(new WaitError('P2P_TIMEOUT', `waited ${timeout} ms for ${what}`)),
      )
    }
    try {
      const undo = start({ resolve, reject })
      // `settled` changes under our feet when start settles at once, which the type checker cannot see
      if (settled as boolean) undo?.()
      else cleanUp = undo
    } catch (error) {
      reject(error)
    }
  })

const abortedError = (what: string, signal: AbortSignal | undefined) =>
  new WaitError('P2P_ABORTED', `gave up waiting for ${what}`, { cause: signal?.reason })
