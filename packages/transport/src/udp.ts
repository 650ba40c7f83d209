/**
 * Datagrams over UDP, IPv4 and IPv6, for Node.js. What makes messages, queues and subscriptions of them is `@p2p/transport/pipe`.
 *
 * @packageDocumentation
 */
export { formatUdpAddress, parseUdpAddress } from './udp/address.ts'
export { UdpError, type UdpErrorCode } from './udp/errors.ts'
export { type UdpLimits, udpLimits, type UdpOptions } from './udp/options.ts'
export type { DatagramSocket } from './udp/socket.ts'
export { type DatagramTransport, udp } from './udp/transport.ts'
export type { Via } from './via.ts'
