/**
 * What all transports share. The transports themselves are subpaths: `@p2p/transport/tcp`, `/tls` and `/unix` (Node.js), `/ws`
 * (Node.js with the `ws` package, and browsers), and `/memory` (anywhere).
 *
 * @packageDocumentation
 */
export { TransportError, type TransportErrorCode } from './errors.ts'
export { type ConnectionLimits, connectionLimits } from './limits.ts'
export { type Pinned, pinnedBy } from './pinned.ts'
export type { Via } from './via.ts'
