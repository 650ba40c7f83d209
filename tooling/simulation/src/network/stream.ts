import type { SeededRandom } from '../random.ts'
import type { Scheduled } from '../time/event-queue.ts'
import type { Medium } from './medium.ts'
import type { Place } from './place.ts'
import type { Segment, SegmentKind } from './segment.ts'
import { SegmentQueue } from './segment-queue.ts'

/** Milliseconds that the first loss of a segment costs; each further one in a row costs twice the one before. */
export const retransmissionDelay = 200
/**
 * So many losses of one segment in a row cost the connection. Who dials goes on until its own deadline; who answers a dial outlasts the
 * usual one of 10 s. A reset is not sent again.
 */
const patience: Record<SegmentKind, number> = {
  open: Infinity,
  accepted: 6,
  data: 3,
  end: 3,
  probe: 3,
  reset: 1,
}

/** The end that writes a stream. */
export interface StreamWriter {
  /** There is room for what waits: {@link Stream.goOnWriting} when the process runs. */
  roomCame(): void
  /** A segment was lost too often in a row. */
  lost(): void
  /** A chunk that had to wait is needed no more. */
  release(release: (() => void) | undefined): void
}

/** The end that reads a stream. */
export interface StreamReader {
  /** Takes a segment, which is now the reader's. */
  receive(segment: Segment): void
}

/** A chunk that has not left yet, or its rest. */
interface Waiting {
  readonly chunk: Uint8Array
  from: number
  readonly release: (() => void) | undefined
  next: Waiting | undefined
}

/** What both streams of a connection share. */
export interface Path {
  readonly medium: Medium
  /** Dice of this connection alone. */
  readonly random: SeededRandom
  /** Milliseconds from one end to the other. */
  readonly latency: number
}

/**
 * One direction of a connection: segments in order, the first of them with an event of its own for its arrival. What becomes of a segment is decided
 * when it arrives. A lost one comes again after the retransmission delay, and those behind it wait for it, as TCP's receiver lets them.
 */
export class Stream implements Scheduled {
  readonly cancelled = false
  readonly from: Place
  readonly to: Place
  writer: StreamWriter | undefined
  reader: StreamReader | undefined
  // What each segment needs has fields of its own: one object less that is not in the processor's cache
  readonly #medium: Medium
  readonly #random: SeededRandom
  readonly #latency: number
  readonly #flight = new SegmentQueue()
  // Bytes that have left and that the reader has not taken: on the way, or in its kernel.
  #outstanding = 0
  // What has not left yet, for want of room at the reader.
  #waiting: Waiting | undefined
  #lastWaiting: Waiting | undefined
  #waitingBytes = 0
  #ending = false
  // What has left in the instant of the last segment; as long as that lasts, the writer's turn is not over.
  #burst = 0
  #busyUntil = 0
  // Events of this stream that are still to come: one for the head, and perhaps some that are left over from a head that was dropped.
  #pending = 0
  #room: Scheduled | undefined
  #orphan = false

  constructor(path: Path, from: Place, to: Place) {
    this.#medium = path.medium
    this.#random = path.random
    this.#latency = path.latency
    this.from = from
    this.to = to
  }

  /** Bytes that the network has not taken: those that wait for room, and those of this turn. */
  get queued(): number {
    const last = this.#flight.last
    if (last === undefined || last.sentAt !== this.#medium.clock.monotonic()) return this.#waitingBytes
    return this.#waitingBytes + this.#burst
  }

  /** Bytes that wait for room. */
  get waiting(): number {
    return this.#waitingBytes
  }

  /** Whether all that was written has left. */
  get flushed(): boolean {
    return this.#waiting === undefined
  }

  /** Sends bytes, together with all others of this instant. What leaves at once is copied and released; the rest waits as it is. */
  write(chunk: Uint8Array, release: (() => void) | undefined): void {
    const from = this.#waiting === undefined ? this.#leave(chunk, 0) : 0
    if (from === chunk.length) {
      if (release !== undefined) this.writer?.release(release)
      return
    }
    const waiting: Waiting = { chunk, from, release, next: undefined }
    if (this.#lastWaiting === undefined) this.#waiting = waiting
    else this.#lastWaiting.next = waiting
    this.#lastWaiting = waiting
    this.#waitingBytes += chunk.length - from
  }

  /** The writer's turn is over: what was written in it has left, and what waits leaves as far as there is room. */
  goOnWriting(): void {
    for (let waiting = this.#waiting; waiting !== undefined; waiting = this.#waiting) {
      const from = this.#leave(waiting.chunk, waiting.from)
      this.#waitingBytes -= from - waiting.from
      waiting.from = from
      if (from < waiting.chunk.length) break
      this.#waiting = waiting.next
      if (waiting.next === undefined) this.#lastWaiting = undefined
      this.writer?.release(waiting.release)
    }
    if (this.#waiting === undefined && this.#ending) {
      this.#ending = false
      this.sign('end')
    }
    this.#burst = 0
  }

  /** Sends the end, behind all that was written. */
  end(): void {
    if (this.#waiting === undefined) this.sign('end')
    else this.#ending = true
  }

  /** Sends a sign, behind all that has left. */
  sign(kind: SegmentKind): void {
    const medium = this.#medium
    this.#put(medium.segments.take(kind), 0, medium.clock.monotonic())
  }

  /** Drops what has not left and sends a reset behind what has. */
  reset(): void {
    this.#dropWaiting()
    this.sign('reset')
  }

  /** Drops everything. */
  clear(): void {
    this.#medium.segments.giveAll(this.#flight)
    this.#dropWaiting()
  }

  /** The writer's host is gone: what has left may still arrive, and nobody sends it again. */
  orphan(): void {
    this.writer = undefined
    this.#orphan = true
    this.#dropWaiting()
  }

  /** The reader has taken so many bytes. If the writer waits for room, it learns of it after the way back. */
  consumed(bytes: number): void {
    this.#outstanding -= bytes
    if (this.#waiting === undefined) return
    this.#room ??= { cancelled: false, fire: () => this.writer?.roomCame() }
    this.#medium.clock.schedule(this.#latency, this.#room)
  }

  /** The reader's host has gone down. A writer that waits for room asks now and then whether there is some, and so finds out. */
  readerGone(): void {
    if (this.#waiting !== undefined && this.#flight.first === undefined) {
      this.#miss(this.#insertProbe(0), this.#medium.clock.monotonic())
    }
  }

  /** The segment at the head is held no more. */
  goOn(): void {
    if (this.#flight.first !== undefined) this.#schedule(this.#medium.clock.monotonic())
  }

  /** The segment at the head arrives. */
  fire(): void {
    const medium = this.#medium
    const now = medium.clock.monotonic()
    const head = this.#flight.first
    this.#pending -= 1
    if (head === undefined) return
    if (head.arrival > now) {
      if (this.#pending === 0) this.#schedule(head.arrival)
      return
    }
    if (head.misses >= patience[head.kind]) {
      this.clear()
      this.writer?.lost()
      return
    }
    const obstacle = medium.cuts.any ? medium.cuts.find(this.from, this.to) : undefined
    if (obstacle?.fate === 'held') obstacle.hold(this)
    else if (obstacle !== undefined || medium.loses(this.from, this.to, this.#random)) this.#miss(head, now)
    else this.#arrive(head, now)
  }

  #arrive(head: Segment, now: number): void {
    const medium = this.#medium
    const acknowledged = !medium.cuts.any || medium.cuts.find(this.to, this.from)?.fate !== 'lost'
    this.#flight.shift()
    const next = this.#flight.first
    // It has come, but to the writer that is the same as a loss. The answer to a dial is its acknowledgement.
    if (!acknowledged && head.kind !== 'open') this.#miss(this.#insertProbe(head.misses), now)
    else if (next !== undefined) this.#schedule(Math.max(now, next.arrival))
    if (head.kind === 'probe') medium.segments.give(head)
    else this.reader?.receive(head)
  }

  #miss(head: Segment, now: number): void {
    if (this.#orphan) {
      this.clear()
      return
    }
    head.arrival = now + retransmissionDelay * 2 ** head.misses
    head.misses += 1
    this.#schedule(head.arrival)
  }

  /** Lets bytes of a chunk leave, as many as there is room for; answers where the rest begins. */
  #leave(chunk: Uint8Array, start: number): number {
    const medium = this.#medium
    const now = medium.clock.monotonic()
    let from = start
    if (this.#flight.last?.sentAt !== now) this.#burst = 0
    while (from < chunk.length && this.#outstanding < medium.window) {
      const tail = this.#flight.last
      const joins =
        tail?.kind === 'data' &&
        tail.sentAt === now &&
        tail.misses === 0 &&
        tail.length < medium.longestSegment
      const segment = joins ? tail : medium.segments.take('data')
      const room = Math.min(medium.longestSegment - segment.length, medium.window - this.#outstanding)
      const to = Math.min(chunk.length, from + room)
      medium.segments.append(segment, chunk, from, to)
      if (joins) this.#prolong(segment, to - from, now)
      else this.#put(segment, to - from, now)
      from = to
    }
    this.#burst += from - start
    return from
  }

  /** Sends a segment. */
  #put(segment: Segment, bytes: number, now: number): void {
    const medium = this.#medium
    const leaves = this.#occupy(bytes, now)
    const jitter = medium.jitter === 0 ? 0 : this.#random.next() * medium.jitter
    segment.arrival = leaves + this.#latency + jitter
    segment.sentAt = now
    this.#outstanding += bytes
    this.#flight.push(segment)
    if (this.#flight.first === segment) this.#schedule(segment.arrival)
  }

  /** A segment that has left in this instant has become longer. */
  #prolong(segment: Segment, bytes: number, now: number): void {
    this.#outstanding += bytes
    if (this.#medium.bandwidth === Infinity) return
    const before = this.#busyUntil
    segment.arrival += this.#occupy(bytes, now) - before
  }

  /** Occupies the line for so many bytes; answers when the last of them has left. */
  #occupy(bytes: number, now: number): number {
    const { bandwidth } = this.#medium
    if (bandwidth === Infinity) return now
    this.#busyUntil = Math.max(this.#busyUntil, now) + (bytes / bandwidth) * 1000
    return this.#busyUntil
  }

  /** A sign in front of everything, that costs the connection if it is not acknowledged. */
  #insertProbe(misses: number): Segment {
    const probe = this.#medium.segments.take('probe')
    probe.misses = misses
    this.#flight.unshift(probe)
    return probe
  }

  #dropWaiting(): void {
    let waiting = this.#waiting
    this.#waiting = this.#lastWaiting = undefined
    this.#waitingBytes = 0
    while (waiting !== undefined) {
      this.writer?.release(waiting.release)
      waiting = waiting.next
    }
  }

  #schedule(time: number): void {
    this.#pending += 1
    this.#medium.clock.scheduleAt(time, this)
  }
}
