/**
 * What the world sees of this machine: NAT behaviour, measured with STUN.
 *
 * @packageDocumentation
 */
export type { PortAllocation } from './core/nat/allocation.ts'
export type { ClassicName, Dependence } from './core/nat/behaviour.ts'
export { detectNat, type DetectOptions, detectTimeout } from './nat/detect.ts'
export {
  discoverRoutes,
  type DiscoveredRoutes,
  type DiscoverOptions,
  discoverTimeout,
} from './nat/discover.ts'
export { assumedNat, type NatReport, type ServerReport } from './nat/report.ts'
export { maxServers, type ServerName, stunPort } from './nat/servers.ts'
export type { Sockets, TcpServer, TcpSocket, UdpSocket } from './socket/sockets.ts'
export { connectTimeout, systemSockets } from './socket/system.ts'
