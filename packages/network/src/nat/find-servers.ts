import { WaitError } from '@p2p/interfaces'
import type { Endpoint } from '../core/endpoint.ts'
import type { Family } from '../core/ip.ts'
import { NetworkError } from '../errors.ts'
import type { ResolveOptions } from '../resolve.ts'
import type { TcpSocket } from '../socket/sockets.ts'
import type { StunAgent } from '../stun/agent.ts'
import type { ServerReport } from './report.ts'
import { maxServers, nameOf, otherOf, resolveServer, type ServerName } from './servers.ts'
import type { Session } from './session.ts'

/** Milliseconds that are waited, after the first answer, for one of a server with a second address. */
const patience = 200

/**
 * After a second of silence UDP counts as blocked: half of it is twice the farthest path on Earth. At 30 % of the packets lost each way all of 24
 * transmissions are lost once in ten million times.
 */
const schedule = { rto: 40, factor: 1, attempts: 24, rest: 70, timeout: 5_000 } as const

/** The server that the rest is asked of. */
export interface Answered {
  readonly server: Endpoint
  /** Its second address and port. */
  readonly other: Endpoint | undefined
  /** A socket that has talked to nobody else. */
  readonly agent: StunAgent
  /** What the server sees of that. */
  readonly mapped: Endpoint
  /** Another server that answered, at another address. */
  readonly second: Endpoint | undefined
}

/** Servers whose addresses are known. */
export interface Asked {
  readonly targets: readonly [Endpoint, ...Endpoint[]]
  /** Asks all of them at once. `undefined` if none answers. */
  ask(session: Session): Promise<Answered | undefined>
  reports(): ServerReport[]
}

interface Entry {
  readonly server: string
  readonly target: Endpoint | undefined
  error?: string
  rtt?: number
  other?: Endpoint
  agent?: StunAgent
  mapped?: Endpoint
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/**
 * Looks up the servers. Those whose names are not known are left out, and reported.
 *
 * @throws what the first one rejected with, if none is known
 */
export const findServers = async (
  servers: readonly ServerName[],
  family: Family,
  options: ResolveOptions,
): Promise<Asked> => {
  let firstError: unknown
  const entries = await Promise.all(
    servers.slice(0, maxServers).map(async (server): Promise<Entry> => {
      const { clock, resolver, signal, via } = options
      const how = {
        ...(clock === undefined ? {} : { clock }),
        ...(resolver === undefined ? {} : { resolver }),
        ...(via === undefined ? {} : { via }),
      }
      try {
        const target = await resolveServer(server, family, { ...how, signal })
        return { server: nameOf(server), target }
      } catch (error) {
        firstError ??= error
        return { server: nameOf(server), target: undefined, error: textOf(error) }
      }
    }),
  )
  const [first, ...rest] = entries.flatMap(({ target }) => target ?? [])
  if (first === undefined) throw firstError
  return {
    targets: [first, ...rest],
    ask: session => ask(session, entries),
    reports: () =>
      entries.map(({ server, error, rtt, other }) => ({
        server,
        ...(rtt === undefined ? {} : { rtt: Math.round(rtt) }),
        ...(other === undefined ? {} : { other }),
        ...(error === undefined ? {} : { error }),
      })),
  }
}

const ask = async (session: Session, entries: readonly Entry[]): Promise<Answered | undefined> => {
  const known = entries.filter(({ target }) => target !== undefined)
  let failed: Error | undefined
  let answered = 0
  let failures = 0
  const questions = known.map(async entry => {
    const target = entry.target as Endpoint
    const agent = await session.agent()
    entry.agent = agent
    try {
      const answer = await agent.request(target, { ...schedule, signal: session.signal })
      const other = otherOf(target, answer.other)
      entry.rtt = answer.rtt
      entry.mapped = answer.mapped
      if (other !== undefined) entry.other = other
      answered += 1
    } catch (error) {
      entry.error = textOf(error)
      failures += 1
      if (error instanceof Error && !WaitError.is(error)) failed ??= error
    }
  })
  const all = Promise.all(questions)
  // A server with a second address is worth some waiting, and nothing else is
  let waited = 0
  const isBest = () => known.some(({ other }) => other !== undefined)
  while (answered + failures < known.length && !isBest() && waited < patience) {
    await Promise.race([all, session.pause(20)])
    if (answered > 0) waited += 20
  }
  const usable = known.filter(({ mapped }) => mapped !== undefined)
  const chosen = usable.find(({ other }) => other !== undefined) ?? usable[0]
  if (chosen === undefined) {
    // Without any network the system says so at once; a silent network says nothing
    if (failed !== undefined && failures === known.length) throw failed
    return undefined
  }
  const { target, agent, mapped, other } = chosen
  if (target === undefined || agent === undefined || mapped === undefined)
    throw new NetworkError('P2P_NO_SERVER', 'no server answers')
  const second = usable.find(each => each.target?.address !== target.address)?.target
  return { server: target, other, agent, mapped, second }
}

/** Whether any server answers over TCP. */
export const overTcp = async (
  session: Session,
  targets: readonly Endpoint[],
  request: (socket: TcpSocket) => Promise<unknown>,
): Promise<boolean> => {
  const tries = targets.map(async target => {
    const socket = await session.sockets.connect(session.host, target, {
      signal: session.signal,
      timeout: 1_500,
    })
    try {
      await request(socket)
    } finally {
      await socket.close()
    }
  })
  try {
    await Promise.any(tries)
    return true
  } catch {
    return false
  } finally {
    await Promise.allSettled(tries)
  }
}
