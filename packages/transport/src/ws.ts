/**
 * Streams over WebSockets. This is the entry for Node.js, which dials and listens by the `ws` package; a bundler for browsers takes another, which
 * dials with the platform's WebSocket.
 *
 * @packageDocumentation
 */
export { wsLimits, type WsLimits } from './ws/limits.ts'
export type { WsOptions, WssOptions } from './ws/node/options.ts'
export { ws, wss } from './ws/node/transport.ts'
