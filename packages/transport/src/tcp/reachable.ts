import { networkInterfaces } from 'node:os'
import type { Endpoint } from '../endpoint.ts'

const wildcards = new Map([
  ['0.0.0.0', ['IPv4']],
  ['::', ['IPv4', 'IPv6']],
])

/**
 * Where others can reach a listener. A wildcard stands for the machine's addresses of its family, IPv4 first, in the system's order. Those that
 * mean something only on this machine (loopback) or only with a scope of ours (link-local) are left out, unless there is nothing else.
 */
export const reachable = ({ host, port }: Endpoint, ipv6Only: boolean): readonly Endpoint[] => {
  const wildcard = wildcards.get(host)
  if (wildcard === undefined) return [{ host, port }]
  const families = ipv6Only ? wildcard.filter(family => family !== 'IPv4') : wildcard
  const own = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? [])
  const ofFamilies = families.flatMap(family => own.filter(address => address.family === family))
  const elsewhere = ofFamilies.filter(address => !address.internal && !(address.scopeid ?? 0))
  const best = elsewhere.length > 0 ? elsewhere : ofFamilies.filter(address => address.internal)
  return best.map(({ address }) => ({ host: address, port }))
}
