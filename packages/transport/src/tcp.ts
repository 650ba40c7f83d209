/**
 * Streams over TCP, for Node.js.
 *
 * @packageDocumentation
 */
export { formatTcpAddress, parseTcpAddress, type TcpEndpoint } from './tcp/address.ts'
export { tcpLimits, type TcpOptions } from './tcp/options.ts'
export { tcp } from './tcp/transport.ts'
