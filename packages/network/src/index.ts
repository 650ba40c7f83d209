/**
 * What this machine can bind: its network interfaces, their routes, ranges of addresses, names and endpoints. Nothing here asks the network but
 * {@link resolve}, for names.
 *
 * @packageDocumentation
 */
export { type Endpoint, formatEndpoint, parseEndpoint, sameEndpoint, toEndpoint } from './core/endpoint.ts'
export type { DefaultWay, InterfaceChange } from './core/interface-changes.ts'
export { type AddressScope, canonicalIp, type Family, familyOf, isIp, scopeOf } from './core/ip.ts'
export { NetworkError, type NetworkErrorCode } from './errors.ts'
export type { Gateway, InterfaceAddress, InterfaceInfo, InterfaceKind } from './interface/info.ts'
export { Interface, type OpenOptions } from './interface/interface.ts'
export { listInterfaces, type ListOptions, listTimeout } from './interface/list.ts'
export type { Machine } from './interface/machine.ts'
export { watchInterfaces, type WatchOptions } from './interface/watch.ts'
export { resolve, type ResolveOptions, type Resolver, resolveTimeout } from './resolve.ts'
export { IpRange } from './route/ip-range.ts'
export { type Pinned, pinnedBy, Route, type RouteFields } from './route/route.ts'
export { type PooledRoute, RoutePool } from './route/route-pool.ts'
