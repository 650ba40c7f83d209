import { allocationOf, type PortAllocation, type PortSample } from '../core/nat/allocation.ts'
import { type Dependence, filteringOf, mappingOf } from '../core/nat/behaviour.ts'
import { type Endpoint, sameEndpoint } from '../core/endpoint.ts'
import { decodeStun } from '../core/stun/decode.ts'
import { encodeStun } from '../core/stun/encode.ts'
import { NetworkError } from '../errors.ts'
import type { StunAgent, Transaction } from '../stun/agent.ts'
import { eager, type Session } from './session.ts'

/** Mappings per series. Five agreeing ones of eight are chance less than once in 10^15 times. */
const seriesLength = 8

/** How the mapping depends on whom a socket talks to. `agent` must not have talked to anybody. */
export const measureMapping = async (
  session: Session,
  agent: StunAgent,
  server: Endpoint,
  other: Endpoint,
): Promise<{ readonly mapped: Endpoint; readonly mapping: Dependence }> => {
  const options = { ...eager, signal: session.signal }
  const [first, second, third] = await Promise.all([
    agent.request(server, options),
    agent.request({ ...other, port: server.port }, options),
    agent.request(other, options),
  ])
  return { mapped: first.mapped, mapping: mappingOf(first.mapped, second.mapped, third.mapped) }
}

/** The same with a second server instead of a second address of one. */
export const compareServers = async (
  session: Session,
  agent: StunAgent,
  server: Endpoint,
  second: Endpoint,
): Promise<{ readonly mapped: Endpoint; readonly mapping: Dependence }> => {
  const options = { ...eager, signal: session.signal }
  const [first, then] = await Promise.all([agent.request(server, options), agent.request(second, options)])
  return { mapped: first.mapped, mapping: mappingOf(first.mapped, then.mapped) }
}

/**
 * What is let in. Both questions are asked of one address, so that neither opens the filter for the other; `agent` must have talked to nobody but
 * the server.
 *
 * @throws NetworkError `P2P_NO_SERVER` if the server answers from the wrong address, or refuses
 */
export const measureFiltering = async (
  session: Session,
  agent: StunAgent,
  server: Endpoint,
  other: Endpoint,
): Promise<Dependence | undefined> => {
  let fromOtherAddress = false
  let fromOtherPort = false
  let isUnable = false
  const ask = (address: boolean, expected: Endpoint, heard: () => void) => {
    const changeRequest = { address, port: true }
    // A server that does not know the attribute answers as usual: that is heard too, and is no answer to this question
    const transaction = agent.open(server, { changeRequest }, [expected, server])
    transaction.answer.then(
      ({ from }) => {
        if (sameEndpoint(from, server)) isUnable = true
        else heard()
      },
      () => (isUnable = true),
    )
    transaction.send().catch(() => undefined)
    return transaction
  }
  const probe = (): Transaction[] => [
    ask(true, other, () => (fromOtherAddress = true)),
    ask(false, { ...server, port: other.port }, () => (fromOtherPort = true)),
  ]
  const outcome = await session.heardOrSilent(agent, server, probe, () => fromOtherAddress || isUnable)
  if (isUnable as boolean)
    throw new NetworkError('P2P_NO_SERVER', 'the server does not answer from its other address')
  return outcome === 'unknown' ? undefined : filteringOf(fromOtherAddress, fromOtherPort)
}

/**
 * How external ports are chosen. One mapping after the other, because their order matters; a second series, of consecutive local ports, only if
 * the first does not decide.
 */
export const measureAllocation = async (session: Session, server: Endpoint): Promise<PortAllocation> => {
  const sample = async (port: number): Promise<PortSample | undefined> => {
    const agent = await session.agent(port).catch(() => undefined)
    if (agent === undefined) return undefined
    const { mapped } = await agent.request(server, { ...eager, signal: session.signal })
    return { local: agent.socket.local.port, external: mapped.port }
  }
  const series = async (portOf: (index: number) => number) => {
    const samples: PortSample[] = []
    for (let index = 0; index < seriesLength; index++) {
      const taken = await sample(portOf(index))
      if (taken !== undefined) samples.push(taken)
    }
    return samples
  }
  const anywhere = () => 20_000 + Math.floor(session.random.next() * 30_000)
  // Ports of our own choice: the system's own may follow each other
  const scattered = await series(anywhere)
  const first = allocationOf(scattered)
  if (first.kind !== 'random') return first
  const base = anywhere()
  return allocationOf(scattered, await series(index => base + index))
}

/**
 * Whether two sockets behind the NAT reach each other by their public addresses. Each sends to the other's, so that a filter that wants to have
 * seen a packet out has.
 *
 * @param onBegun called when all mappings that this makes are made
 */
export const measureHairpin = async (
  session: Session,
  server: Endpoint,
  one: { readonly agent: StunAgent; readonly mapped: Endpoint },
  onBegun: () => void,
): Promise<boolean | undefined> => {
  const second = await session.agent()
  const { mapped } = await second.request(server, { ...eager, signal: session.signal })
  let isHeard = false
  const transaction = session.random.fill(new Uint8Array(12))
  const bytes = encodeStun({ kind: 'indication', transaction })
  const listen = (agent: StunAgent) =>
    agent.socket.onMessage(message => {
      try {
        const { kind, transaction: came } = decodeStun(message)
        if (kind === 'indication' && Buffer.compare(came, transaction) === 0) isHeard = true
      } catch {
        // Somebody's noise
      }
    })
  const listening = [listen(one.agent), listen(second)]
  try {
    const probe = () => {
      one.agent.socket.send(bytes, mapped).catch(() => undefined)
      second.socket.send(bytes, one.mapped).catch(() => undefined)
      onBegun()
      return []
    }
    const outcome = await session.heardOrSilent(second, server, probe, () => isHeard)
    return outcome === 'unknown' ? undefined : outcome === 'heard'
  } finally {
    for (const each of listening) each[Symbol.dispose]()
  }
}

/**
 * Whether a mapping is alive after some time without traffic: another socket has the server answer to it (RESPONSE-PORT, RFC 5780, 4.6).
 *
 * @returns `undefined` if the server cannot do that
 */
export const outlives = async (
  session: Session,
  server: Endpoint,
  milliseconds: number,
): Promise<boolean | undefined> => {
  const sleeper = await session.agent()
  const { mapped } = await sleeper.request(server, { ...eager, signal: session.signal })
  await session.pause(milliseconds)
  const asker = await session.agent()
  let isHeard = false
  let isUnable = false
  const listening = sleeper.socket.onMessage((bytes, from) => {
    if (sameEndpoint(from, server) && bytes.length >= 20) isHeard = true
  })
  try {
    const probe = () => {
      const transaction = asker.open(server, { responsePort: mapped.port })
      const unable = () => (isUnable = true)
      transaction.answer.then(unable, unable)
      transaction.send().catch(() => undefined)
      return [transaction]
    }
    const outcome = await session.heardOrSilent(asker, server, probe, () => isHeard || isUnable)
    return (isUnable as boolean) || outcome === 'unknown' ? undefined : outcome === 'heard'
  } finally {
    listening[Symbol.dispose]()
  }
}
