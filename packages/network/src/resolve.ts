import { lookup as systemLookup } from 'node:dns'
import type { Clock, WaitOptions } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'
import { type Endpoint, toEndpoint } from './core/endpoint.ts'
import { type Family, isIp, scopeOf } from './core/ip.ts'
import { NetworkError, systemError } from './errors.ts'
import type { Route } from './route/route.ts'

/** Finds the addresses of a name. Rejects with an error of the system, or any other. */
export type Resolver = (name: string, family: Family | undefined) => Promise<readonly string[]>

/** Options of {@link resolve}. */
export interface ResolveOptions extends WaitOptions {
  /** Only addresses of this family. Default: that of `via`, or both. */
  readonly family?: Family
  /** The route that they are wanted for: it gives a link-local address its scope. */
  readonly via?: Route
  /** Default: the system's, which knows `/etc/hosts`, mDNS and whatever else the machine is set up for. */
  readonly resolver?: Resolver
  readonly clock?: Clock
}

/** Milliseconds for a name: the system's resolver asks each of its servers for 5 seconds. */
export const resolveTimeout = 10_000

const bySystem: Resolver = (name, family) =>
  new Promise((resolve, reject) => {
    systemLookup(name, { all: true, family: family ?? 0, order: 'verbatim' }, (error, found) => {
      if (error === null) resolve(found.map(({ address }) => address))
      else reject(error)
    })
  })

/**
 * The endpoints that a host, a name or an address, and a port stand for (FEATURES P4), in the resolver's order; never an empty list.
 *
 * `0.0.0.0` and `::` as a destination become the loopback. A link-local address gets its scope from `%scope` or from `via`. Default deadline
 * 10 000 ms; the system cannot be told to stop, so its late answer is dropped.
 *
 * @throws NetworkError `P2P_BAD_ADDRESS`, `P2P_HOST_UNKNOWN` (also for a host without an address of the family), `P2P_TIMEOUT`, `P2P_ABORTED`
 */
export const resolve = async (
  host: string,
  port: number,
  options: ResolveOptions = {},
): Promise<readonly [Endpoint, ...Endpoint[]]> => {
  const { via, resolver = bySystem, clock = systemClock, signal, timeout = resolveTimeout } = options
  const family = options.family ?? via?.family
  const addresses = isIp(host)
    ? [host]
    : await wait<readonly string[]>({ clock, signal, timeout, what: `the addresses of ${host}` }, waiter => {
        resolver(host, family).then(waiter.resolve, (error: unknown) => {
          waiter.reject(error instanceof Error ? systemError(`resolving ${host}`, error) : error)
        })
        return undefined
      })
  const [first, ...rest] = addresses
    .map(address => destination(address, port, via))
    .filter(each => family === undefined || each.family === family)
  if (first !== undefined) return [first, ...rest]
  throw new NetworkError(
    'P2P_HOST_UNKNOWN',
    `${host} has no address${family === undefined ? '' : ` of IPv${family}`}`,
  )
}

const destination = (address: string, port: number, via: Route | undefined): Endpoint => {
  const endpoint = toEndpoint(address, port, via?.interface)
  const scope = scopeOf(endpoint.address)
  if (scope === 'unspecified') return toEndpoint(endpoint.family === 4 ? '127.0.0.1' : '::1', port)
  if (scope === 'link-local' && endpoint.family === 6 && endpoint.scope === undefined)
    throw new NetworkError('P2P_BAD_ADDRESS', `${address} is link-local: write its %scope, or pass the route`)
  return endpoint
}
