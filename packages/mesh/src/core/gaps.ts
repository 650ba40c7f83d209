import type { PeerId } from '@p2p/interfaces'
import { windowSize } from './sequence-window.ts'
import { extend, type StreamRange } from './stream-range.ts'
import { type Missing, nothingMissing, type Stream } from './streams.ts'

/** How long an announced message may take to come down the tree before it is asked for, and then before somebody else is asked. */
const firstPatience = 300
const nextPatience = 400
/** How long what is to be asked for waits for more of it. */
const repairAfter = 50
/** Most messages that we ask for at a time: a neighbour may announce what does not exist. */
export const maxMissing = 16_384

/** Which messages we lack, who has them, and when to ask whom. */
export class Gaps {
  /** Streams of which something is missing, with that. */
  readonly #incomplete = new Map<Stream, Map<number, Missing>>()
  readonly #wake: (at: number) => void
  #size = 0

  /** @param wake {@link wanted} is due at this time, in monotonic milliseconds, if not before */
  constructor(wake: (at: number) => void) {
    this.#wake = wake
  }

  /** Somebody has a message that we have not. */
  add(stream: Stream, sequence: number, source: PeerId, now: number): void {
    const missing = stream.missing.get(sequence)
    if (missing !== undefined) {
      if (!missing.sources.includes(source)) missing.sources.push(source)
      return
    }
    if (sequence <= stream.floor || this.#size >= maxMissing) return
    this.#size++
    const due = now + firstPatience
    const incomplete = this.#incomplete.get(stream) ?? new Map<number, Missing>()
    incomplete.set(sequence, { sources: [source], due })
    stream.missing = incomplete
    this.#incomplete.set(stream, incomplete)
    this.#wake(due + repairAfter)
  }

  /** A message has come, or nobody has it. */
  close(stream: Stream, sequence: number): void {
    if (stream.missing === nothingMissing) return
    const incomplete = this.#incomplete.get(stream)
    if (incomplete?.delete(sequence) !== true) return
    this.#size--
    if (incomplete.size > 0) return
    stream.missing = nothingMissing
    this.#incomplete.delete(stream)
  }

  /** All of a stream that is forgotten. */
  closeAll(stream: Stream): void {
    for (const sequence of stream.missing.keys()) this.close(stream, sequence)
  }

  /** A neighbour does not have these, or not any more. */
  gone(from: PeerId, stream: Stream, first: number, last: number, now: number): void {
    for (let sequence = Math.max(first, last - windowSize + 1); sequence <= last; sequence++) {
      const missing = stream.missing.get(sequence)
      if (missing === undefined) continue
      const at = missing.sources.indexOf(from)
      if (at >= 0) missing.sources.splice(at, 1)
      if (missing.sources.length === 0) this.close(stream, sequence)
      else missing.due = now
    }
    if (stream.missing.size > 0) this.#wake(now + repairAfter)
  }

  /**
   * Whom to ask for what has not come by itself: at another time, for what does not come then, it is somebody else's turn. A source that is no neighbour any more is dropped.
   *
   * @returns `next`: when to look again; `Infinity`: not until woken
   */
  wanted(
    now: number,
    isNeighbour: (id: PeerId) => boolean,
  ): { readonly ranges: ReadonlyMap<PeerId, readonly StreamRange[]>; readonly next: number } {
    let next = Infinity
    const wanted = new Map<PeerId, StreamRange[]>()
    for (const [stream, incomplete] of this.#incomplete) {
      for (const [sequence, missing] of incomplete) {
        if (missing.due > now) {
          next = Math.min(next, missing.due)
          continue
        }
        const source = nextSource(missing, isNeighbour)
        if (source === undefined) {
          this.close(stream, sequence)
          continue
        }
        missing.due = now + nextPatience
        next = Math.min(next, missing.due)
        const ranges = wanted.get(source) ?? []
        wanted.set(source, ranges)
        extend(ranges, stream.key, sequence)
      }
    }
    return { ranges: wanted, next: next + repairAfter }
  }
}

/** Whom to ask now. */
const nextSource = ({ sources }: Missing, isNeighbour: (id: PeerId) => boolean): PeerId | undefined => {
  for (let source = sources.shift(); source !== undefined; source = sources.shift()) {
    if (!isNeighbour(source)) continue
    sources.push(source)
    return source
  }
  return undefined
}
