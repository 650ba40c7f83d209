import { isIP } from 'node:net'
import type { Address } from '@p2p/interfaces'
import type { Endpoint } from './endpoint.ts'
import { TransportError } from './errors.ts'

/** A route of `@p2p/network`, or anything else that says where to bind in order to use one of the machine's ways to the network. */
export interface Via {
  /**
   * Where to bind: at the address that is named, or else at the route's first one.
   *
   * @throws an error of the family, `P2P_BAD_ADDRESS`, for an address that is not the route's
   */
  endpoint(options?: { readonly port?: number; readonly address?: string }): {
    /** Without a scope. */
    readonly address: string
    readonly family: 4 | 6
    readonly port: number
    /** Of a link-local address: the interface. */
    readonly scope?: string
  }
}

/** An option of all transports over IP. */
export interface ViaOption {
  /**
   * The route to dial over and to listen at (FEATURES P2, P3). Sockets are bound to its address, so that this is where they come from; by which
   * interface they leave the system's routing table decides, unless the address is a link-local one: see `pinnedBy`. A listener at a wildcard
   * listens at the route's first address; at any other address it must be one of the route's. Of pipes it concerns the transports that are not given.
   *
   * @default the system chooses
   */
  readonly via?: Via
}

/** An end of ours, as the system wants it. */
export interface LocalEnd extends Endpoint {
  readonly family: 4 | 6
}

/**
 * Where to bind in order to reach somebody.
 *
 * @throws TransportError `P2P_HOST_UNREACHABLE` if that one has an address of the other family
 */
export const sourceFor = (via: Via, address: Address, { host }: Endpoint): LocalEnd => {
  const end = endOf(via.endpoint())
  const family = isIP(host)
  if (family === 0 || family === end.family) return end
  const message = `dialling ${address}: the route over ${end.host} is one of IPv${end.family}`
  throw new TransportError('P2P_HOST_UNREACHABLE', message)
}

const wildcards: readonly string[] = ['0.0.0.0', '::']

/**
 * Where to bind in order to be reached over the route.
 *
 * @throws what the route throws for an address that is not its own: `P2P_BAD_ADDRESS`
 */
export const bindingFor = (via: Via, { host, port }: Endpoint): LocalEnd => {
  const [address = host] = host.split('%')
  return endOf(via.endpoint(wildcards.includes(host) ? { port } : { port, address }))
}

const endOf = ({ address, family, port, scope }: ReturnType<Via['endpoint']>): LocalEnd => ({
  host: scope === undefined ? address : `${address}%${scope}`,
  family,
  port,
})
