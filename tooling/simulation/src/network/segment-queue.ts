import type { Segment } from './segment.ts'

/** Segments in order, linked through their `next`. */
export class SegmentQueue {
  first: Segment | undefined
  last: Segment | undefined

  /** Adds a segment behind all others. */
  push(segment: Segment): void {
    if (this.last === undefined) this.first = segment
    else this.last.next = segment
    this.last = segment
  }

  /** Adds a segment in front of all others. */
  unshift(segment: Segment): void {
    segment.next = this.first
    this.first = segment
    this.last ??= segment
  }

  /** Takes the first segment out. */
  shift(): Segment | undefined {
    const { first } = this
    if (first === undefined) return undefined
    this.first = first.next
    if (first.next === undefined) this.last = undefined
    first.next = undefined
    return first
  }
}
