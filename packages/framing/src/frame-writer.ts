import type { Framing, WaitOptions } from '@p2p/interfaces'

import { copyInto } from './copy-into.ts'
import type { HeaderFraming } from './header-framing.ts'
import { sharedSlabs, type Slab, type SlabPool } from './slab-pool.ts'

/**
 * Takes bytes, as `Connection.write` does: the chunk is its own until it calls `release`, which it may do at once. It must not call the writer from within
 * `write`, but for what a `release` does: between the header and the payload of a long message nothing else may be written.
 */
export interface ByteSink {
  write(chunk: Uint8Array, release?: () => void): boolean
  /** Resolves once it takes more. One without it always does. */
  drained?(options?: WaitOptions): Promise<void>
}

/** Options of {@link frameWriter}. */
export interface FrameWriterOptions {
  /** Calls its argument once, at the end of the turn: pass `queueMicrotask`. A parameter because this package sets no timers. */
  readonly schedule: (flush: () => void) => void
  /** Where the slabs come from. Default {@link sharedSlabs}. */
  readonly pool?: SlabPool | undefined
}

/**
 * The write path of a connection: what is written in one turn is packed into one slab and leaves as one `write` of the sink, when the turn ends or the
 * slab is full. So a burst is packed and a lone message does not wait.
 *
 * A slab is 4 KiB for a lone message and grows to 256 KiB with the traffic. It goes back to the pool when the sink releases it; an idle writer holds none.
 *
 * Payloads of more than 8 KiB are not copied: the sink gets them as they are, behind a chunk with their header.
 *
 * All that writes returns what the sink said last: `false` when it is full. Then {@link FrameWriter.drained} waits until it takes more.
 */
export interface FrameWriter extends Disposable {
  /** Bytes packed and not handed to the sink yet. */
  readonly pending: number

  /**
   * Frames a payload. It belongs to the writer from now on: do not change it until `release` is called, which happens exactly once and, up to 8 KiB,
   * before this call returns.
   *
   * @throws `P2P_FRAME_TOO_LONG`; `P2P_NOT_ENCODABLE` for what the framing cannot carry. Then nothing is written and `release` is not called.
   */
  write(payload: Uint8Array, release?: () => void): boolean

  /** Frames `head` and `body` as one payload. `head` is copied in any case; `body` is as the payload of {@link write}. */
  writeParts(head: Uint8Array, body: Uint8Array, release?: () => void): boolean

  /**
   * Begins a payload that is written in place: its first `length` bytes are filled in by the caller, in {@link target} from the returned offset on, and
   * `bodyLength` more come with {@link commit}. Any other call before `commit` gives the reservation up.
   *
   * @throws `P2P_FRAME_TOO_LONG`
   */
  reserve(length: number, bodyLength?: number): number

  /** Where to fill in what was reserved. To be read after {@link reserve}, which changes it, and not to be kept. */
  readonly target: Uint8Array

  /**
   * Ends what {@link reserve} has begun. `body` is as the payload of {@link write}.
   *
   * @throws RangeError unless something is reserved, for a body of this length
   */
  commit(body?: Uint8Array, release?: () => void): boolean

  /** Hands what is pending to the sink now. */
  flush(): boolean

  /**
   * Resolves once the sink takes more, at once if it does now; from then on what writes returns `true` again.
   *
   * @throws what the sink's `drained` rejects with: a connection ended, or the wait was given up
   */
  drained(options?: WaitOptions): Promise<void>

  /** Drops what is pending. What is written later is dropped too, and the answer is `false`. Idempotent. */
  dispose(): void
}

/** A writer that packs frames for a sink. */
export const frameWriter = (sink: ByteSink, framing: Framing, options: FrameWriterOptions): FrameWriter =>
  new SlabWriter(sink, framing, options.schedule, options.pool ?? sharedSlabs)

/** Enough for a lone message, in bytes. */
const smallestSlab = 4 * 2 ** 10
/** Above this the cost of a write is spread thin enough, in bytes. */
const largestSlab = 256 * 2 ** 10
/** From here on a chunk of its own is cheaper than copying, in bytes. */
const longestCopied = 8 * 2 ** 10

const nothing = new Uint8Array(0)

const closed: ByteSink = {
  write: (_chunk, release) => {
    release?.()
    return false
  },
}

class SlabWriter implements FrameWriter {
  private sink: ByteSink
  private readonly framing: Framing
  /** The same framing, if a payload can be passed on as it is. */
  private readonly headers: HeaderFraming | undefined
  private readonly schedule: (flush: () => void) => void
  private readonly pool: SlabPool

  // While there is a slab a flush is scheduled: so an idle writer holds none.
  private slab: Slab | undefined
  /** The slab's bytes: those before `sent` were handed to the sink, those up to `position` are pending. */
  private bytes: Uint8Array = nothing
  private sent = 0
  private position = 0

  private ready = true
  private scheduled = false
  private slabSize = smallestSlab
  private turnBytes = 0

  // A reservation stands while `bytes` and `position` are what they were; without one `reservedBody` is negative.
  private reservedBytes: Uint8Array = nothing
  private reservedAt = 0
  private reservedTarget: Uint8Array = nothing
  private reservedEnd = 0
  private reservedBody = -1

  constructor(sink: ByteSink, framing: Framing, schedule: (flush: () => void) => void, pool: SlabPool) {
    this.sink = sink
    this.framing = framing
    this.headers = 'writeHeader' in framing ? (framing as HeaderFraming) : undefined
    this.schedule = schedule
    this.pool = pool
  }

  get pending(): number {
    return this.position - this.sent
  }

  get target(): Uint8Array {
    return this.reservedTarget
  }

  write(payload: Uint8Array, release?: () => void): boolean {
    const { length } = payload
    const { headers, bytes, position } = this
    // Nearly always it is short, and there is room for it and for another one like it.
    if (
      headers !== undefined &&
      length <= longestCopied &&
      bytes.length - position >= 2 * (headers.headerLimit + length)
    ) {
      const start = headers.writeHeader(length, bytes, position)
      copyInto(bytes, payload, start)
      this.position = start + length
      release?.()
      return this.ready
    }
    return this.writeElsewhere(payload, release)
  }

  writeParts(head: Uint8Array, body: Uint8Array, release?: () => void): boolean {
    const offset = this.reserve(head.length, body.length)
    copyInto(this.reservedTarget, head, offset)
    return this.commit(body, release)
  }

  reserve(length: number, bodyLength = 0): number {
    const total = length + bodyLength
    const frameLength = this.framing.frameLength(total)
    let start = 0
    if (this.headers === undefined) {
      this.reservedTarget = new Uint8Array(total)
    } else {
      const needed = bodyLength > longestCopied ? frameLength - bodyLength : frameLength
      if (this.bytes.length - this.position < needed) this.makeRoom(needed)
      this.reservedTarget = this.bytes
      start = this.headers.writeHeader(total, this.bytes, this.position)
    }
    this.reservedBytes = this.bytes
    this.reservedAt = this.position
    this.reservedEnd = start + length
    this.reservedBody = bodyLength
    return start
  }

  commit(body: Uint8Array = nothing, release?: () => void): boolean {
    const { reservedTarget: target, reservedEnd: end } = this
    if (
      body.length !== this.reservedBody ||
      this.position !== this.reservedAt ||
      this.bytes !== this.reservedBytes
    ) {
      throw new RangeError(`nothing is reserved for a body of ${body.length} bytes`)
    }
    const frameLength = end + body.length - this.reservedAt
    this.reservedBody = -1
    this.reservedBytes = nothing
    this.reservedTarget = nothing
    if (this.headers === undefined) {
      copyInto(target, body, end)
      return this.write(target, release)
    }
    if (body.length > longestCopied) {
      this.position = end
      this.handOver()
      this.turnBytes += body.length
      this.ready = this.sink.write(body, release)
      return this.ready
    }
    if (body.length > 0) copyInto(target, body, end)
    this.position = end + body.length
    release?.()
    if (this.bytes.length - this.position < frameLength) this.handFullOver()
    return this.ready
  }

  flush(): boolean {
    const { slab, bytes, sent, position } = this
    if (slab === undefined) return this.ready
    // the slab is let go of first: the sink may cause further writes
    this.slab = undefined
    this.bytes = nothing
    this.reservedTarget = nothing
    this.sent = 0
    this.position = 0
    if (sent === position) {
      slab.release()
    } else {
      this.turnBytes += position - sent
      this.ready = this.sink.write(bytes.subarray(sent, position), slab.release)
    }
    return this.ready
  }

  async drained(options?: WaitOptions): Promise<void> {
    const { sink } = this
    await sink.drained?.(options)
    // Disposed of in the meantime, nothing is taken any more.
    if (this.sink === sink) this.ready = true
  }

  dispose(): void {
    this.sink = closed
    this.ready = false
    this.flush()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /** {@link write} where the message is long, the slab nearly full, or the framing one without headers. */
  private writeElsewhere(payload: Uint8Array, release: (() => void) | undefined): boolean {
    const { length } = payload
    const { headers } = this
    if (length > longestCopied && headers !== undefined) {
      this.reserve(0, length)
      return this.commit(payload, release)
    }
    const needed = this.framing.frameLength(length)
    if (this.bytes.length - this.position < needed) this.makeRoom(needed)
    this.position = this.framing.encode(payload, this.bytes, this.position)
    release?.()
    if (this.bytes.length - this.position < needed) this.handFullOver()
    return this.ready
  }

  /** Hands what is pending to the sink and goes on behind it in the same slab. */
  private handOver(): void {
    const { slab, sent, position } = this
    if (slab === undefined || sent === position) return
    slab.retain()
    this.sent = position
    this.turnBytes += position - sent
    this.ready = this.sink.write(this.bytes.subarray(sent, position), slab.release)
  }

  /**
   * The slab is full, or would not take another message like the last one. Handed over at once it leaves whole, and who wrote the message hears
   * whether there is room for more. Otherwise the next one would begin a slab that leaves alone behind this one, a small write after each large.
   */
  private handFullOver(): void {
    // A release may have flushed it.
    if (this.slab === undefined) return
    this.flush()
    this.slabSize = Math.min(16 * this.slabSize, largestSlab)
  }

  private makeRoom(needed: number): void {
    while (this.bytes.length - this.position < needed) {
      if (this.slab !== undefined) {
        this.handFullOver()
        continue
      }
      this.slab = this.pool.take(Math.max(needed, this.slabSize))
      this.bytes = this.slab.bytes
      if (this.scheduled) continue
      this.scheduled = true
      this.schedule(this.endTurn)
    }
  }

  private readonly endTurn = (): void => {
    this.scheduled = false
    this.flush()
    // the next turn is likely to be like this one
    this.slabSize = Math.max(smallestSlab, Math.min(this.turnBytes, largestSlab))
    this.turnBytes = 0
  }
}
