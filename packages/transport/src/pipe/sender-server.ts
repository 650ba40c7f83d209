import type { Address, WaitOptions } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { positive } from '../limits.ts'
import { reachable } from '../tcp/reachable.ts'
import { formatUdpAddress, parseUdpAddress } from '../udp/address.ts'
import type { DatagramSocket } from '../udp/socket.ts'
import { DatagramPipe } from './datagram-pipe.ts'
import { PipeError } from './errors.ts'
import { BaseServer, serverLimits, type ServerOptions } from './server.ts'

/** What a socket of UDP exchanges with one sender. */
class SenderPipe<T> extends DatagramPipe<T> {
  readonly remote: Address
  readonly direction = 'inbound' as const
  readonly #left: (pipe: SenderPipe<T>) => void

  constructor(
    socket: DatagramSocket,
    remote: Address,
    options: ServerOptions<T>,
    left: (pipe: SenderPipe<T>) => void,
  ) {
    super(socket, options)
    this.remote = remote
    this.#left = left
  }

  close(_options?: WaitOptions): Promise<void> {
    this.leave({ by: 'local' })
    return Promise.resolve()
  }

  abort(reason?: Error): void {
    this.leave(reason === undefined ? { by: 'local' } : { by: 'local', error: reason })
  }

  /** Ends the pipe; a later datagram of its sender makes a new one. */
  leave(info: { readonly by: 'local' | 'remote'; readonly error?: Error }): void {
    if (this.isClosed) return
    this.#left(this)
    this.finish(info)
  }

  /** Tells of an error of the socket. */
  tell(error: Error): void {
    this.report(error)
  }

  protected write(payload: Uint8Array, to: Address | undefined): boolean {
    if (this.isClosed) return false
    return this.socket.send(payload, to ?? this.remote)
  }
}

/** A bound socket of UDP as a server, with a pipe for each sender. */
export class SenderServer<T> extends BaseServer<T> {
  readonly address: Address
  readonly reachable: readonly Address[]
  readonly #socket: DatagramSocket
  readonly #senders = new Map<Address, SenderPipe<T>>()
  readonly #timeout: number
  #sweep: Disposable | undefined

  constructor(socket: DatagramSocket, options: ServerOptions<T>, ipv6Only: boolean) {
    super(options, options.clock ?? systemClock)
    this.address = socket.local
    this.reachable = reachable(parseUdpAddress(socket.local), ipv6Only).map(formatUdpAddress)
    this.#socket = socket
    const most = positive('maxSenders', options.maxSenders ?? serverLimits.maxSenders)
    this.#timeout = positive('senderTimeout', options.senderTimeout ?? serverLimits.senderTimeout)
    const left = (pipe: SenderPipe<T>) => this.#senders.delete(pipe.remote)
    socket.onDatagram((bytes, from) => {
      let pipe = this.#senders.get(from)
      if (pipe === undefined) {
        if (this.#senders.size >= most) {
          this.report(new PipeError('P2P_PEER_LIMIT', `${from} was turned away: ${most} senders are here`))
          return
        }
        pipe = new SenderPipe(socket, from, options, left)
        this.#senders.set(from, pipe)
        if (!this.admit(pipe)) return
        this.#watch()
      }
      pipe.received(bytes, from)
    })
    socket.onError(error => this.report(error))
  }

  protected async end(): Promise<void> {
    this.#sweep?.[Symbol.dispose]()
    await this.#socket.close()
  }

  /** One timer for all senders: those who are silent are found within one and a quarter of their time. */
  #watch(): void {
    if (this.#sweep !== undefined || this.#timeout === Infinity) return
    this.#sweep = this.clock.after(this.#timeout / 4, () => {
      this.#sweep = undefined
      const oldest = this.clock.monotonic() - this.#timeout
      for (const pipe of this.#senders.values()) if (pipe.lastReceived <= oldest) pipe.leave({ by: 'remote' })
      if (this.#senders.size > 0) this.#watch()
    })
  }
}
