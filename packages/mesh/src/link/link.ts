import type { Clock, CloseInfo, Connection, PeerId } from '@p2p/interfaces'
import { frameWriter, type FrameWriter, type StoppableDecoder, type StoppableFraming } from '@p2p/framing'
import { noPing, RoundTrip } from '../core/round-trip.ts'
import type { Twin } from '../core/twins.ts'
import { MeshError } from '../errors.ts'
import { times } from '../limits.ts'
import { Kind, Reason, type ReasonCode } from '../wire/header.ts'
import { begin, encodeFarewell } from '../wire/hello.ts'

/** Receives one message as the range `start … end` of `bytes`, valid during the call. */
export type MessageListener = (link: Link, bytes: Uint8Array, start: number, end: number) => void

/** What a link needs from the node that it belongs to. */
export interface LinkContext {
  readonly framing: StoppableFraming
  readonly clock: Clock
  /** Runs a function at the end of the current turn: when the messages of the turn leave. */
  readonly schedule: (task: () => void) => void
  /** Most bytes that may wait for the other end; a link above it is given up. */
  readonly queue: number
  /** What came on a link that was given up could not be taken: nobody hears of that by the link's end, which was before. */
  readonly failed: (error: MeshError) => void
}

const measuring = { samples: 4, first: times.sign, later: times.ping, unanswered: times.deadSlow }
const signOfLife = begin(Kind.pong, 8).u32(noPing).done()

/**
 * One connection as messages: frames in both directions, signs of life, an orderly end. It knows nothing of peers beyond the id that the handshake has set.
 */
export class Link implements Twin {
  /** The link's name: set by the handshake. */
  nonce: Uint8Array = new Uint8Array(8)
  incarnation: Uint8Array = new Uint8Array(8)
  serial = 0
  /** The other end, once the handshake is done. */
  peer: PeerId | undefined
  /** When it was made, in milliseconds of the wall clock, and in monotonic ones. */
  readonly since: number
  readonly begun: number
  /** In monotonic milliseconds. */
  lastReceived: number
  lastSent: number
  /** When a request or a message to one last used the link, in monotonic milliseconds; `undefined`: never. */
  lastUsed: number | undefined
  readonly roundTrip: RoundTrip = new RoundTrip(measuring)
  /** Twin links: whether we wrote and read MOVED here. */
  movedSent = false
  movedReceived = false
  /** Who reads the messages. */
  listener: MessageListener = () => undefined
  /** Called once, as soon as the link cannot be used any more; its connection may still be ending. */
  ended: (link: Link, end: LinkEnd) => void = () => undefined
  readonly dialled: boolean
  readonly connection: Connection
  /** Resolves when nothing of the connection is alive. */
  readonly closed: Promise<void>

  readonly #context: LinkContext
  readonly #decoder: StoppableDecoder
  readonly #writer: FrameWriter
  #held: Uint8Array[] | undefined
  #heldSince = 0
  #ended = false
  #retired = false
  #aborted = false

  constructor(connection: Connection, context: LinkContext) {
    this.connection = connection
    this.#context = context
    this.dialled = connection.direction === 'outbound'
    this.since = context.clock.now()
    this.begun = this.lastReceived = this.lastSent = context.clock.monotonic()
    this.#decoder = context.framing.decoder()
    this.#writer = frameWriter(connection, context.framing, { schedule: context.schedule })
    this.closed = connection.closed.then(info => this.#finish(info))
  }

  /** Begins to read. */
  start(): void {
    this.connection.onData(chunk => this.#onData(chunk))
  }

  /** Whether messages can still be sent. */
  get open(): boolean {
    return !this.#ended
  }

  /** Whether it was broken off. */
  get aborted(): boolean {
    return this.#aborted
  }

  /** Whether it ended for want of use: what still arrives is listened to. */
  get retired(): boolean {
    return this.#retired
  }

  /** Bytes that wait to leave. */
  get queued(): number {
    return this.connection.queued + this.#writer.pending
  }

  /** Sends a message. `false`: the queue is above its mark. */
  send(message: Uint8Array): boolean {
    if (this.#ended) return false
    this.lastSent = this.#context.clock.monotonic()
    return this.#writer.write(message) || this.#checkQueue()
  }

  /** Sends a message in two parts, which saves putting them together first. */
  sendParts(head: Uint8Array, body: Uint8Array): boolean {
    if (this.#ended) return false
    this.lastSent = this.#context.clock.monotonic()
    return this.#writer.writeParts(head, body) || this.#checkQueue()
  }

  /** Measures the round trip. */
  ping(now: number): void {
    this.send(begin(Kind.ping, 8).u32(this.roundTrip.ask(now)).done())
  }

  /**
   * Milliseconds of silence after which the link is dead: what may lie between two signs of life, the stop of a healthy node, and a segment lost twice, which comes after
   * one retransmission time-out and another that is twice as long (RFC 6298).
   */
  get silenceLimit(): number {
    const { least = 0 } = this.roundTrip
    const limit = times.sign + times.stopped + 3 * (least + times.retransmission)
    return Math.min(Math.max(times.dead, limit), times.deadSlow)
  }

  /** A sign of life. */
  beat(): void {
    this.send(signOfLife)
  }

  /** Keeps incoming messages back, in order, until {@link release}: at most what has been read already, for the connection is paused. */
  hold(): void {
    if (this.#held !== undefined) return
    this.#held = []
    this.#heldSince = this.#context.clock.monotonic()
    this.connection.pause()
  }

  /** Delivers what was kept back and reads on. */
  release(): void {
    const held = this.#held
    if (held === undefined) return
    this.#held = undefined
    const now = this.#context.clock.monotonic()
    // What came meanwhile was not read, so that time is no silence
    this.lastReceived = Math.min(now, this.lastReceived + now - this.#heldSince)
    for (const message of held) {
      if (this.#ended) return
      this.listener(this, message, 0, message.length)
    }
    this.connection.resume()
  }

  get holding(): boolean {
    return this.#held !== undefined
  }

  /** Ends in order: what was sent leaves first, a farewell last. What the other end sends until it has read that is not listened to. */
  end(kind: typeof Kind.refuse | typeof Kind.goodbye, reason: ReasonCode, text: string, error?: Error): void {
    if (this.#ended) return
    this.send(encodeFarewell(kind, { reason, text: text.slice(0, 80) }))
    this.#stop({ leaving: false, idle: false, ...(error === undefined ? {} : { error }) })
    // An early failure of this close is already the connection's end, which `closed` tells
    void this.connection.close({ timeout: times.goodbye })
  }

  /** Ends because nobody uses it. Somebody may begin to at this moment at the other end: what it sends until it has read our farewell is still listened to. */
  retire(): void {
    if (this.#ended || this.#held !== undefined) return
    this.send(encodeFarewell(Kind.goodbye, { reason: Reason.idle, text: 'not used' }))
    this.#writer.flush()
    this.#ended = true
    this.#retired = true
    this.ended(this, { leaving: false, idle: true })
    void this.connection.close({ timeout: times.goodbye })
  }

  /** Ends at once. */
  abort(error: Error): void {
    this.#aborted = true
    if (this.#ended) return
    this.#stop({ leaving: false, idle: false, error })
    this.connection.abort(error)
  }

  /** The other end said goodbye. */
  farewell(reason: ReasonCode, error: MeshError | undefined): void {
    if (this.#ended) return
    const idle = reason === Reason.idle
    const replaced = reason === Reason.replaced
    this.#stop({
      leaving: reason === Reason.leaving,
      idle,
      replaced,
      ...(error === undefined ? {} : { error }),
    })
    void this.connection.close({ timeout: times.goodbye })
  }

  #stop(end: LinkEnd): void {
    this.#writer.flush()
    this.#decoder.stop()
    this.#ended = true
    this.#held = undefined
    this.connection.resume()
    this.ended(this, end)
  }

  #checkQueue(): false {
    if (this.queued > this.#context.queue) {
      this.abort(
        new MeshError('P2P_LIMIT_REACHED', `${this.queued} bytes wait for a peer that does not take them`),
      )
    }
    return false
  }

  #onData(chunk: Uint8Array): void {
    this.lastReceived = this.#context.clock.monotonic()
    // What comes after the end is read, so that the connection can end in order, and not listened to
    if (this.#ended && !this.#retired) return
    try {
      this.#decoder.push(chunk, this.#onFrame)
    } catch (error) {
      this.fail(error)
    }
  }

  /** The other end broke the protocol, or our code failed on what it sent: the link ends with this error, and nothing else does. */
  fail(error: unknown): void {
    const known =
      error instanceof MeshError ? error : new MeshError('P2P_MALFORMED', describe(error), { cause: error })
    if (this.#retired) {
      this.connection.abort(known)
      this.#context.failed(known)
    }
    const reason = known.code === 'P2P_FORGED' ? Reason.forged : Reason.malformed
    this.end(this.peer === undefined ? Kind.refuse : Kind.goodbye, reason, known.message, known)
  }

  readonly #onFrame = (bytes: Uint8Array, start: number, end: number): void => {
    if (this.#ended && !this.#retired) return
    if (this.#held === undefined) this.listener(this, bytes, start, end)
    else this.#held.push(bytes.slice(start, end))
  }

  #finish(info: CloseInfo): void {
    if (!this.#ended)
      this.#stop({ leaving: false, idle: false, ...(info.error === undefined ? {} : { error: info.error }) })
    this.#writer.dispose()
  }
}

/** How a link ended. */
export interface LinkEnd {
  /** The peer said that it leaves the network. */
  readonly leaving: boolean
  /** It was not used; the peer is there. What it was asked over this link and has not answered it has not seen. */
  readonly idle: boolean
  /** Another link came or went at the other end; the peer is there. */
  readonly replaced?: boolean
  readonly error?: Error
}

const describe = (error: unknown): string =>
  `a message could not be taken: ${error instanceof Error ? error.message : String(error)}`
