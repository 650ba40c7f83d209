import { TransportError } from '../errors.ts'
import { type ConnectionSettings, type Ends, QueuedConnection, type Release } from '../queued-connection.ts'
import type { Flushable, Turn } from '../turn.ts'
import { messagesOf } from './messages.ts'

// RFC 6455, section 7.4.1.
const normal = 1_000
const goingAway = 1_001
const noCode = 1_005
const protocolError = 1_002

/** From this many bytes on the queue is sent without waiting for the end of the turn, as over TCP. */
const sendAtOnce = 65_536

/** What every connection of one transport shares. */
export interface MessageContext extends ConnectionSettings {
  readonly turn: Turn
  readonly maxPayload: number
  /** Bytes that are kept while they are not read, because the socket cannot hold them back. */
  readonly receiveLimit: number
}

/** A WebSocket, as `ws` has it or a browser. It calls the connection's `received`, `refuse` and `socketClosed`. */
export interface MessageSocket {
  /** Sends a binary message; `sent` is called when it is out of our hands, and never if that does not come to be. */
  send(message: Uint8Array, sent: () => void): void
  /** Holds messages back, as well as it can. */
  pause(): void
  resume(): void
  /** Sends a close frame; the other end answers. */
  close(code: number): void
  /** Ends it now. */
  terminate(): void
}

interface Batch {
  readonly bytes: number
  readonly releases: readonly Release[]
}

/**
 * A stream in the binary messages of a WebSocket. Where a message ends means nothing, but for one: an empty message is the end of what its sender
 * writes. A close frame cannot be that, because who gets one can send no more, and an end must not cut off the other direction. When both have
 * said so the WebSocket is closed. A close frame without it, from somebody who does not know of this, is an end too.
 */
export class MessageConnection extends QueuedConnection implements Flushable {
  readonly #socket: MessageSocket
  readonly #context: MessageContext

  #chunks: Uint8Array[] = []
  #releases: Release[] = []
  #waiting = 0
  #deferred = false
  // What the socket has been given and not sent yet, oldest first.
  readonly #sending: Batch[] = []

  #reading = false
  readonly #held: Uint8Array[] = []
  #heldBytes = 0

  #endSent = false
  #endReceived = false
  #cutting = false
  // The socket has ended in order before everything was read.
  #over = false
  #gone = false
  #deadline: Disposable | undefined

  /** @param attach connects the socket, which must hold everything back until it is told to resume */
  constructor(ends: Ends, context: MessageContext, attach: (connection: MessageConnection) => MessageSocket) {
    super(ends, context)
    this.#context = context
    this.#socket = attach(this)
  }

  /** For the socket: a message has come. */
  received(message: Uint8Array): void {
    if (this.#gone || this.#cutting) return
    if (this.#endReceived || (this.#reading && this.#held.length === 0)) {
      this.#read(message)
      return
    }
    this.#held.push(message)
    this.#heldBytes += message.length
    const limit = this.#context.receiveLimit
    if (this.#heldBytes <= limit) return
    const what = `more than ${limit} bytes have come from ${this.remote} and are not read, and a browser cannot hold them back`
    this.abort(new TransportError('P2P_QUEUE_LIMIT', what))
  }

  /** For the socket: what comes is not as it has to be. @param code of the close frame; `undefined` if the socket has sent one */
  refuse(error: TransportError, code?: number): void {
    if (this.#gone || this.#cutting) return
    this.failed(error)
    this.#cutting = true
    this.#drop()
    if (code !== undefined) this.#socket.close(code)
    this.#deadline = this.#context.clock.after(this.#context.closeTimeout, () => this.#socket.terminate())
  }

  /** For the socket: it has ended. */
  socketClosed(code: number): void {
    if (this.#gone || this.#over) return
    const both = this.#endSent && this.#endReceived
    const orderly = both || code === normal || code === goingAway || code === noCode
    const unread = this.#held.length > 0 || (!this.#reading && !this.#endReceived)
    if (orderly && unread && !this.#cutting) this.#over = true
    else this.#finish(orderly)
  }

  /** Sends what is waiting. */
  flush(): void {
    this.#deferred = false
    if (this.#waiting === 0 || this.#gone || this.#cutting) return
    const messages = messagesOf(this.#chunks, this.#context.maxPayload)
    this.#sending.push({ bytes: this.#waiting, releases: this.#releases })
    this.#chunks = []
    this.#releases = []
    this.#waiting = 0
    const last = messages.length - 1
    messages.forEach((message, index) => this.#socket.send(message, index === last ? this.#sent : nothing))
  }

  protected get flushed(): boolean {
    return this.#endSent
  }

  protected enqueue(chunk: Uint8Array, release: Release): void {
    this.#chunks.push(chunk)
    this.#releases.push(release)
    this.#waiting += chunk.length
    if (this.#waiting >= sendAtOnce) {
      this.flush()
    } else if (!this.#deferred) {
      this.#deferred = true
      this.#context.turn.defer(this)
    }
  }

  protected startReading(): void {
    this.#reading = true
    queueMicrotask(() => this.#readOn())
  }

  protected stopReading(): void {
    this.#reading = false
    this.#socket.pause()
  }

  protected flushAndEnd(): void {
    this.flush()
    if (this.#gone || this.#cutting) return
    this.#socket.send(endOfStream, () => {
      this.#endSent = true
      this.#closeAfterBothEnds()
    })
  }

  protected cut(): void {
    if (this.#gone) return
    this.#cutting = true
    this.#drop()
    if (this.#over) {
      this.#finish(true)
      return
    }
    if (this.#endSent) this.#socket.close(normal)
    this.#socket.terminate()
  }

  readonly #sent = (): void => {
    const batch = this.#sending.shift()
    if (batch === undefined) return
    this.taken(batch.bytes)
    for (const release of batch.releases) this.releaseChunk(release)
  }

  #readOn(): void {
    while (this.#reading && !this.#gone) {
      const message = this.#held.shift()
      if (message === undefined) break
      this.#heldBytes -= message.length
      this.#read(message)
    }
    if (!this.#reading || this.#gone) return
    if (this.#over) this.#finish(true)
    else this.#socket.resume()
  }

  #read(message: Uint8Array): void {
    if (this.#endReceived) {
      const what = `${this.remote} has gone on after its end`
      this.refuse(new TransportError('P2P_PROTOCOL_ERROR', what), protocolError)
    } else if (message.length > 0) {
      this.deliver(message)
    } else {
      this.#endReceived = true
      this.remoteEnded()
      this.#closeAfterBothEnds()
    }
  }

  #closeAfterBothEnds(): void {
    if (!this.#endSent || !this.#endReceived) return
    this.#socket.close(normal)
    // There is nothing left to hold back, and the answer has to be read.
    this.#socket.resume()
  }

  #finish(orderly: boolean): void {
    this.#gone = true
    this.#deadline?.[Symbol.dispose]()
    if (!this.#cutting) {
      if (orderly && this.queued === 0) this.remoteEnded()
      else this.failed(new TransportError('P2P_CONNECTION_RESET', `${this.remote} broke the connection`))
    }
    this.#drop()
    for (const { releases } of this.#sending.splice(0)) {
      for (const release of releases) this.releaseChunk(release)
    }
    this.finished()
  }

  /** Forgets what waits, and what came and was not read. What the socket has stays its own until it has closed. */
  #drop(): void {
    const releases = this.#releases
    this.#chunks = []
    this.#releases = []
    this.#waiting = 0
    this.#held.length = 0
    for (const release of releases) this.releaseChunk(release)
  }
}

const endOfStream = new Uint8Array(0)
const nothing = () => undefined
