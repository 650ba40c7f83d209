import type { Clock, Random, WaitOptions } from '@p2p/interfaces'
import { systemClock, systemRandom } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'
import type { PortAllocation } from '../core/nat/allocation.ts'
import { classicName, type Dependence } from '../core/nat/behaviour.ts'
import { type Endpoint, toEndpoint } from '../core/endpoint.ts'
import type { Family } from '../core/ip.ts'
import { NetworkError } from '../errors.ts'
import type { Resolver } from '../resolve.ts'
import type { Route } from '../route/route.ts'
import type { Sockets } from '../socket/sockets.ts'
import { systemSockets } from '../socket/system.ts'
import { requestOverTcp } from '../stun/tcp.ts'
import {
  compareServers,
  measureAllocation,
  measureFiltering,
  measureHairpin,
  measureMapping,
  outlives,
} from './measure.ts'
import { type Answered, type Asked, findServers, overTcp } from './find-servers.ts'
import type { NatReport, ServerReport } from './report.ts'
import type { ServerName } from './servers.ts'
import { Session } from './session.ts'

/** Options of {@link detectNat}. */
export interface DetectOptions extends WaitOptions {
  /** STUN servers, one to eight. One of them with a second address (RFC 5780, as coturn has it) is needed to tell how a NAT filters. */
  readonly servers: readonly ServerName[]
  /** Default: that of `via`, or IPv4. */
  readonly family?: Family
  /** The route to ask over: its first address is bound. Default: what the system chooses for the first server. */
  readonly via?: Route
  /** Milliseconds after which to look whether a mapping is alive, each with a mapping of its own, side by side. Default: none. At most 16. */
  readonly lifetime?: readonly number[]
  readonly resolver?: Resolver
  readonly sockets?: Sockets
  readonly clock?: Clock
  readonly random?: Random
}

/** Milliseconds for all of it, beside the longest of `lifetime`. */
export const detectTimeout = 10_000

/**
 * Measures how this machine is connected: how its NAT maps, filters, loops back and chooses ports, or that there is none (FEATURES P5; RFC 5780,
 * RFC 4787).
 *
 * It takes a second on a clean path, because what is filtered shows only by silence; on a lossy path it asks until silence means something. A
 * server that cannot be asked, or cannot answer a question, leaves that part `unknown` and does not fail the rest. A server gets about eighty packets a second meanwhile.
 * Default deadline 10 000 ms, plus the longest of `lifetime`.
 *
 * @throws NetworkError `P2P_NO_SERVER` without servers; `P2P_HOST_UNREACHABLE` without a network; `P2P_HOST_UNKNOWN` if no server's name is known;
 * `P2P_TIMEOUT`, `P2P_ABORTED`
 */
export const detectNat = async (options: DetectOptions): Promise<NatReport> => {
  const { clock = systemClock, signal } = options
  const lifetime = (options.lifetime ?? []).slice(0, 16)
  const timeout = options.timeout ?? detectTimeout + Math.max(0, ...lifetime)
  const controller = new AbortController()
  let ended: Promise<unknown> = Promise.resolve()
  try {
    return await wait({ clock, signal, timeout, what: 'the behaviour of the NAT' }, waiter => {
      const detected = detect({ ...options, lifetime }, controller.signal)
      ended = detected.then(waiter.resolve, waiter.reject)
      return () => controller.abort()
    })
  } finally {
    // Nothing is left behind, also after an abort
    await ended
  }
}

const detect = async (options: DetectOptions, signal: AbortSignal): Promise<NatReport> => {
  const { clock = systemClock, random = systemRandom, sockets = systemSockets, via } = options
  const family = options.family ?? via?.family ?? 4
  const begin = clock.monotonic()
  if (options.servers.length === 0) throw new NetworkError('P2P_NO_SERVER', 'name a STUN server')
  const asked = await findServers(options.servers, family, { ...options, clock, signal })
  const [first] = asked.targets
  const address = via?.endpoint().address ?? (await sockets.source(first))
  const host = toEndpoint(address, 0, via?.interface)
  const session = new Session({ sockets, clock, random, signal, host })
  try {
    const found = await measure(session, asked, options.lifetime ?? [])
    return { ...found, family, ms: Math.round(clock.monotonic() - begin) }
  } finally {
    await session.close()
  }
}

type Measured = Omit<NatReport, 'family' | 'ms'>

/** Milliseconds of silence over UDP after which TCP is tried as well. */
const tcpAfter = 300

const measure = async (session: Session, asked: Asked, lifetime: readonly number[]): Promise<Measured> => {
  let isAnswered = false
  const tcp = session
    .pause(tcpAfter)
    .then(() =>
      isAnswered
        ? false
        : overTcp(session, asked.targets, socket =>
            requestOverTcp(socket, session, { signal: session.signal, timeout: 3_000 }),
          ),
    )
    // Aborted: nobody asks any more
    .catch(() => false)
  const answered = await asked.ask(session)
  isAnswered = answered !== undefined
  if (answered === undefined) return silent(await tcp, asked.reports())
  return { ...(await behaviour(session, answered, lifetime)), servers: asked.reports() }
}

/** No server answers over UDP: it is blocked if they answer over TCP, and probably so if they do not. */
const silent = (tcp: boolean, servers: readonly ServerReport[]): Measured => ({
  status: tcp ? 'measured' : 'partial',
  classic: 'blocked',
  reachable: { udp: false, tcp },
  servers,
  unknown: tcp ? [] : ['whether only UDP is blocked: no server answers over TCP either'],
})

/** What a part of the measurement found, or why it did not. */
const attempt = async <T>(
  unknown: string[],
  what: string,
  measured: Promise<T | undefined>,
): Promise<T | undefined> => {
  try {
    const value = await measured
    if (value === undefined)
      unknown.push(`${what}: the path loses too many packets, or the server cannot tell`)
    return value
  } catch (error) {
    if (!(error instanceof Error)) throw error
    unknown.push(`${what}: ${error.message}`)
    return undefined
  }
}

const behaviour = async (
  session: Session,
  { server, other, agent, mapped: seen, second }: Answered,
  lifetime: readonly number[],
): Promise<Omit<Measured, 'servers'>> => {
  const unknown: string[] = []
  const local = agent.socket.local
  const translated = seen.address !== local.address || seen.port !== local.port
  const missing = 'no server has a second address'

  /** Whatever makes mappings comes one after the other: the last looks at their order. */
  const mappings = async () => {
    const socket = await session.agent()
    const measured = await attempt(
      unknown,
      'mapping',
      other !== undefined
        ? measureMapping(session, socket, server, other)
        : second !== undefined
          ? compareServers(session, socket, server, second)
          : Promise.reject(new NetworkError('P2P_NO_SERVER', missing)),
    )
    let loop: Promise<boolean | undefined> | undefined
    if (translated && measured !== undefined) {
      const ends = { agent: socket, mapped: measured.mapped }
      await new Promise<void>(begun => {
        loop = attempt(unknown, 'hairpin', measureHairpin(session, server, ends, begun)).finally(begun)
      })
    }
    const allocation: PortAllocation | undefined = await attempt(
      unknown,
      'port allocation',
      measureAllocation(session, server),
    )
    return { mapping: measured?.mapping, allocation, hairpin: await loop }
  }

  const filtering: Promise<Dependence | undefined> = attempt(
    unknown,
    'filtering',
    other === undefined
      ? Promise.reject(new NetworkError('P2P_NO_SERVER', missing))
      : measureFiltering(session, agent, server, other),
  )
  const [maps, filters, lived] = await Promise.all([
    mappings(),
    filtering,
    lifetimeOf(session, server, lifetime, unknown),
  ])
  const { mapping, allocation, hairpin } = maps
  const classic = classicName(translated, mapping, filters)
  return {
    status: unknown.length === 0 ? 'measured' : 'partial',
    translated,
    ...(classic === undefined ? {} : { classic }),
    ...(mapping === undefined ? {} : { mapping }),
    ...(filters === undefined ? {} : { filtering: filters }),
    ...(hairpin === undefined ? {} : { hairpin }),
    ...(allocation === undefined ? {} : { portAllocation: allocation }),
    ...(lived === undefined ? {} : { lifetime: lived }),
    local,
    public: seen,
    reachable: { udp: true },
    unknown,
  }
}

const lifetimeOf = async (
  session: Session,
  server: Endpoint,
  times: readonly number[],
  unknown: string[],
) => {
  if (times.length === 0) return undefined
  const found = await Promise.all(
    times.map(
      async time =>
        [time, await attempt(unknown, `lifetime of ${time} ms`, outlives(session, server, time))] as const,
    ),
  )
  const alive = found.filter(([, lived]) => lived === true).map(([time]) => time)
  const gone = found.filter(([, lived]) => lived === false).map(([time]) => time)
  if (alive.length + gone.length === 0) return undefined
  return { atLeast: Math.max(0, ...alive), ...(gone.length === 0 ? {} : { below: Math.min(...gone) }) }
}
