/**
 * What all transports share. The transports themselves are subpaths: `@p2p/transport/tcp` (Node.js) and `@p2p/transport/memory` (anywhere).
 *
 * @packageDocumentation
 */
export { TransportError, type TransportErrorCode } from './errors.ts'
export { type ConnectionLimits, connectionLimits } from './limits.ts'
