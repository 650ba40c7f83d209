import { type Endpoint } from '../core/endpoint.ts'
import { candidatesOf } from '../core/punch/candidates.ts'
import { type Candidate } from '../core/punch/offer.ts'
import type { NatReport } from '../nat/report.ts'
import { eager, type Session } from '../nat/session.ts'
import type { TcpServer, TcpSocket, UdpSocket } from '../socket/sockets.ts'
import { requestOverTcp } from '../stun/tcp.ts'

/** A second for the servers over UDP: who has no answer by then goes on with its own addresses alone. */
const schedule = { ...eager, attempts: 10, rest: eager.rto } as const

/** Milliseconds for the connection to a server, and for its answer: TCP sends what was lost again after one second, and not earlier. */
const tcpTimeout = 3_000

/** A UDP socket, and where it may be reached. */
export interface GatheredUdp {
  readonly socket: UdpSocket
  readonly candidates: readonly Candidate[]
}

const firstOf = <T>(questions: readonly Promise<T>[]): Promise<T | undefined> =>
  // None of them answers: a node without a server can still be reached from its own network
  Promise.any(questions).catch(() => undefined)

/** Binds a UDP socket and asks the servers what it is seen as. */
export const gatherUdp = async (
  session: Session,
  servers: readonly Endpoint[],
  nat: NatReport | undefined,
): Promise<GatheredUdp> => {
  const agent = await session.agent()
  const options = { ...schedule, signal: session.signal }
  // A NAT that maps by the peer makes a mapping for each server: one only, so that the next mapping is the next peer's
  const asked = nat?.mapping === 'endpoint-independent' ? servers : servers.slice(0, 1)
  const answer = await firstOf(asked.map(server => agent.request(server, options)))
  agent[Symbol.dispose]()
  const { socket } = agent
  return { socket, candidates: candidatesOf('udp', socket.local, answer?.mapped, nat) }
}

/** A local port for TCP, and where it may be reached. */
export interface GatheredTcp {
  readonly local: Endpoint
  /** Holds the mapping open until the attempt is over. */
  readonly held: TcpSocket | undefined
  readonly server: TcpServer
  readonly candidates: readonly Candidate[]
}

/** Connects to a server from a port of ours, to learn what that is seen as, and opens another port for those who can reach it directly. */
export const gatherTcp = async (
  session: Session,
  servers: readonly Endpoint[],
  nat: NatReport | undefined,
  accept: (socket: TcpSocket) => void,
): Promise<GatheredTcp> => {
  const wait = { signal: session.signal, timeout: tcpTimeout }
  const [server] = servers
  let held: TcpSocket | undefined
  let mapped: Endpoint | undefined
  if (server !== undefined) {
    try {
      held = await session.sockets.connect(session.host, server, wait)
      mapped = await requestOverTcp(held, session, wait)
    } catch {
      // As without a server
    }
  }
  const port = held?.local.port ?? 20_000 + Math.floor(session.random.next() * 30_000)
  const local = { ...session.host, port }
  const listening = await session.sockets.listen(session.host, accept).catch(async (error: unknown) => {
    await held?.close()
    throw error
  })
  const own: Candidate = { transport: 'tcp', kind: 'listening', endpoint: listening.local }
  return { local, held, server: listening, candidates: [...candidatesOf('tcp', local, mapped, nat), own] }
}
