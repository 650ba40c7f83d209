/**
 * Streams over the platform's WebSocket, which dials and cannot listen. It holds nothing back while it is not read, so what is not read is kept
 * up to a limit.
 *
 * @packageDocumentation
 */
export { wsLimits, type WsLimits } from './ws/limits.ts'
export type { BrowserWsOptions as WsOptions } from './ws/browser/options.ts'
export type { PlatformWebSocket, PlatformWebSocketClass } from './ws/browser/platform.ts'
export { ws, wss } from './ws/browser/transport.ts'
