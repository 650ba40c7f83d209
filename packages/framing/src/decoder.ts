import type { FrameDecoder, FrameListener, Framing } from '@p2p/interfaces'

import { FramingError } from './errors.ts'

/** A decoder that can be told to stop in the middle of a chunk. Every framing of this package makes such decoders. */
export interface StoppableDecoder extends FrameDecoder {
  /**
   * Ends decoding, also from within the listener: no further frame is delivered, not even one that is complete in the chunk at hand.
   * What is held is dropped, later calls of `push` and `end` do nothing. Idempotent.
   */
  stop(): void
}

/** A framing whose decoders can be stopped: every one of this package. */
export interface StoppableFraming extends Framing {
  decoder(): StoppableDecoder
}

/** What a decoder may be doing. */
export const state = { open: 0, delivering: 1, stopped: 2, spent: 3 } as const

/**
 * What all decoders have in common: when they take bytes and when not.
 *
 * - A listener that throws spends its decoder: the error passes through, the rest of the chunk is dropped, and every later call throws the same
 *   error. Going on would mean to skip a frame or to deliver one twice.
 * - `push` from within the listener throws `P2P_REENTRANT_PUSH` and takes nothing: those bytes belong behind frames that were not delivered yet.
 *   A listener that catches that error goes on undisturbed.
 */
export abstract class ChunkDecoder implements StoppableDecoder {
  protected state: number = state.open
  private failure: unknown

  abstract readonly buffered: number

  /** Delivers the frames that `chunk` completes, for as long as `state` is `delivering`, and keeps the rest. */
  protected abstract feed(chunk: Uint8Array, onFrame: FrameListener): void
  /** Why the stream may not end here, if it may not. */
  protected abstract cutOff(): FramingError | undefined
  /** Drops what is held. */
  protected abstract drop(): void

  push(chunk: Uint8Array, onFrame: FrameListener): void {
    if (this.state !== state.open && !this.admits()) return
    this.state = state.delivering
    try {
      this.feed(chunk, onFrame)
    } catch (error) {
      // a listener may stop the decoder and throw as well: then it is stopped
      if (this.state === state.delivering) this.spend(error)
      throw error
    } finally {
      // within the listener its memory must stay what it is, so stopping there leaves the dropping to us
      if (this.state === state.delivering) this.state = state.open
      else this.drop()
    }
  }

  end(): void {
    if (this.state !== state.open && !this.admits()) return
    const error = this.cutOff()
    if (error === undefined) return
    this.spend(error)
    this.drop()
    throw error
  }

  stop(): void {
    const wasDelivering = this.state === state.delivering
    this.state = state.stopped
    if (!wasDelivering) this.drop()
  }

  private admits(): boolean {
    if (this.state === state.spent) throw this.failure
    if (this.state === state.delivering) {
      throw new FramingError('P2P_REENTRANT_PUSH', 'a decoder was fed from within its own listener')
    }
    return false
  }

  private spend(error: unknown): void {
    this.state = state.spent
    this.failure = error
  }
}
