import type { Clock } from '@p2p/interfaces'
import type { ConnectionLimits } from '../limits.ts'

/** Options of `createMemoryNetwork()`. */
export interface MemoryNetworkOptions extends Partial<ConnectionLimits> {
  /**
   * Milliseconds that everything takes from one end to the other. A dial takes twice as long, as it does over TCP.
   *
   * @default 0: the next microtask, and no timer is ever set for the way
   */
  readonly latency?: number
  /**
   * Whose time the latency and the deadlines are in. With a virtual clock a run is the same every time.
   *
   * @default the machine's
   */
  readonly clock?: Clock
}
