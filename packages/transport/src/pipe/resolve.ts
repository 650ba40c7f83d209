import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import type { Address, WaitOptions } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'
import { connectionLimits } from '../limits.ts'
import { type Endpoint, formatEndpoint, parseEndpoint } from '../endpoint.ts'
import { TransportError } from '../errors.ts'
import { transportError } from '../socket/system-error.ts'
import { canonicalHost } from '../udp/address.ts'

/** Options of {@link resolve}. */
export interface ResolveOptions extends WaitOptions {
  /**
   * Which addresses are wanted.
   *
   * @default both, in the order of the system
   */
  readonly family?: 4 | 6
  /** The network interface by which link-local addresses of IPv6 are meant: `eth0`. */
  readonly scope?: string
}

/** An address that a name has. */
export interface Resolved extends Endpoint {
  readonly family: 4 | 6
  /** As an address of a scheme: `at('udp')` is `udp://HOST:PORT`. */
  at(scheme: string): Address
}

/**
 * The IP addresses of a host, by the system's resolver; those of an IP address are itself. Default deadline 10 000 ms.
 *
 * @throws TransportError `P2P_HOST_UNKNOWN`, also if it has no address of that family; `P2P_BAD_ADDRESS`; `P2P_TIMEOUT`, `P2P_ABORTED`
 * @example
 * const [there] = await resolve('example.org', 53, { family: 4 })
 */
export const resolve = async (
  host: string,
  port: number,
  options: ResolveOptions = {},
): Promise<Resolved[]> => {
  const { family, scope, signal, timeout = connectionLimits.connectTimeout } = options
  const scoped =
    scope !== undefined && /^fe[89ab]/i.test(host) && !host.includes('%') ? `${host}%${scope}` : host
  // Checks both, so that the resolver is asked nothing that is not a name.
  parseEndpoint('host', formatEndpoint('host', { host: scoped, port }))
  const what = `the addresses of ${host}`
  const found =
    isIP(scoped) > 0
      ? [{ address: scoped, family: isIP(scoped) }]
      : await wait<{ readonly address: string; readonly family: number }[]>(
          { clock: systemClock, what, signal, timeout },
          ({ resolve: done, reject }) => {
            lookup(host, { all: true, verbatim: true }, (error, addresses) => {
              if (error) reject(transportError(what, error))
              else done(addresses)
            })
            return undefined
          },
        )
  const wanted = found.filter(address => family === undefined || address.family === family)
  if (wanted.length === 0)
    throw new TransportError('P2P_HOST_UNKNOWN', `${host} has no address of IPv${family ?? ''}`)
  return wanted.map(address => {
    const endpoint = { host: canonicalHost(address.address), port }
    return {
      ...endpoint,
      family: address.family === 6 ? 6 : 4,
      at: scheme => formatEndpoint(scheme, endpoint),
    }
  })
}
