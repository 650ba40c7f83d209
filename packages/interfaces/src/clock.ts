/** Time as a parameter, so that tests and simulations own it. `@p2p/interfaces/system` has the machine's. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. It may step forwards and backwards. */
  now(): number
  /** Milliseconds since an arbitrary start. It never goes back and is not told to step. */
  monotonic(): number
  /** Calls `callback` once, `delay` milliseconds from now, unless disposed of before. */
  after(delay: number, callback: () => void): Disposable
}
