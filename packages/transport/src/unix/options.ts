import type { TcpOptions } from '../tcp/options.ts'

/** Options of `unix()`: those of `tcp()` that do not concern networks. */
export type UnixOptions = Omit<TcpOptions, 'ipv6Only'>
