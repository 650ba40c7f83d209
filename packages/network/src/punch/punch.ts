import type { Clock, Random, WaitOptions } from '@p2p/interfaces'
import { systemClock, systemRandom } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'
import { toEndpoint } from '../core/endpoint.ts'
import { type Family, scopeOf } from '../core/ip.ts'
import { Checks } from '../core/punch/checks.ts'
import {
  type Candidate,
  formatCandidate,
  type PunchOffer,
  type PunchTransport,
  readOffer,
} from '../core/punch/offer.ts'
import { NetworkError } from '../errors.ts'
import type { NatReport } from '../nat/report.ts'
import { maxServers, resolveServer, type ServerName } from '../nat/servers.ts'
import { Session } from '../nat/session.ts'
import type { Route } from '../route/route.ts'
import type { Sockets, TcpSocket } from '../socket/sockets.ts'
import { systemSockets } from '../socket/system.ts'
import type { Attempt, Path, Punched } from './attempt.ts'
import { type GatheredTcp, type GatheredUdp, gatherTcp, gatherUdp } from './gather.ts'
import { punchTcp, type TcpPunch } from './tcp.ts'
import { inWords, punchUdp } from './udp.ts'

/**
 * Hands our offer to the other node and resolves with its offer: over a mesh, a web server, or paper. What it resolves with is checked, whatever
 * it is.
 */
export type Exchange = (offer: PunchOffer, options: { readonly signal: AbortSignal }) => Promise<unknown>

/** Options of {@link punch}. */
export interface PunchOptions extends WaitOptions {
  readonly exchange: Exchange
  /** STUN servers that tell how this machine is seen. Without any, only paths that need no hole are found. Default: none. */
  readonly servers?: readonly ServerName[]
  /** What {@link detectNat} measured: it foretells the ports of a NAT that maps by the peer. Default: nothing is foretold. */
  readonly nat?: NatReport
  /** What to try, side by side. Default `['udp']`. */
  readonly transports?: readonly PunchTransport[]
  /** Default: that of `via`, or IPv4. */
  readonly family?: Family
  /** The route to use: its first address is bound. Default: what the system chooses. */
  readonly via?: Route
  /** Milliseconds of knocking, from the exchange on, until there is no path. Default 3 000: a path that exists is found within a few round trips. */
  readonly patience?: number
  readonly sockets?: Sockets
  readonly clock?: Clock
  readonly random?: Random
}

/** Milliseconds for all of it, the exchange included. */
export const punchTimeout = 15_000

/** See {@link PunchOptions.patience}. */
export const punchPatience = 3_000

/**
 * Opens a path to another node that does the same, through the NATs of both (FEATURES P12): they tell each other where they may be reached and
 * knock at all places at once. The first path on which both have heard each other, which checks with the offers' passwords prove, is taken, and all the rest is closed.
 *
 * Default deadline 15 000 ms; without a path it ends `patience` after the exchange.
 *
 * @throws NetworkError `P2P_NO_PATH`; `P2P_PROTOCOL_ERROR` for an offer that is none; `P2P_HOST_UNREACHABLE` without a network; what `exchange`
 * rejects with; `P2P_TIMEOUT`, `P2P_ABORTED`
 */
export const punch = async (options: PunchOptions): Promise<Punched> => {
  const { clock = systemClock, signal, timeout = punchTimeout } = options
  const begin = clock.monotonic()
  const controller = new AbortController()
  let ended: Promise<unknown> = Promise.resolve()
  try {
    const path = await wait<Path>({ clock, signal, timeout, what: 'a path to the other node' }, waiter => {
      ended = attempt(options, controller).then(waiter.resolve, waiter.reject)
      return () => controller.abort()
    })
    return { ...path, ms: Math.round(clock.monotonic() - begin) }
  } finally {
    // Nothing but the path is left, also after an abort
    await ended
  }
}

const secret = (random: Random) => Buffer.from(random.fill(new Uint8Array(16))).toString('base64url')

const openSession = async (options: PunchOptions, signal: AbortSignal) => {
  const { clock = systemClock, random = systemRandom, sockets = systemSockets, via } = options
  const family = options.family ?? via?.family ?? 4
  const how = { clock, signal, ...(via === undefined ? {} : { via }) }
  const names = (options.servers ?? []).slice(0, maxServers)
  const found = await Promise.allSettled(names.map(name => resolveServer(name, family, how)))
  const servers = found.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
  // Without a server: the way to anywhere
  const anywhere = toEndpoint(family === 4 ? '192.88.99.1' : '2002::1', 9)
  const address = via?.endpoint().address ?? (await sockets.source(servers[0] ?? anywhere))
  const host = toEndpoint(address, 0, via?.interface)
  return { servers, session: new Session({ sockets, clock, random, signal, host }) }
}

const attempt = async (options: PunchOptions, controller: AbortController): Promise<Path> => {
  const { transports = ['udp'], nat, patience = punchPatience } = options
  const { signal } = controller
  const { session, servers } = await openSession(options, signal)
  const { clock, random, sockets, host } = session
  let tcpPunch: TcpPunch | undefined
  let path: Path | undefined
  const early: TcpSocket[] = []
  const accept = (socket: TcpSocket) => {
    if (tcpPunch === undefined && early.length < maxServers) early.push(socket)
    else if (tcpPunch === undefined) void socket.close()
    else tcpPunch.accept(socket)
  }
  let tcp: GatheredTcp | undefined
  let udp: GatheredUdp | undefined
  try {
    // UDP last: nothing must come between its mapping and the first knock
    if (transports.includes('tcp')) tcp = await gatherTcp(session, servers, nat, accept)
    if (transports.includes('udp')) udp = await gatherUdp(session, servers, nat)
    const mine = { id: secret(random), password: secret(random) }
    const candidates = [...(udp?.candidates ?? []), ...(tcp?.candidates ?? [])]
    const offer: PunchOffer = { version: 1, ...mine, candidates: candidates.map(formatCandidate) }
    // An exchange that does not look at its signal must not hold us
    const answer = await wait<unknown>({ clock, signal, what: "the other node's offer" }, waiter => {
      options.exchange(offer, { signal }).then(waiter.resolve, waiter.reject)
      return undefined
    })
    const theirs = readOffer(answer, scopeOf(host.address) === 'loopback')
    const checks = new Checks(mine, theirs)
    path = await wait<Path>({ clock, signal, what: 'an answer' }, waiter => {
      let choice: object | undefined
      const shared: Attempt = {
        clock,
        random,
        checks,
        signal,
        choose: wanted => (choice ??= wanted) === wanted,
        settle: waiter.resolve,
      }
      const of = (transport: PunchTransport) =>
        theirs.candidates.filter(each => fits(each, transport, options))
      const knocking = udp === undefined ? undefined : punchUdp(udp.socket, of('udp'), shared)
      if (tcp !== undefined) {
        tcpPunch = punchTcp({ sockets, local: tcp.local }, of('tcp'), shared)
        for (const socket of early.splice(0)) tcpPunch.accept(socket)
      }
      const timer = clock.after(patience, () => {
        const tried = inWords(theirs.candidates)
        const message = `no path to the other node was proven within ${patience} ms; tried ${tried || 'nothing'}`
        waiter.reject(new NetworkError('P2P_NO_PATH', message))
      })
      return () => {
        timer[Symbol.dispose]()
        knocking?.[Symbol.dispose]()
      }
    })
    return path
  } finally {
    controller.abort()
    const taken = path?.socket.local
    const keepsUdp = path?.transport === 'udp'
    await Promise.all([
      tcpPunch?.close(),
      tcp?.held?.close(),
      tcp?.server.close(),
      ...early.map(socket => socket.close()),
      keepsUdp && taken !== undefined ? undefined : udp?.socket.close(),
    ])
  }
}

const fits = ({ transport, endpoint }: Candidate, wanted: PunchTransport, options: PunchOptions) =>
  transport === wanted && endpoint.family === (options.family ?? options.via?.family ?? 4)
