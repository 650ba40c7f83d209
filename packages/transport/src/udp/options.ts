import type { Clock } from '@p2p/interfaces'
import type { ViaOption } from '../via.ts'

/** What every socket of UDP keeps within. */
export interface UdpLimits {
  /** Bytes that wait in this process, from which on `send` answers `false`. */
  readonly highWaterMark: number
  /** Bytes that wait in this process, above which a datagram is dropped and counted. */
  readonly queueLimit: number
  /** Milliseconds that binding or connecting, with the question to the resolver, may take. */
  readonly connectTimeout: number
  /** Milliseconds that a closing socket may go on sending what waits. */
  readonly closeTimeout: number
}

/** The limits where nothing else is said. */
export const udpLimits: UdpLimits = {
  // As for connections: a fast network is kept busy from one turn to the next.
  highWaterMark: 262_144,
  // The system takes datagrams at once unless its own buffer is full; a megabyte behind that is old by the time it leaves.
  queueLimit: 1_048_576,
  connectTimeout: 10_000,
  closeTimeout: 5_000,
}

/** Options of `udp()`. */
export interface UdpOptions extends Partial<UdpLimits>, ViaOption {
  /**
   * Whether a socket at `udp://[::]:…` leaves IPv4 alone. Without it, it takes both, and IPv4 senders have IPv4 addresses.
   *
   * @default false
   */
  readonly ipv6Only?: boolean
  /**
   * `SO_REUSEADDR`: for UDP it lets several sockets have one address, of which the system picks one for each datagram. Binding twice is refused without it.
   *
   * @default false
   */
  readonly reuseAddress?: boolean
  /**
   * In a `node:cluster`: `true` refuses to share the address with other workers.
   *
   * @default false
   */
  readonly exclusive?: boolean
  /**
   * Whether datagrams may go to broadcast addresses.
   *
   * @default false
   */
  readonly broadcast?: boolean
  /**
   * Bytes that the system keeps of what came and was not read. The system may allow less.
   *
   * @default what the system has
   */
  readonly receiveBuffer?: number
  /**
   * Bytes that the system keeps of what is to be sent.
   *
   * @default what the system has
   */
  readonly sendBuffer?: number
  /**
   * Whose time the deadlines are in.
   *
   * @default the machine's
   */
  readonly clock?: Clock
}
