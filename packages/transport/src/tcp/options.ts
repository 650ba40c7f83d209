import type { Clock } from '@p2p/interfaces'
import type { TransportError } from '../errors.ts'
import type { ConnectionLimits } from '../limits.ts'
import type { ViaOption } from '../via.ts'

/** Options of `tcp()`. */
export interface TcpOptions extends Partial<ConnectionLimits>, ViaOption {
  /**
   * Connections that a listener has open at a time. One above is turned away, see {@link onRefused}.
   *
   * @default 2048: with the 30 KB or so that the system and Node.js spend on a connection, about 60 MB
   */
  readonly maxConnections?: number
  /**
   * Connections that may wait in the system's queue until the listener takes them. The system may have a lower limit.
   *
   * @default 511, as Node.js has it
   */
  readonly backlog?: number
  /**
   * In a `node:cluster`: `true` refuses to share the address with other workers.
   *
   * @default false
   */
  readonly exclusive?: boolean
  /**
   * Whether a listener at `tcp://[::]:…` leaves IPv4 alone. Without it, it takes both.
   *
   * @default false
   */
  readonly ipv6Only?: boolean
  /**
   * Told of every incoming connection that could not be accepted: `P2P_CONNECTION_LIMIT`, or what the system says. The listener lives on.
   *
   * @default nobody is told
   */
  readonly onRefused?: (error: TransportError) => void
  /**
   * Whose time the deadlines are in.
   *
   * @default the machine's
   */
  readonly clock?: Clock
}

/** Limits that only TCP has, where nothing else is said. */
export const tcpLimits: Required<Pick<TcpOptions, 'maxConnections' | 'backlog'>> = {
  maxConnections: 2_048,
  backlog: 511,
}
