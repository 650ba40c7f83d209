import type { InterfaceInfo } from '../interface/info.ts'
import { type Endpoint, formatEndpoint } from './endpoint.ts'
import { type AddressScope, isIp, scopeOf } from './ip.ts'

/** Where something listens, as `scheme://HOST:PORT`, with or without a path behind it. */
export interface Listening {
  readonly address: `${string}://${string}`
  /** What others can use where the host is none that is understood here. */
  readonly reachable: readonly `${string}://${string}`[]
}

/** A listener's address, taken apart. */
export interface Place {
  readonly scheme: string
  /** An IP address of this machine, or a wildcard; with its scope. */
  readonly host: string
  readonly port: number
  /** What follows the port. */
  readonly rest: string
}

const grammar =
  /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?:\[(?<six>[^[\]]+)\]|(?<four>[\d.]+)):(?<port>\d{1,5})(?<rest>\/\S*)?$/

/** Takes the address of a listener apart; `undefined` for one that is not on an IP network, or only on the loopback. */
export const placeOf = (address: string): Place | undefined => {
  const { scheme = '', six, four, port, rest = '' } = grammar.exec(address)?.groups ?? {}
  const host = six ?? four ?? ''
  const [plain = ''] = host.split('%')
  if (!isIp(plain) || scopeOf(plain) === 'loopback') return undefined
  return { scheme, host, port: Number(port), rest }
}

/** Whether a listener takes connections of IPv4 that come to a private address. */
export const takesIpv4 = ({ host }: Place): boolean => host === '::' || !host.includes(':')

/** Scopes of addresses that mean nothing, or something else, in another network. */
const inner: ReadonlySet<AddressScope> = new Set([
  'private',
  'shared',
  'unique-local',
  'link-local',
  'loopback',
  'multicast',
  'unspecified',
])

/** Whether an address means the same everywhere. */
export const isOuter = (address: string): boolean => !inner.has(scopeOf(address))

/** What is known of the ways to this machine. */
export interface Ways {
  readonly interfaces: readonly InterfaceInfo[]
  /** Where a router's port leads to one of ours, by the port that is ours. */
  readonly mapped: ReadonlyMap<number, Endpoint>
  /** Our address as the world sees it, behind a NAT that lets everybody in at the same ports. */
  readonly open?: string
}

/** Addresses of ours that a listener at a wildcard has: what is up, means something on another machine, and is to last. */
const ownAddresses = (host: string, interfaces: readonly InterfaceInfo[]): string[] => {
  if (host !== '0.0.0.0' && host !== '::') return [host]
  return interfaces
    .filter(({ up, kind }) => up && kind !== 'loopback')
    .flatMap(({ addresses }) => addresses)
    .filter(({ family, scope }) => scope !== 'link-local' && (host === '::' || family === 4))
    .filter(({ temporary, deprecated }) => temporary !== true && deprecated !== true)
    .map(({ address }) => address)
}

/**
 * The addresses under which listeners can be reached, best first: mapped ports, what the world sees, public addresses of the machine, and then those that only
 * its own network knows. Without doubles.
 */
export const addressesOf = (
  listeners: readonly Listening[],
  { interfaces, mapped, open }: Ways,
): `${string}://${string}`[] => {
  const outer: `${string}://${string}`[] = []
  const near: `${string}://${string}`[] = []
  for (const { address, reachable } of listeners) {
    const place = placeOf(address)
    if (place === undefined) {
      near.push(...reachable)
      continue
    }
    const at = (host: string, port: number) => {
      const shown = host.includes(':') ? `[${host}]` : host
      return `${place.scheme}://${shown}:${port}${place.rest}` as const
    }
    const outside = mapped.get(place.port)
    if (takesIpv4(place)) {
      if (outside !== undefined) outer.push(`${place.scheme}://${formatEndpoint(outside)}${place.rest}`)
      if (open !== undefined) outer.push(at(open, place.port))
    }
    const own = ownAddresses(place.host, interfaces)
    if (own.length === 0) near.push(...reachable)
    for (const host of own) {
      const [plain = host] = host.split('%')
      if (isOuter(plain)) outer.push(at(host, place.port))
      else near.push(at(host, place.port))
    }
  }
  return Array.from(new Set([...outer, ...near]))
}
