import type { Socket } from 'node:net'
import { gather } from '../gather.ts'
import { type ConnectionSettings, type Ends, QueuedConnection, type Release } from '../queued-connection.ts'
import type { Flushable, Turn } from '../turn.ts'
import type { Joining } from './joining.ts'
import { transportError } from './system-error.ts'

/**
 * From this many bytes on the queue is written without waiting for the end of the turn. A write of this size gains nothing by company, and
 * what the system takes at once is released at once, so that a long burst runs on a few recycled slabs.
 */
const writeAtOnce = 65_536

const nothing = new Uint8Array(0)

/** Sockets are made with this mark, so that `drain` tells of the end of every write: the queue is ours, the socket holds one write at a time. */
export const socketMark = 1

/** What every connection of one transport shares. */
export interface SocketContext extends ConnectionSettings {
  readonly turn: Turn
  /** Where writing several chunks costs more than joining them before: over TLS. */
  readonly joining?: Joining
  /** How errors of its sockets are to be read. */
  readonly errorOf?: typeof transportError
}

/** A connected socket, and what is special about it. */
export interface Wire {
  /** Paused, and allowed to be half open. */
  readonly socket: Socket
  /** The TCP socket by which a reset can be sent: the same one, the one below TLS, or none if that cannot be. */
  readonly tcp?: Socket
  /** Whether the socket reads into a buffer of its owner's, who calls {@link SocketConnection.received}. */
  readonly hasReadBuffer?: boolean
}

/** A connected socket as a connection. */
export class SocketConnection extends QueuedConnection implements Flushable {
  readonly #socket: Socket
  readonly #tcp: Socket | undefined
  readonly #turn: Turn
  readonly #joining: Joining | undefined
  readonly #hasReadBuffer: boolean
  readonly #onWrite: ((error?: Error | null) => void) | undefined

  #chunks: Uint8Array[] = []
  #releases: Release[] = []
  #waiting = 0
  #deferred = false

  // The one write that the system has not taken yet.
  #flying = 0
  #flyingReleases: readonly Release[] = []

  #ending = false
  #endSent = false
  #listensToData = false

  constructor({ socket, tcp, hasReadBuffer = false }: Wire, ends: Ends, context: SocketContext) {
    super(ends, context)
    this.#socket = socket
    this.#tcp = tcp
    this.#turn = context.turn
    this.#joining = context.joining
    const { errorOf = transportError } = context
    const fail = (cause: Error) => {
      this.failed(errorOf(`the connection to ${this.remote}`, cause))
      // A socket of TLS goes on after an alert.
      socket.destroy()
    }
    // Below TLS only what is asked in `#readEnd` fails by itself.
    if (tcp !== socket) tcp?.on('error', fail)
    this.#hasReadBuffer = hasReadBuffer
    // A mark that could not be set (a TLS server's sockets) makes `drain` too rare: there, every write calls back.
    if (socket.writableHighWaterMark > socketMark) {
      this.#onWrite = error => {
        if (!error) this.#written()
      }
    }
    socket
      .on('drain', () => this.#written())
      .on('end', () => this.#readEnd())
      .on('error', fail)
      .on('close', () => {
        this.#drop()
        this.#releaseFlying()
        this.finished()
      })
  }

  /**
   * For a socket that reads into a buffer of its owner's: a chunk has come. TLS goes on with what it has deciphered when it is paused; a copy of that
   * waits in the stream until somebody reads, as without a buffer, with the stream's end behind it.
   *
   * @returns whether to go on reading
   */
  received(chunk: Uint8Array): boolean {
    const socket = this.#socket
    if (!socket.isPaused() && socket.readableLength === 0) {
      this.deliver(chunk)
      return true
    }
    this.#listenToData()
    socket.push(chunk.slice())
    return !socket.isPaused()
  }

  /** Writes what is waiting, unless a write is under way already: then it goes behind that one, all at once, or over TLS a share at a time. */
  flush(): void {
    this.#deferred = false
    if (this.#waiting === 0 || this.#flying > 0 || this.#socket.destroyed) return
    const joining = this.#joining
    const chunks = this.#takeOut(joining?.fitting(this.#chunks) ?? this.#chunks.length)
    const [first, second] = chunks
    if (first !== undefined && second === undefined) this.#socket.write(first, this.#onWrite)
    else if (joining === undefined) this.#writeTogether(gather(chunks))
    else this.#writeJoined(chunks, joining)
    // The system has taken all of it at once: the usual case, which spares us a turn.
    if (this.#socket.writableLength > 0) return
    this.#taken()
    if (joining !== undefined) this.flush()
  }

  protected get flushed(): boolean {
    return this.#endSent
  }

  protected enqueue(chunk: Uint8Array, release: Release): void {
    this.#chunks.push(chunk)
    this.#releases.push(release)
    this.#waiting += chunk.length
    if (this.#flying > 0) return
    if (this.#waiting >= writeAtOnce) {
      this.flush()
    } else if (!this.#deferred) {
      this.#deferred = true
      this.#turn.defer(this)
    }
  }

  protected startReading(): void {
    if (!this.#hasReadBuffer) this.#listenToData()
    this.#socket.resume()
  }

  protected stopReading(): void {
    this.#socket.pause()
  }

  protected flushAndEnd(): void {
    this.#ending = true
    this.flush()
    this.#endWhenWritten()
  }

  protected cut(): void {
    this.#drop()
    if (this.#socket.destroyed) return
    // A reset is impossible while the end is being sent (libuv refuses it), and unnecessary after it: nothing that was written is missing.
    if (this.#endSent || this.#tcp === undefined) this.#socket.destroy()
    else this.#tcp.resetAndDestroy()
  }

  #listenToData(): void {
    if (this.#listensToData) return
    this.#listensToData = true
    // A plain view, as from every other transport: Buffer's `slice` and `toString` mean something else.
    this.#socket.on('data', (chunk: Buffer) =>
      this.deliver(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)),
    )
  }

  /**
   * libuv takes a reset for an orderly end if there was unread data before it (it sees the hang-up behind a short read and does not ask further).
   * Writing nothing (below TLS, which would not pass the answer on) makes the system tell which it was: the `error` that follows turns the end into
   * a failure. Once our own end is sent it is too late to ask.
   */
  #readEnd(): void {
    if (!this.#endSent && this.#flying === 0) (this.#tcp ?? this.#socket).write(nothing)
    this.remoteEnded()
  }

  /** Moves so many chunks, from the first on, from those that wait to those that fly. */
  #takeOut(count: number): readonly Uint8Array[] {
    const chunks = this.#chunks
    const releases = this.#releases
    this.#chunks = chunks.splice(count)
    this.#releases = releases.splice(count)
    this.#flyingReleases = releases
    this.#flying = this.#waiting
    for (const { length } of this.#chunks) this.#flying -= length
    this.#waiting -= this.#flying
    return chunks
  }

  #writeJoined(chunks: readonly Uint8Array[], joining: Joining): void {
    const joined = joining.join(chunks)
    const releases = this.#flyingReleases
    this.#flyingReleases = [() => joining.giveBack(joined)]
    for (const release of releases) this.releaseChunk(release)
    // A release that throws aborts, and to write over a socket that was reset would end the process.
    if (this.#tcp?.destroyed !== true) this.#socket.write(joined, this.#onWrite)
  }

  #writeTogether(chunks: readonly Uint8Array[]): void {
    this.#socket.cork()
    const last = chunks.length - 1
    for (let index = 0; index < last; index++) this.#socket.write(chunks[index] as Uint8Array)
    this.#socket.write(chunks[last] as Uint8Array, this.#onWrite)
    this.#socket.uncork()
  }

  #written(): void {
    if (this.#flying === 0 || this.#socket.writableLength > 0) return
    this.#taken()
    this.flush()
    this.#endWhenWritten()
  }

  #taken(): void {
    const bytes = this.#flying
    this.#flying = 0
    this.taken(bytes)
    this.#releaseFlying()
  }

  #endWhenWritten(): void {
    if (!this.#ending || this.#endSent || this.#flying > 0 || this.#waiting > 0) return
    if (this.#tcp?.destroyed === true) return
    this.#endSent = true
    this.#socket.end()
  }

  #releaseFlying(): void {
    const releases = this.#flyingReleases
    this.#flyingReleases = []
    for (const release of releases) this.releaseChunk(release)
  }

  /** Forgets what waits. What is being written stays the system's until the socket has closed. */
  #drop(): void {
    const releases = this.#releases
    this.#chunks = []
    this.#releases = []
    this.#waiting = 0
    for (const release of releases) this.releaseChunk(release)
  }
}
