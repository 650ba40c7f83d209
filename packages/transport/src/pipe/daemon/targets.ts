import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import type { Address, WaitOptions } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'
import { formatEndpoint, parseEndpoint } from '../../endpoint.ts'
import { connectionLimits } from '../../limits.ts'
import { asError } from '../../queued-connection.ts'
import { transportError } from '../../socket/system-error.ts'

/** A route of `@p2p/network`, or anything that knows its addresses on this machine. */
export interface HostSource {
  readonly nicIps: readonly { toString(): string }[]
}

/** Hosts × ports × protocols × families: each combination is listened at. */
export interface Targets {
  /**
   * IP addresses of this machine, names, or routes.
   *
   * @default all addresses: `0.0.0.0`, `::`
   */
  readonly hosts?: readonly (string | HostSource)[]
  /** Ports, and ranges of ports from the first to the last. 0 is any free port, another one for each target. */
  readonly ports: readonly (number | readonly [from: number, to: number])[]
  /**
   * Schemes: `tcp`, `udp`, `tls`, `ws`, `wss`.
   *
   * @default ['tcp']
   */
  readonly protocols?: readonly string[]
  /**
   * Of which family hosts are taken; those of the other are left out.
   *
   * @default 'any'
   */
  readonly families?: 4 | 6 | 'any'
}

/** Something to listen at, or why it cannot even be tried. */
export interface Target {
  readonly address: Address
  readonly error?: Error
}

/** Targets that one call may have: more are a mistake in a range of ports, and would take all file descriptors. */
const mostTargets = 1_024

/** @throws RangeError for no targets or more than 1024, or a range of ports that ends before it begins */
export const expand = async (
  wanted: Address | Targets | readonly (Address | Targets)[],
  options: WaitOptions,
): Promise<Target[]> => {
  const list: readonly (Address | Targets)[] = isList(wanted) ? wanted : [wanted]
  const targets: Target[] = []
  for (const one of list) {
    if (typeof one === 'string') targets.push({ address: one })
    else targets.push(...(await product(one, options)))
  }
  const count = targets.length
  if (count === 0 || count > mostTargets)
    throw new RangeError(`${count} targets: there must be 1 to ${mostTargets}`)
  return targets
}

const isList = <T>(value: T | readonly T[]): value is readonly T[] => Array.isArray(value)

const product = async (
  { hosts, ports, protocols = ['tcp'], families = 'any' }: Targets,
  options: WaitOptions,
): Promise<Target[]> => {
  const family = families === 'any' ? undefined : families
  const named = hosts?.flatMap(host => (typeof host === 'string' ? [host] : host.nicIps.map(String)))
  const places = await Promise.all(
    (named ?? ['0.0.0.0', '::']).map(host => addressesOf(host, family, options)),
  )
  // `localhost` and `127.0.0.1` are one host.
  const distinct = new Map(places.flat().map(place => [place.host, place]))
  const numbers = ports.flatMap(portsOf)
  return [...distinct.values()].flatMap(({ host, error }) =>
    numbers.flatMap(port =>
      protocols.map(protocol => ({
        address: formatEndpoint(protocol, { host, port }),
        ...(error && { error }),
      })),
    ),
  )
}

/** A host as IP addresses of a family, or why it has none. */
const addressesOf = async (
  host: string,
  family: 4 | 6 | undefined,
  { signal, timeout = connectionLimits.connectTimeout }: WaitOptions,
): Promise<{ readonly host: string; readonly error?: Error }[]> => {
  const own = isIP(host)
  if (own > 0) return family === undefined || own === family ? [{ host }] : []
  const what = `the addresses of ${host}`
  try {
    // What is no name is not for the resolver.
    parseEndpoint('host', formatEndpoint('host', { host, port: 0 }))
    const settings = { clock: systemClock, what, signal, timeout }
    return await wait<{ readonly host: string }[]>(settings, ({ resolve, reject }) => {
      lookup(host, { all: true, family: family ?? 0, verbatim: true }, (error, found) => {
        if (error) reject(transportError(what, error))
        else resolve(found.map(({ address }) => ({ host: address })))
      })
      return undefined
    })
  } catch (error) {
    return [{ host, error: asError(error) }]
  }
}

const portsOf = (port: Targets['ports'][number]): readonly number[] => {
  if (typeof port === 'number') return [port]
  const [from, to] = port
  if (!(from <= to) || to - from >= mostTargets)
    throw new RangeError(`${from} to ${to} is no range of at most ${mostTargets} ports`)
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}
