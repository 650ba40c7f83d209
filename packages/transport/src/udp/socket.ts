import type { Socket } from 'node:dgram'
import type { Address, CloseReason, Clock, WaitOptions } from '@p2p/interfaces'
import { wait, type Waiter } from '@p2p/interfaces/wait'
import type { Endpoint } from '../endpoint.ts'
import { TransportError } from '../errors.ts'
import { systemCode, transportError } from '../socket/system-error.ts'
import { destination, senderAddress } from './address.ts'
import { UdpError } from './errors.ts'
import type { UdpLimits } from './options.ts'

/** Receives a datagram, which is the listener's to keep, and the address of its sender. */
export type DatagramListener = (data: Uint8Array, from: Address) => void

/**
 * A socket of UDP: datagrams arrive whole, in any order, more than once, or not at all. What goes wrong with one of them harms no other.
 */
export interface DatagramSocket extends AsyncDisposable {
  /** Our end. */
  readonly local: Address
  /** With whom it is connected: it sends there and hears nobody else. `undefined` for a bound socket, which hears everybody. */
  readonly remote: Address | undefined
  /** Bytes that wait in this process because the system's buffer is full. */
  readonly queued: number
  /** Datagrams dropped because more than `queueLimit` bytes waited. */
  readonly dropped: number
  /** The longest datagram, in bytes: 65 507 over IPv4, 65 527 over IPv6. */
  readonly limit: number

  /**
   * Sends a datagram. Do not change `data` while `queued` is above 0.
   *
   * @param to `udp://IP:PORT`; without it, to {@link remote}
   * @returns `false` when the queue is above its mark: send no more until {@link drained}. After the socket has closed the datagram is dropped and the
   * answer is `false`
   * @throws UdpError `P2P_DATAGRAM_TOO_LONG`, `P2P_NO_DESTINATION`; TransportError `P2P_BAD_ADDRESS` for a name, for another family, and for
   * another destination than `remote`; TypeError for anything but a `Uint8Array`
   */
  send(data: Uint8Array, to?: Address): boolean

  /** Resolves when the queue is below its mark. Rejects with `P2P_CONNECTION_CLOSED` if the socket closes first. Default deadline: none. */
  drained(options?: WaitOptions): Promise<void>

  /** Sets who gets the datagrams; a later call replaces the earlier listener. What arrives while there is none is dropped. */
  onDatagram(listener: DatagramListener): void

  /**
   * Sets who is told what went wrong; the socket lives on. `P2P_CONNECTION_REFUSED`: the host that it is connected with says that nobody listens at
   * that port (ICMP; a bound socket is not told). `P2P_HOST_UNREACHABLE`, `P2P_DATAGRAM_TOO_LONG`, …: the system did not send a datagram.
   */
  onError(listener: (error: Error) => void): void

  /** Sends what waits, for at most `timeout` (default 5 000 ms), and closes. Idempotent. */
  close(options?: WaitOptions): Promise<void>

  /** Resolves when the socket has closed. */
  readonly closed: Promise<CloseReason>
}

/** What every socket of one `udp()` shares. */
export interface UdpContext extends UdpLimits {
  readonly clock: Clock
}

/** Addresses whose parts a socket remembers; parsing one costs as much as sending a datagram. Some 100 KB. */
const remembered = 1_024

/** A bound socket of the system as a {@link DatagramSocket}. */
export class UdpSocket implements DatagramSocket {
  readonly local: Address
  readonly remote: Address | undefined
  readonly limit: number
  readonly closed: Promise<CloseReason>
  dropped = 0
  readonly #socket: Socket
  readonly #context: UdpContext
  readonly #ofIPv6: boolean
  readonly #destinations = new Map<Address, Endpoint>()
  #waiters: Set<Waiter<undefined>> | undefined
  #listener: DatagramListener | undefined
  #onError: ((error: Error) => void) | undefined
  #open = true
  #closing: Promise<void> | undefined
  // Datagrams handed to the system whose callback has not come. As long as they are few, nobody needs to ask how many bytes really wait.
  #flying = 0
  #onIdle: (() => void) | undefined
  // The latest sender: datagrams come in runs, and putting an address into words costs as much as the rest.
  #lastHost = ''
  #lastPort = -1
  #lastAddress: Address = 'udp://'

  constructor(socket: Socket, ofIPv6: boolean, remote: Endpoint | undefined, context: UdpContext) {
    const { address, port } = socket.address()
    this.#socket = socket
    this.#context = context
    this.#ofIPv6 = ofIPv6
    this.limit = ofIPv6 ? 65_527 : 65_507
    this.local = senderAddress(address, port, ofIPv6)
    this.remote = remote && senderAddress(remote.host, remote.port, ofIPv6)
    this.closed = new Promise(resolve => {
      socket.on('close', () => {
        this.#open = false
        this.#endWaits()
        resolve({})
      })
    })
    socket.on('error', cause => this.#fail(cause))
    socket.on('message', (data, sender) => {
      if (sender.port !== this.#lastPort || sender.address !== this.#lastHost) {
        this.#lastHost = sender.address
        this.#lastPort = sender.port
        this.#lastAddress = senderAddress(sender.address, sender.port, ofIPv6)
      }
      // A plain view, as from every transport: Buffer's `slice` and `toString` mean something else.
      this.#listener?.(new Uint8Array(data.buffer, data.byteOffset, data.length), this.#lastAddress)
    })
  }

  get queued(): number {
    return this.#open ? this.#socket.getSendQueueSize() : 0
  }

  send(data: Uint8Array, to?: Address): boolean {
    if (!(data instanceof Uint8Array)) throw new TypeError('send takes a Uint8Array')
    const { length } = data
    if (length > this.limit) {
      const what = `a datagram of ${length} bytes is longer than the ${this.limit} that UDP carries`
      throw new UdpError('P2P_DATAGRAM_TOO_LONG', what)
    }
    let there: Endpoint | undefined
    if (this.remote === undefined) there = this.#destination(to)
    else if (to !== undefined && to !== this.remote) {
      const what = `${this.local} is connected with ${this.remote} and cannot send to ${to}`
      throw new TransportError('P2P_BAD_ADDRESS', what)
    }
    if (!this.#open) return false
    const { highWaterMark, queueLimit } = this.#context
    const full = this.#flying * this.limit >= highWaterMark && this.queued >= highWaterMark
    if (full && this.queued + length > queueLimit) {
      this.dropped++
      return false
    }
    this.#flying++
    if (there === undefined) this.#socket.send(data, this.#sent)
    else this.#socket.send(data, there.port, there.host, this.#sent)
    return !full
  }

  drained(options: WaitOptions = {}): Promise<void> {
    if (!this.#open) return Promise.reject(this.#closedError())
    if (this.queued < this.#context.highWaterMark) return Promise.resolve()
    const what = `the queue of ${this.local} to drain`
    return wait<undefined>({ clock: this.#context.clock, what, ...options }, waiter => {
      const waiters = (this.#waiters ??= new Set())
      waiters.add(waiter)
      return () => waiters.delete(waiter)
    })
  }

  onDatagram(listener: DatagramListener): void {
    this.#listener = listener
  }

  onError(listener: (error: Error) => void): void {
    this.#onError = listener
  }

  close(options?: WaitOptions): Promise<void> {
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close({ signal, timeout = this.#context.closeTimeout }: WaitOptions = {}): Promise<void> {
    if (!this.#open) return
    this.#listener = undefined
    if (this.queued > 0) {
      const what = `${this.local} to send what waits`
      const settings = { clock: this.#context.clock, what, signal, timeout }
      // Who closes wants an end: what could not be sent in time is dropped, as any datagram may be.
      await wait<undefined>(settings, ({ resolve }) => {
        this.#onIdle = () => resolve(undefined)
        return undefined
      }).catch(() => undefined)
    }
    this.#open = false
    this.#endWaits()
    this.#socket.close()
    await this.closed
  }

  // One function for all datagrams. Without a callback Node.js keeps to itself what the system says of a datagram.
  readonly #sent = (cause: Error | null): void => {
    this.#flying--
    if (cause !== null) this.#fail(cause)
    if (this.#flying === 0) this.#onIdle?.()
    if (this.#waiters === undefined || !this.#open || this.queued >= this.#context.highWaterMark) return
    for (const waiter of this.#waiters) waiter.resolve(undefined)
    this.#waiters = undefined
  }

  #destination(to: Address | undefined): Endpoint {
    if (to === undefined) {
      const what = `${this.local} is connected with nobody: say where to send`
      throw new UdpError('P2P_NO_DESTINATION', what)
    }
    const known = this.#destinations.get(to)
    if (known !== undefined) return known
    const there = destination(to, this.#ofIPv6)
    // Forgetting all at once is as good as anything cleverer: they are parsed again.
    if (this.#destinations.size >= remembered) this.#destinations.clear()
    this.#destinations.set(to, there)
    return there
  }

  #fail(cause: Error): void {
    if (!this.#open) return
    const about = `${this.local}${this.remote === undefined ? '' : ` towards ${this.remote}`}`
    const error =
      systemCode(cause) === 'EMSGSIZE'
        ? new UdpError(
            'P2P_DATAGRAM_TOO_LONG',
            `${about}: the network does not take a datagram of this length`,
            { cause },
          )
        : transportError(about, cause)
    this.#onError?.(error)
  }

  #endWaits(): void {
    const waiters = this.#waiters
    this.#waiters = undefined
    for (const waiter of waiters ?? []) waiter.reject(this.#closedError())
    this.#onIdle?.()
  }

  #closedError(): TransportError {
    return new TransportError('P2P_CONNECTION_CLOSED', `${this.local} is closed`)
  }
}
