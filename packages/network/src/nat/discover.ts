import type { Clock, Random, WaitOptions } from '@p2p/interfaces'
import { systemClock, systemRandom } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'
import { NetworkError } from '../errors.ts'
import type { Resolver } from '../resolve.ts'
import type { Route } from '../route/route.ts'
import { RoutePool } from '../route/route-pool.ts'
import type { Sockets } from '../socket/sockets.ts'
import { systemSockets } from '../socket/system.ts'
import { maxServers, resolveServer, type ServerName } from './servers.ts'
import { eager, Session } from './session.ts'

/** Options of {@link discoverRoutes}. */
export interface DiscoverOptions extends WaitOptions {
  /** STUN servers, all of which are asked over each route. At most eight. */
  readonly servers: readonly ServerName[]
  readonly resolver?: Resolver
  readonly sockets?: Sockets
  readonly clock?: Clock
  readonly random?: Random
}

/** What became of the routes. */
export interface DiscoveredRoutes {
  /** All of them, in their order: measured where a server answered, as they were where none did. */
  readonly routes: RoutePool
  /** Routes over which no server answered, and why. */
  readonly failures: readonly { readonly route: Route; readonly error: Error }[]
  /** Routes that servers see differently, and what they see: there may be several ways out. */
  readonly disagreements: readonly { readonly route: Route; readonly seen: readonly string[] }[]
}

/** Milliseconds for all routes together: they are asked at once. */
export const discoverTimeout = 5_000

type Outcome =
  | { readonly route: Route; readonly seen: readonly string[] }
  | { readonly route: Route; readonly error: Error }

/**
 * Asks STUN servers what the world sees of each route (FEATURES P2). A route over which nobody answers fails alone. Default deadline 5 000 ms; a
 * route without an answer waits for it.
 *
 * @throws NetworkError `P2P_NO_SERVER`; `P2P_ABORTED`
 */
export const discoverRoutes = async (
  routes: Iterable<Route>,
  options: DiscoverOptions,
): Promise<DiscoveredRoutes> => {
  const { clock = systemClock, signal, timeout = discoverTimeout } = options
  if (options.servers.length === 0) throw new NetworkError('P2P_NO_SERVER', 'name a STUN server')
  const outcomes = await Promise.all([...routes].map(route => ask(route, options, clock, timeout)))
  if (signal?.aborted === true)
    return await wait<never>({ clock, signal, what: 'what the world sees of the routes' }, () => undefined)
  const measured = outcomes.map(each => ('seen' in each ? each.route.seenAs(each.seen) : each.route))
  return {
    routes: new RoutePool(measured),
    failures: outcomes.filter(each => 'error' in each),
    disagreements: outcomes.filter(each => 'seen' in each).filter(({ seen }) => seen.length > 1),
  }
}

const ask = async (
  route: Route,
  options: DiscoverOptions,
  clock: Clock,
  timeout: number,
): Promise<Outcome> => {
  const {
    random = systemRandom,
    sockets = systemSockets,
    signal = new AbortController().signal,
    resolver,
  } = options
  const session = new Session({ sockets, clock, random, signal, host: route.endpoint() })
  const how = { signal, timeout, clock, ...(resolver === undefined ? {} : { resolver }) }
  try {
    const agent = await session.agent()
    const answers = await Promise.allSettled(
      options.servers.slice(0, maxServers).map(async name => {
        const server = await resolveServer(name, route.family, { ...how, via: route })
        return (await agent.request(server, { ...eager, signal, timeout })).mapped.address
      }),
    )
    const seen = answers.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
    const failed = answers.find(each => each.status === 'rejected')
    if (seen.length === 0 && failed !== undefined) throw failed.reason
    return { route, seen: [...new Set(seen)] }
  } catch (error) {
    return { route, error: error instanceof Error ? error : new Error(String(error)) }
  } finally {
    await session.close()
  }
}
