import type { Socket as DatagramSocket } from 'node:dgram'
import type { Socket as StreamSocket } from 'node:net'
import type { WaitOptions } from '@p2p/interfaces'
import type { Endpoint } from '../core/endpoint.ts'
import type { Pinned } from '../route/route.ts'

/** A bound UDP socket. */
export interface UdpSocket extends AsyncDisposable {
  /** Where it is really bound. */
  readonly local: Endpoint
  readonly pinned: Pinned
  /** Sends one datagram. Rejects with the coded error of the system, such as `P2P_HOST_UNREACHABLE`, where it knows at once that it cannot. */
  send(bytes: Uint8Array, to: Endpoint): Promise<void>
  /** Calls back for each datagram. The bytes are the listener's. Several may listen. */
  onMessage(listener: (bytes: Uint8Array, from: Endpoint) => void): Disposable
  /** Idempotent. */
  close(): Promise<void>
  /** The socket of Node.js, for whoever goes on with it; absent in a simulation. */
  readonly native?: DatagramSocket
}

/** A connection over TCP, as far as this package needs one. */
export interface TcpSocket extends AsyncDisposable {
  readonly local: Endpoint
  readonly remote: Endpoint
  write(bytes: Uint8Array): void
  /** Calls back for what comes, once for each piece; with `undefined` when the connection ends. One listener at a time; `undefined` stops reading. */
  onData(listener: ((bytes: Uint8Array | undefined) => void) | undefined): void
  /** Puts bytes back that were read too far: the next listener gets them first. */
  unread(bytes: Uint8Array): void
  /** Ends at once. Idempotent. */
  close(): Promise<void>
  /** The socket of Node.js, for whoever goes on with it; absent in a simulation. */
  readonly native?: StreamSocket
}

/** What accepts connections over TCP until it is closed. */
export interface TcpServer extends AsyncDisposable {
  readonly local: Endpoint
  close(): Promise<void>
}

/** Everything through which this package touches the network. Default: {@link systemSockets}. A simulation gives its own. */
export interface Sockets {
  /** Binds a UDP socket. Port 0 lets the system choose. */
  udp(local: Endpoint): Promise<UdpSocket>
  /** The address from which the system would send there. Nothing is sent. Rejects with `P2P_HOST_UNREACHABLE` where no route leads there. */
  source(to: Endpoint): Promise<string>
  /** Connects over TCP from a local address and port. Several connections may share the local port. Default deadline 10 000 ms. */
  connect(local: Endpoint, to: Endpoint, options?: WaitOptions): Promise<TcpSocket>
  /** Listens over TCP. */
  listen(local: Endpoint, accept: (socket: TcpSocket) => void): Promise<TcpServer>
}
