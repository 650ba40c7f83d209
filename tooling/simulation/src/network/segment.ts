import type { SegmentQueue } from './segment-queue.ts'

/** What is on its way: bytes, or a sign of the connection itself. */
export type SegmentKind = 'data' | 'open' | 'accepted' | 'end' | 'reset' | 'probe'

/** Memory of a fixed length that segments are laid out in. */
class Slab {
  readonly bytes: Uint8Array
  readonly words: Uint32Array
  used = 0
  segments = 0

  constructor(length: number) {
    this.bytes = new Uint8Array(length)
    this.words = new Uint32Array(this.bytes.buffer)
  }
}

const noSlab = new Slab(0)

/** What one end sends to the other in one go. Segments are used again: whoever takes one out of a stream gives it back to the pool. */
export class Segment {
  kind: SegmentKind = 'data'
  /** Virtual time at which it was sent. */
  sentAt = 0
  /** Virtual time at which it comes to the other end, if it is not lost on the way. */
  arrival = 0
  /** How often in a row it was lost. */
  misses = 0
  next: Segment | undefined
  slab: Slab = noSlab
  start = 0
  length = 0
  capacity = 0

  /** The bytes, valid until the segment is given back. */
  view(): Uint8Array {
    return this.slab.bytes.subarray(this.start, this.start + this.length)
  }

  /** The words in which the bytes lie, from `start / 4` on. */
  get words(): Uint32Array {
    return this.slab.words
  }
}

const slabLength = 65_536
// Larger ones get memory of their own, which is not kept.
const largestShared = slabLength / 4
// 4 MiB; a network that has been busier than that gives the rest back.
const mostFreeSlabs = 64

/**
 * Where segments and their memory come from and go to. The kernel of a real host copies what it takes, and so does this: a reader cannot
 * change the writer's bytes, and memory that a reader keeps by mistake is soon overwritten.
 */
export class SegmentPool {
  #free: Segment | undefined
  #slab = new Slab(slabLength)
  #freeSlabs: Slab[] = []

  /** A segment without bytes. */
  take(kind: SegmentKind): Segment {
    const segment = this.#free
    if (segment === undefined) {
      const fresh = new Segment()
      fresh.kind = kind
      return fresh
    }
    this.#free = segment.next
    segment.next = undefined
    segment.kind = kind
    segment.misses = 0
    return segment
  }

  /** Copies `chunk[from, to)` to the end of the segment. */
  append(segment: Segment, chunk: Uint8Array, from: number, to: number): void {
    const length = segment.length + to - from
    if (length > segment.capacity) this.#reserve(segment, length)
    segment.slab.bytes.set(
      from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to),
      segment.start + segment.length,
    )
    segment.length = length
  }

  /** Takes a segment back. */
  give(segment: Segment): void {
    this.#leave(segment.slab)
    segment.slab = noSlab
    segment.length = 0
    segment.capacity = 0
    segment.next = this.#free
    this.#free = segment
  }

  /** Takes a whole queue back. */
  giveAll(queue: SegmentQueue): void {
    for (let segment = queue.shift(); segment !== undefined; segment = queue.shift()) this.give(segment)
  }

  /** Gives a segment more room: where it lies if nothing lies behind it, else somewhere else, with as much again to spare. */
  #reserve(segment: Segment, length: number): void {
    const { slab, start, capacity } = segment
    const aligned = (length + 3) & ~3
    if (slab === this.#slab && start + capacity === slab.used && start + aligned <= slabLength) {
      slab.used = start + aligned
      segment.capacity = aligned
      return
    }
    const target = this.#room(capacity === 0 ? aligned : aligned * 2)
    if (segment.length > 0) target.bytes.set(slab.bytes.subarray(start, start + segment.length), target.used)
    segment.slab = target
    segment.start = target.used
    segment.capacity = capacity === 0 ? aligned : aligned * 2
    target.used += segment.capacity
    target.segments += 1
    this.#leave(slab)
  }

  /** A slab with room for so many bytes. */
  #room(length: number): Slab {
    if (length > largestShared) return new Slab(length)
    if (this.#slab.used + length > slabLength) this.#slab = this.#freeSlabs.pop() ?? new Slab(slabLength)
    return this.#slab
  }

  #leave(slab: Slab): void {
    if (slab === noSlab) return
    slab.segments -= 1
    if (slab.segments > 0) return
    slab.used = 0
    if (slab !== this.#slab && slab.bytes.length === slabLength && this.#freeSlabs.length < mostFreeSlabs) {
      this.#freeSlabs.push(slab)
    }
  }
}
