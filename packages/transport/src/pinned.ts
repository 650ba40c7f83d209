import type { Address } from '@p2p/interfaces'

/**
 * How a socket is held to a network interface. `device`: the system sends nothing of it elsewhere, which Node.js can only have for a link-local
 * address, by its scope. `address`: it has that source address, and the routing table decides where it leaves. `none`: any address, any interface.
 */
export type Pinned = 'device' | 'address' | 'none'

const byIp = /^[a-z]+:\/\/(?:\[(?<six>[^[\]]+)\]|(?<four>\d+\.\d+\.\d+\.\d+)):\d+/

/**
 * How a socket is pinned (FEATURES P3), by the address that it says it has: `listener.address`, `connection.local`, `socket.local`, `pipe.local`. Sockets
 * that are on no network, those of memory and Unix, are `none`.
 *
 * @example
 * const listener = await tcp({ via: route }).listen('tcp://0.0.0.0:0', accept)
 * console.log(pinnedBy(listener.address)) // address
 */
export const pinnedBy = (address: Address): Pinned => {
  const { six, four } = byIp.exec(address)?.groups ?? {}
  const host = six ?? four
  if (host === undefined || host === '0.0.0.0' || host === '::') return 'none'
  return host.includes('%') ? 'device' : 'address'
}
