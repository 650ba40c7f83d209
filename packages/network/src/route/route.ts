import { type Endpoint, toEndpoint } from '../core/endpoint.ts'
import { type Family, familyOf } from '../core/ip.ts'
import { NetworkError } from '../errors.ts'
import type { InterfaceInfo } from '../interface/info.ts'
import { showAs } from '../show-as.ts'

/**
 * How a socket is held to a network interface. `device`: the system sends nothing of it elsewhere (Node.js can do that only for a link-local
 * address, by its scope). `address`: it has that source address, and the routing table decides where it leaves. `none`: any interface.
 */
export type Pinned = 'device' | 'address' | 'none'

/** How a socket that is bound there is pinned. */
export const pinnedBy = ({ address, scope }: Endpoint): Pinned => {
  if (scope !== undefined) return 'device'
  return address === '0.0.0.0' || address === '::' ? 'none' : 'address'
}

/** What a {@link Route} is made of. */
export interface RouteFields {
  readonly family: Family
  /** The interface's name. */
  readonly interface: string
  /** Addresses to bind to: what the world sees of all of them is one. */
  readonly nicIps: readonly string[]
  /** Addresses that the world sees; empty while nobody has asked. */
  readonly extIps: readonly string[]
  /** The interface's addresses for neighbours only: link-local and unique-local ones. */
  readonly linkLocal: readonly string[]
  /** Whether {@link extIps} were `measured` by STUN, or are `assumed`: public addresses are taken for what the world sees. */
  readonly status: 'measured' | 'assumed'
}

/** A way to the world: bind to these addresses, and the world sees those (FEATURES P2). Immutable. */
export class Route implements RouteFields {
  readonly family: Family
  readonly interface: string
  readonly nicIps: readonly string[]
  readonly extIps: readonly string[]
  readonly linkLocal: readonly string[]
  readonly status: 'measured' | 'assumed'

  constructor(fields: RouteFields) {
    this.family = fields.family
    this.interface = fields.interface
    this.nicIps = Object.freeze([...fields.nicIps])
    this.extIps = Object.freeze([...fields.extIps])
    this.linkLocal = Object.freeze([...fields.linkLocal])
    this.status = fields.status
    Object.freeze(this)
  }

  /**
   * Where to bind in order to use this route. It is pure: whoever binds learns from the socket how it is pinned.
   *
   * @param options `port`: default 0, the system chooses. `address`: one of the interface's, or `0.0.0.0` or `::` for any; default the first of
   * {@link nicIps}
   * @throws NetworkError `P2P_BAD_ADDRESS` for an address of the other family, or one that this route does not have
   */
  endpoint(options: { readonly port?: number; readonly address?: string } = {}): Endpoint {
    const { port = 0, address = this.nicIps[0] ?? this.linkLocal[0] ?? '' } = options
    const wanted = toEndpoint(address, port, this.interface)
    const own = [...this.nicIps, ...this.linkLocal, '0.0.0.0', '::', '127.0.0.1', '::1']
    if (familyOf(wanted.address) !== this.family || !own.includes(wanted.address)) {
      const message = `${wanted.address} is not an address of the route over ${this.interface}`
      throw new NetworkError('P2P_BAD_ADDRESS', message)
    }
    return wanted
  }

  /** The same route, now that somebody outside has told what it sees. */
  seenAs(extIps: readonly string[]): Route {
    return new Route({ ...this.toJSON(), extIps, status: 'measured' })
  }

  toJSON(): RouteFields {
    const { family, interface: name, nicIps, extIps, linkLocal, status } = this
    return { family, interface: name, nicIps, extIps, linkLocal, status }
  }
}
showAs(Route, route => ({ ...route.toJSON() }))

/**
 * The routes of an interface, as far as they can be told without asking anybody: all private addresses of IPv4 are one route, each public address
 * of either family is one. What the world sees of private ones is not known. Link-local and unique-local addresses go along with each route of
 * IPv6, and are one of their own where there is nothing else.
 */
export const routesOf = (info: InterfaceInfo): Route[] => {
  const usable = info.addresses.filter(({ scope }) => scope !== 'multicast' && scope !== 'unspecified')
  return ([4, 6] as const).flatMap(family => {
    const own = usable.filter(each => each.family === family)
    const isNear = (each: (typeof own)[number]) =>
      each.scope === 'link-local' || (each.family === 6 && each.scope === 'unique-local')
    // An address that will not be used for anything new is the last resort
    const far = own
      .filter(each => !isNear(each))
      .sort((a, b) => Number(a.deprecated ?? 0) - Number(b.deprecated ?? 0))
    const linkLocal = own.filter(isNear).map(({ address }) => address)
    const base = { family, interface: info.name, linkLocal, status: 'assumed' } as const
    const isPublic = (each: (typeof own)[number]) => each.scope === 'public'
    const shown = far.filter(isPublic).map(({ address }) => {
      return new Route({ ...base, nicIps: [address], extIps: [address] })
    })
    const hidden = far.filter(each => !isPublic(each)).map(({ address }) => address)
    const others = hidden.length > 0 ? [new Route({ ...base, nicIps: hidden, extIps: [] })] : []
    const near = far.length === 0 && linkLocal.length > 0
    return [...shown, ...others, ...(near ? [new Route({ ...base, nicIps: [], extIps: [] })] : [])]
  })
}
