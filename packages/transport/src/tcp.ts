/**
 * Streams over TCP, for Node.js.
 *
 * @packageDocumentation
 */
export type { Endpoint as TcpEndpoint } from './endpoint.ts'
export { formatTcpAddress, parseTcpAddress } from './tcp/address.ts'
export { tcpLimits, type TcpOptions } from './tcp/options.ts'
export { tcp } from './tcp/transport.ts'
export type { Via } from './via.ts'
