/**
 * Receives one frame's payload as the range `start … end` of `bytes`. The range is valid during the call only: the memory is used
 * again afterwards, so copy what is kept.
 */
export type FrameListener = (bytes: Uint8Array, start: number, end: number) => void

/** Takes a stream apart. One per connection and direction; it keeps the beginning of an unfinished frame. */
export interface FrameDecoder {
  /** Bytes of an unfinished frame held at the moment. */
  readonly buffered: number
  /**
   * Feeds a chunk, cut anywhere, and calls the listener for each frame that it completes, in order.
   *
   * @throws `P2P_FRAME_TOO_LONG` as soon as the length is known, before a byte of that payload is kept. A decoder that has thrown is
   * spent: every later call throws the same error. What the listener throws passes through.
   */
  push(chunk: Uint8Array, onFrame: FrameListener): void
  /** Says that the stream has ended. @throws `P2P_FRAME_CUT_OFF` if it ended within a frame */
  end(): void
}

/** How messages are told apart in a stream: pure and synchronous. Contract suite: `framingContract`. */
export interface Framing {
  /** The longest payload, in bytes, that it makes or accepts. */
  readonly limit: number
  /** The length of the frame of a payload of this length. @throws `P2P_FRAME_TOO_LONG` above the limit */
  frameLength(payloadLength: number): number
  /** Writes the frame of `payload` into `target` from `offset` on, where there is room for it; returns the offset after it. */
  encode(payload: Uint8Array, target: Uint8Array, offset: number): number
  /** A decoder for one incoming stream. */
  decoder(): FrameDecoder
}
