/** Options of everything that waits. They are always the last parameter. */
export interface WaitOptions {
  /** Ends the wait with `P2P_ABORTED`; nothing that was begun stays behind. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds until the wait ends with `P2P_TIMEOUT`. Every function states its default; `Infinity` waits for ever. */
  readonly timeout?: number | undefined
}
