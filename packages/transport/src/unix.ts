/**
 * Streams over Unix sockets, and over named pipes on Windows, for Node.js.
 *
 * @packageDocumentation
 */
export { formatUnixAddress, parseUnixAddress } from './unix/address.ts'
export type { UnixOptions } from './unix/options.ts'
export { unix } from './unix/transport.ts'
