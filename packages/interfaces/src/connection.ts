import type { Address } from './address.ts'
import type { WaitOptions } from './wait-options.ts'

/** How a connection ended. */
export interface CloseInfo {
  /** Who ended it. A failure of the network counts as `remote`, an `abort` of ours as `local`. */
  readonly by: 'local' | 'remote'
  /** Absent after an orderly end; otherwise why it failed, with a `code`. */
  readonly error?: Error
}

/**
 * A reliable, ordered stream of bytes between two ends: what a transport gives and what everything above is built on.
 * Boundaries between chunks mean nothing.
 *
 * The hot path has no promises: `write` answers whether to go on, `onData` calls back. Contract suite: `connectionContract`.
 */
export interface Connection extends AsyncDisposable {
  /** `outbound` where we dialled. */
  readonly direction: 'inbound' | 'outbound'
  /** Our end. */
  readonly local: Address
  /** The other end. For an inbound connection this is where the stream comes from, not where that peer listens. */
  readonly remote: Address
  /** Bytes written and not yet taken by the network. */
  readonly queued: number

  /**
   * Queues bytes to be sent. All that is written in one turn of the event loop leaves as one write; a large queue may leave in several, earlier.
   *
   * The chunk belongs to the connection from now on: do not change it until `release` is called, which happens exactly
   * once, when the connection needs the chunk no more (sent or dropped). It may be called before `write` returns.
   *
   * @returns `false` when the queue is above its mark: write no more until {@link drained}. What was passed is queued in either case.
   * After the connection has ended the chunk is dropped and the answer is `false`. Who goes on writing above the mark may find the connection
   * aborted at a hard limit.
   * @throws TypeError for anything but a `Uint8Array`
   */
  write(chunk: Uint8Array, release?: () => void): boolean

  /**
   * Resolves when the queue is below its mark again; at once if it is so now.
   * Rejects with `P2P_CONNECTION_CLOSED` if the connection ends first, and from the moment on in which either side begins to end it. Default deadline: none, the connection's own end bounds it.
   */
  drained(options?: WaitOptions): Promise<void>

  /**
   * Sets the consumer of incoming bytes; a later call replaces the earlier consumer. Nothing is read from the network before the first call.
   *
   * The chunk is valid only during the callback: its memory may be used again afterwards, so copy what is kept.
   * A consumer that throws aborts the connection with what it threw.
   */
  onData(listener: (chunk: Uint8Array) => void): void

  /**
   * Stops reading; the other end feels it as back-pressure. No data is delivered until {@link resume}. While it is not read, a connection need not
   * notice that the other end has gone.
   */
  pause(): void

  /** Reads on after {@link pause}. */
  resume(): void

  /**
   * Ends in order: what was written is sent first, then the end. Resolves when nothing of the connection is alive. Idempotent.
   * Data that arrives meanwhile is still delivered; a connection that is paused or was never read discards it. If the flush takes longer than `timeout` (default 5 000 ms) or the signal is aborted, the rest is dropped; the promise resolves all the same. If only
   * the other end's answer is missing then, the end is orderly.
   */
  close(options?: WaitOptions): Promise<void>

  /** Ends at once: what was not sent is dropped, and the other end sees a failure. Idempotent. */
  abort(reason?: Error): void

  /** Resolves, never rejects, when the connection has ended and no more data will come. */
  readonly closed: Promise<CloseInfo>
}
