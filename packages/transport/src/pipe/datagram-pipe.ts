import type { Address, WaitOptions } from '@p2p/interfaces'
import { P2PError } from '@p2p/interfaces'
import { asError } from '../queued-connection.ts'
import type { DatagramSocket } from '../udp/socket.ts'
import { Message } from './message.ts'
import { BasePipe, type PipeOptions } from './pipe.ts'

/** What pipes of datagrams share: each datagram is a message, and what is wrong with one is told and harms no other. */
export abstract class DatagramPipe<T> extends BasePipe<T> {
  readonly local: Address
  readonly paused: boolean = false
  protected readonly socket: DatagramSocket

  constructor(socket: DatagramSocket, options: PipeOptions<T>) {
    super(options, false)
    this.socket = socket
    this.local = socket.local
  }

  get queued(): number {
    return this.isClosed ? 0 : this.socket.queued
  }

  /** A datagram has come. */
  received(bytes: Uint8Array, from: Address): void {
    this.lastReceived = this.clock.monotonic()
    if (this.isBeat(bytes.length)) return
    let data: T
    try {
      data = this.codec === undefined ? (bytes as T) : this.codec.decode(bytes)
    } catch (error) {
      this.report(asError(error))
      return
    }
    void this.deliver(new Message(data, -1, bytes.length, from, this))
  }

  drained(options?: WaitOptions): Promise<void> {
    if (this.isClosed) return Promise.reject(this.closedError())
    return this.socket.drained(options).catch((error: unknown) => {
      throw P2PError.is(error, 'P2P_CONNECTION_CLOSED') ? this.closedError() : error
    })
  }

  protected start(): void {
    // Datagrams come whether they are asked for or not; until then they wait in the inbox.
  }

  protected relieved(): void {
    // Nothing was held back.
  }
}

/** A socket of UDP that is one pipe: bound, or connected. */
export class SocketPipe<T = Uint8Array> extends DatagramPipe<T> {
  readonly remote: Address | undefined
  readonly direction = 'outbound' as const
  #reason: Error | undefined

  constructor(socket: DatagramSocket, options: PipeOptions<T> = {}) {
    super(socket, options)
    this.remote = socket.remote
    socket.onDatagram((bytes, from) => this.received(bytes, from))
    socket.onError(error => this.report(error))
    void socket.closed.then(() => {
      const error = this.#reason
      this.finish(error === undefined ? { by: 'local' } : { by: 'local', error })
    })
  }

  async close(options?: WaitOptions): Promise<void> {
    await this.socket.close(options)
    await this.closed
  }

  abort(reason?: Error): void {
    this.#reason ??= reason
    void this.socket.close({ timeout: 0 })
  }

  protected override beat(): void {
    // A bound pipe has nobody to tell.
    if (this.remote !== undefined) super.beat()
  }

  protected write(payload: Uint8Array, to: Address | undefined): boolean {
    return this.socket.send(payload, to)
  }
}
