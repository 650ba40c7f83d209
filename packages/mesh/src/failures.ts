import { MeshError, type MeshErrorCode } from './errors.ts'

/** How many are kept. */
const mostKept = 16

/** Errors that nobody waits for: each is told at once, and the last few are kept for whoever looks later. */
export class Failures {
  readonly #told: (error: MeshError) => void
  readonly #kept: MeshError[] = []

  constructor(told: (error: MeshError) => void) {
    this.#told = told
  }

  /** The last ones, oldest first. */
  get kept(): readonly MeshError[] {
    return this.#kept
  }

  /** Something failed, for this cause. */
  report(code: MeshErrorCode, what: string, cause: unknown): void {
    this.add(
      new MeshError(code, `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause }),
    )
  }

  /** A listener of an event failed. */
  ofListener(event: PropertyKey, cause: unknown): void {
    const what = `a listener of ${String(event)} failed`
    // A failing listener of `error` must not call itself for ever
    if (event === 'error') this.#keep(new MeshError('P2P_HANDLER_FAILED', what, { cause }))
    else this.report('P2P_HANDLER_FAILED', what, cause)
  }

  add(error: MeshError): void {
    this.#keep(error)
    this.#told(error)
  }

  #keep(error: MeshError): void {
    this.#kept.push(error)
    if (this.#kept.length > mostKept) this.#kept.shift()
  }
}
