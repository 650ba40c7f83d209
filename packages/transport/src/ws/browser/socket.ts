import type { Clock } from '@p2p/interfaces'
import { TransportError } from '../../errors.ts'
import type { MessageConnection, MessageSocket } from '../connection.ts'
import type { PlatformEvent, PlatformWebSocket } from './platform.ts'

// A page may close with 1000 or with a code of its own, from 4000 on (WHATWG WebSockets, section 3.1).
const normal = 1_000
const aborted = 4_000
const abnormal = 1_006
const closed = 3

/** Milliseconds from one look at `bufferedAmount` to the next: nothing tells when it changes. Only while something is buffered. */
const lookAgain = 5

/** A platform's WebSocket, open already, for a connection. */
export class BrowserSocket implements MessageSocket {
  readonly #socket: PlatformWebSocket
  readonly #connection: MessageConnection
  readonly #clock: Clock
  /** Bytes given to the socket so far. */
  #given = 0
  /** What is told when all up to `end` has left, oldest first. */
  readonly #pending: { readonly end: number; readonly sent: () => void }[] = []
  #timer: Disposable | undefined

  constructor(socket: PlatformWebSocket, connection: MessageConnection, clock: Clock) {
    this.#socket = socket
    this.#connection = connection
    this.#clock = clock
    socket.addEventListener('message', this.#onMessage)
    socket.addEventListener('close', this.#onClose)
  }

  send(message: Uint8Array, sent: () => void): void {
    // In any other state the platform drops it without a word.
    if (this.#socket.readyState !== 1) return
    this.#socket.send(message as Uint8Array<ArrayBuffer>)
    this.#given += message.length
    this.#pending.push({ end: this.#given, sent })
    this.#timer ??= this.#clock.after(0, this.#look)
  }

  /** There is no such thing: the connection keeps what comes. */
  pause(): void {}

  resume(): void {}

  close(code: number): void {
    this.#socket.close(code === normal ? normal : aborted)
  }

  /** A page cannot cut a WebSocket off: what it has buffered it sends, and then it says that this is no orderly end. */
  terminate(): void {
    if (this.#socket.readyState !== closed) this.#socket.close(aborted)
    queueMicrotask(() => this.#end(abnormal))
  }

  readonly #look = (): void => {
    this.#timer = undefined
    const left = this.#given - this.#socket.bufferedAmount
    for (let [first] = this.#pending; first !== undefined && first.end <= left; [first] = this.#pending) {
      this.#pending.shift()
      first.sent()
    }
    if (this.#pending.length > 0) this.#timer ??= this.#clock.after(lookAgain, this.#look)
  }

  readonly #onMessage = ({ data }: PlatformEvent): void => {
    if (data instanceof ArrayBuffer) {
      this.#connection.received(new Uint8Array(data))
      return
    }
    const what = `the connection to ${this.#connection.remote}: text has come`
    this.#connection.refuse(new TransportError('P2P_PROTOCOL_ERROR', what), aborted)
  }

  readonly #onClose = ({ code = abnormal }: PlatformEvent): void => {
    // The last look: what has left before the other end closed.
    if (code === normal) this.#look()
    this.#end(code)
  }

  #end(code: number): void {
    this.#socket.removeEventListener('message', this.#onMessage)
    this.#socket.removeEventListener('close', this.#onClose)
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    this.#pending.length = 0
    this.#connection.socketClosed(code)
  }
}
