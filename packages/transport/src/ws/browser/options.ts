import type { Clock } from '@p2p/interfaces'
import type { ConnectionLimits } from '../../limits.ts'
import type { WsLimits } from '../limits.ts'
import type { PlatformWebSocketClass } from './platform.ts'

/** Options of `ws()` and `wss()` in a browser. */
export interface BrowserWsOptions extends Partial<ConnectionLimits>, Partial<Pick<WsLimits, 'maxPayload'>> {
  /**
   * Bytes that are kept while they are not read. A browser's WebSocket cannot hold them back; above, the connection is aborted with
   * `P2P_QUEUE_LIMIT`.
   *
   * @default 67108864
   */
  readonly receiveLimit?: number
  /**
   * The class of the WebSockets.
   *
   * @default the global `WebSocket`
   */
  readonly WebSocket?: PlatformWebSocketClass
  /**
   * Whose time the deadlines are in.
   *
   * @default the machine's
   */
  readonly clock?: Clock
}

/** What is kept while it is not read, in bytes: as long as the longest queue, which is what the other end may have written. */
export const receiveLimit = 67_108_864
