import type { PeerId } from '@p2p/interfaces'
import { Gaps, maxMissing } from './gaps.ts'
import { type LoggedMessage, MessageLog } from './message-log.ts'
import { windowSize } from './sequence-window.ts'
import { extend, inMessages, maxRanges, type StreamRange } from './stream-range.ts'
import { type Stream, Streams } from './streams.ts'

/** What neighbours say to each other about broadcasts, beside the broadcasts. PROTOCOL.md, "To all". */
export type TreeMessage =
  | { readonly type: 'ihave'; readonly ranges: readonly StreamRange[] }
  | { readonly type: 'graft'; readonly ranges: readonly StreamRange[] }
  | { readonly type: 'gone'; readonly ranges: readonly StreamRange[] }
  | { readonly type: 'prune' }

/** What the tree does. The message is in memory that never changes. */
export interface PlumtreeOutput {
  payload(to: PeerId, message: Uint8Array): void
  /** Gives a message again that was kept for `held` milliseconds. */
  again(to: PeerId, message: Uint8Array, held: number): void
  control(to: PeerId, message: TreeMessage): void
  /** Something is missing: {@link Plumtree.repair} is due at this time, in monotonic milliseconds, if not before. */
  wake(at: number): void
}

/** Bounds of {@link Plumtree}. */
export interface PlumtreeSettings {
  /** Our own id, 48 bytes. */
  readonly self: Uint8Array
  /** Milliseconds for which a message can be had again. */
  readonly retention: number
  /** Most bytes of messages kept for that. */
  readonly logBytes: number
  /** Most origins remembered. */
  readonly origins: number
  /** Whether a joiner asks for what was sent before it came; whether origins sign. */
  readonly history: boolean
  readonly signed: boolean
}

/**
 * How long an announcement waits at least, in milliseconds; it leaves with the next look of the node at all that is due. By then the message has come down the tree,
 * and the other end of the link may have announced it itself: to who has heard of it there it need not be announced any more.
 */
const announceAfter = 200
/** Most ranges that a new neighbour is told. */
const maxSummary = 8 * maxRanges

/** Between two looks at all streams, in milliseconds: there may be thousands. */
const forgetting = 30_000

/** Neighbours that can be marked as holders of a message: as many as a small integer has bits. There are six, or one or two more; to who has no bit, all is announced. */
const mostMarked = 30

interface Neighbour {
  readonly id: PeerId
  /** Whether messages are pushed there: a link of the tree. Otherwise they are announced. */
  eager: boolean
  /** Its bit among the holders of a message. */
  readonly bit: number
  /** All before this position of the log has been announced, unless it was there anyway. */
  announced: number
}

/**
 * Plumtree (Leitão, Pereira, Rodrigues: *Epidemic Broadcast Trees*, SRDS 2007) without I/O: messages are pushed along the links of a spanning tree and
 * announced over the others; a link that brought a repetition leaves the tree, one that had to be asked enters it. Numbered streams and a
 * log add what the paper leaves out: gaps are found without an announcement, and a node that was cut off gets what it missed.
 */
export class Plumtree {
  readonly streams: Streams
  readonly #settings: PlumtreeSettings
  readonly #output: PlumtreeOutput
  readonly #log: MessageLog
  readonly #neighbours = new Map<PeerId, Neighbour>()
  readonly #gaps: Gaps
  #nextForgetting = 0
  #isMember: boolean

  constructor(settings: PlumtreeSettings, output: PlumtreeOutput) {
    this.#settings = settings
    this.#output = output
    this.#isMember = settings.history
    this.#gaps = new Gaps(at => output.wake(at))
    this.#log = new MessageLog({ retention: settings.retention, bytes: settings.logBytes })
    this.streams = new Streams({
      self: settings.self,
      signed: settings.signed,
      memory: 2 * settings.retention,
      limit: settings.origins,
      forgotten: stream => this.#gaps.closeAll(stream),
    })
  }

  /** Neighbours to whom messages are pushed. */
  get eager(): PeerId[] {
    return Array.from(this.#neighbours.values()).flatMap(({ id, eager }) => (eager ? [id] : []))
  }

  /** A neighbour came: it hears what we have, and is in the tree until that proves unnecessary. */
  neighbourUp(id: PeerId): void {
    this.#neighbours.set(id, { id, eager: true, bit: this.#freeBit(), announced: this.#log.end })
    const ranges = this.#summary()
    if (ranges.length === 0) this.#output.control(id, { type: 'ihave', ranges })
    for (const some of inMessages(ranges)) this.#output.control(id, { type: 'ihave', ranges: some })
  }

  neighbourDown(id: PeerId): void {
    this.#neighbours.delete(id)
  }

  /** A message of our own, in memory that never changes. */
  send(stream: Stream, sequence: number, message: Uint8Array, now: number): void {
    stream.heard = now
    stream.window.add(sequence)
    this.#spread(undefined, stream, sequence, message, now)
  }

  /** A message from a neighbour. @returns whether it is new, which means that it is to be delivered */
  receive(from: PeerId, stream: Stream, sequence: number, message: () => Uint8Array, now: number): boolean {
    const { window } = stream
    const newest = window.newest
    if (!window.add(sequence)) {
      this.#prune(from)
      return false
    }
    stream.heard = now
    const owners = stream.missing.get(sequence)?.sources
    this.#gaps.close(stream, sequence)
    // Of a stream that nothing was heard of, what is below may be long past: it is asked for if it is announced
    const gaps = newest === 0 ? sequence : Math.max(newest + 1, sequence - windowSize + 1)
    for (let gap = gaps; gap < sequence; gap++) this.#gaps.add(stream, gap, from, now)
    const neighbour = this.#neighbours.get(from)
    if (neighbour !== undefined) neighbour.eager = true
    this.#spread(from, stream, sequence, message(), now, owners)
    return true
  }

  /** What a neighbour says about broadcasts. `streamOf` gives the stream of a key, made if it is new. */
  control(
    from: PeerId,
    message: TreeMessage,
    streamOf: (key: string) => Stream | undefined,
    now: number,
  ): void {
    switch (message.type) {
      case 'prune': {
        const neighbour = this.#neighbours.get(from)
        if (neighbour !== undefined) neighbour.eager = false
        break
      }
      case 'ihave':
        this.#announced(from, message.ranges, streamOf, now)
        break
      case 'graft':
        this.#grafted(from, message.ranges, now)
        break
      case 'gone':
        for (const { key, first, last } of message.ranges) {
          const stream = this.streams.get(key)
          if (stream !== undefined) this.#gaps.gone(from, stream, first, last, now)
        }
        break
    }
  }

  /** Announces what has waited for long enough, and forgets what is too old. To be called at every look of the node: every 1.4 to 3.5 s. */
  tick(now: number): void {
    const { end } = this.#log
    for (const neighbour of this.#neighbours.values()) {
      if (neighbour.announced < end) this.#announce(neighbour, now)
    }
    this.#log.expire(now)
    if (now < this.#nextForgetting) return
    this.#nextForgetting = now + forgetting
    this.streams.forget(now)
  }

  /** Pushes and announces a message, but not to those from whom it came or who have announced it. */
  #spread(
    from: PeerId | undefined,
    stream: Stream,
    sequence: number,
    message: Uint8Array,
    now: number,
    owners?: readonly PeerId[],
  ): void {
    const logged: LoggedMessage = { stream, sequence, bytes: message, received: now, holders: 0 }
    this.#log.add(logged)
    for (const { id, eager, bit } of this.#neighbours.values()) {
      if (id === from || owners?.includes(id) === true) logged.holders |= bit
      else if (eager) {
        logged.holders |= bit
        this.#output.payload(id, message)
      }
    }
  }

  /** Announces to a neighbour what it is not known to have, all at once when the first of it has waited for long enough. */
  #announce(neighbour: Neighbour, now: number): void {
    const log = this.#log
    const ranges: { key: string; first: number; last: number }[] = []
    for (let at = Math.max(neighbour.announced, log.start); at < log.end; at++) {
      const message = log.at(at)
      if (message === undefined || (message.holders & neighbour.bit) !== 0) continue
      if (ranges.length === 0 && now - message.received < announceAfter) {
        neighbour.announced = at
        return
      }
      const { stream, sequence } = message
      const run = ranges.at(-1)
      if (run?.key === stream.key && run.last === sequence - 1) run.last = sequence
      else ranges.push({ key: stream.key, first: sequence, last: sequence })
    }
    neighbour.announced = log.end
    for (const some of inMessages(ranges)) this.#output.control(neighbour.id, { type: 'ihave', ranges: some })
  }

  #freeBit(): number {
    let taken = 0
    for (const { bit } of this.#neighbours.values()) taken |= bit
    for (let bit = 0; bit < mostMarked; bit++) if ((taken & (1 << bit)) === 0) return 1 << bit
    return 0
  }

  /** It sent what we had: it need not push to us, nor we to it. */
  #prune(from: PeerId): void {
    const neighbour = this.#neighbours.get(from)
    if (neighbour?.eager !== true) return
    neighbour.eager = false
    this.#output.control(from, { type: 'prune' })
  }

  #announced(
    from: PeerId,
    ranges: readonly StreamRange[],
    streamOf: (key: string) => Stream | undefined,
    now: number,
  ): void {
    const isMember = this.#isMember
    this.#isMember ||= ranges.length < maxRanges
    // A few bytes can name more messages than there are: what is beyond is heard of again if it is true
    let budget = maxMissing
    const neighbour = this.#neighbours.get(from)
    for (const { key, first, last } of ranges) {
      const known = this.streams.get(key)
      const isNew = known === undefined
      const stream = known ?? streamOf(key)
      if (stream === undefined) continue
      // What was sent before we came is not ours to have
      if (!isMember) this.streams.past(stream, isNew, last)
      for (
        let sequence = Math.max(first, last - windowSize + 1);
        sequence <= last && budget > 0;
        sequence++
      ) {
        budget--
        if (!stream.window.has(sequence)) this.#gaps.add(stream, sequence, from, now)
        else if (neighbour !== undefined) {
          // It need not be announced there
          const message = stream.log.get(sequence)
          if (message !== undefined) message.holders |= neighbour.bit
        }
      }
    }
  }

  #grafted(from: PeerId, ranges: readonly StreamRange[], now: number): void {
    const neighbour = this.#neighbours.get(from)
    if (neighbour !== undefined) neighbour.eager = true
    const gone: StreamRange[] = []
    let budget = windowSize
    for (const range of ranges) {
      const stream = this.streams.get(range.key)
      if (stream === undefined) gone.push(range)
      else budget = this.#giveAgain(from, stream, range, budget, gone, now)
    }
    for (const some of inMessages(gone)) this.#output.control(from, { type: 'gone', ranges: some })
  }

  /** Sends what there is of a range, and notes the rest as gone. @returns how much more may be looked at for this GRAFT; what is beyond is asked again */
  #giveAgain(
    to: PeerId,
    stream: Stream,
    range: StreamRange,
    budget: number,
    gone: StreamRange[],
    now: number,
  ): number {
    const { key, first, last } = range
    let left = budget
    for (
      let sequence = Math.max(first, last - windowSize + 1);
      sequence <= last && left > 0;
      sequence++, left--
    ) {
      const message = stream.log.get(sequence)
      if (message !== undefined) this.#output.again(to, message.bytes, now - message.received)
      else extend(gone, key, sequence)
    }
    return left
  }

  /** Asks for what has not come by itself. @returns when it is due again; `Infinity`: not until {@link PlumtreeOutput.wake} */
  repair(now: number): number {
    const { ranges, next } = this.#gaps.wanted(now, id => this.#neighbours.has(id))
    for (const [source, wanted] of ranges) {
      const neighbour = this.#neighbours.get(source)
      if (neighbour !== undefined) neighbour.eager = true
      for (const some of inMessages(wanted)) this.#output.control(source, { type: 'graft', ranges: some })
    }
    return next
  }

  /** What a new neighbour can have from us. */
  #summary(): StreamRange[] {
    const ranges: { key: string; first: number; last: number }[] = []
    for (const { key, log } of this.streams.values()) {
      for (const { sequence } of Array.from(log.values()).sort((a, b) => a.sequence - b.sequence)) {
        const run = ranges.at(-1)
        if (run?.key === key && run.last === sequence - 1) run.last = sequence
        else ranges.push({ key, first: sequence, last: sequence })
      }
    }
    return ranges.slice(-maxSummary)
  }
}
