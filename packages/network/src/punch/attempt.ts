import type { Clock, Random } from '@p2p/interfaces'
import type { Checks } from '../core/punch/checks.ts'
import type { Endpoint } from '../core/endpoint.ts'
import type { TcpSocket, UdpSocket } from '../socket/sockets.ts'

/** How the path came about. `direct`: we reached an address of the other machine itself. `reverse`: it reached ours. `punched`: both at once, through NATs. */
export type PathKind = 'direct' | 'reverse' | 'punched'

/** A path that was proven: both ends have heard each other on it, and agree to take it. */
export type Punched = {
  readonly path: PathKind
  /** The other end, as this one sees it. */
  readonly remote: Endpoint
  /** Milliseconds that it took, the exchange of offers included. */
  readonly ms: number
} & (
  | { readonly transport: 'udp'; readonly socket: UdpSocket }
  | { readonly transport: 'tcp'; readonly socket: TcpSocket }
)

/** Without how long it took, which the transports do not know. */
export type Path = Punched extends infer Each ? (Each extends unknown ? Omit<Each, 'ms'> : never) : never

/** What both transports share while they try. */
export interface Attempt {
  readonly clock: Clock
  readonly random: Random
  readonly checks: Checks
  /** Aborted when the attempt is over, whichever way. */
  readonly signal: AbortSignal
  /**
   * For who decides: whether this path is the one. The first that asks is, all later ones are not.
   *
   * @param path anything that names it
   */
  choose(path: object): boolean
  /** The path that is taken. */
  settle(path: Path): void
}
