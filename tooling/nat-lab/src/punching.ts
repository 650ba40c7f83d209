import type { NatReport } from '@p2p/network/nat'
import type { PunchTransport } from '@p2p/network/punch'
import type { Answer } from './agent.ts'
import type { Host } from './host.ts'
import { makeAttempts } from './attempts.ts'
import type { Case, Laboratory, Outcome } from './laboratory.ts'
import { type Recipe, rules, setUp } from './recipes.ts'
import { sites, stun } from './topology.ts'

/** Two NATs, and what should become of them. */
interface Pair {
  readonly a: Recipe
  readonly b: Recipe
  readonly transport: PunchTransport
  /** Whether both measure their NAT first. */
  readonly measured: boolean
  readonly opens: boolean
  /** Milliseconds that it may take on a machine that has nothing else to do. */
  readonly limit: number
}

const cones: readonly Recipe[] = ['full', 'restricted', 'port-restricted', 'symmetric']
const strict: readonly Recipe[] = ['port-restricted', 'symmetric']

const pairs: readonly Pair[] = [
  ...cones.flatMap(a =>
    cones.map((b): Pair => {
      const opens = !([a, b].includes('symmetric') && [a, b].every(each => strict.includes(each)))
      return { a, b, transport: 'udp', measured: false, opens, limit: opens ? 250 : 3_600 }
    }),
  ),
  ...(
    [
      ['sequential+1', 'port-restricted'],
      ['sequential+1', 'sequential+1'],
      ['sequential+2', 'sequential-3'],
    ] as const
  ).map(([a, b]): Pair => ({ a, b, transport: 'udp', measured: true, opens: true, limit: 250 })),
  { a: 'port-restricted', b: 'port-restricted', transport: 'tcp', measured: false, opens: true, limit: 500 },
]

const server = `${stun.address}:${stun.port}`

const measure = async (host: Host): Promise<NatReport | undefined> => {
  const answer = await host.ask({ type: 'detect', server })
  return answer.type === 'report' ? answer.report : undefined
}

/** One attempt: both begin, and get each other's offer. */
const meet = async (
  a: Host,
  b: Host,
  { transport }: Pair,
  nats: readonly [NatReport | undefined, NatReport | undefined],
): Promise<readonly [Answer, Answer]> => {
  a.tell({ type: 'punch', server, transport, nat: nats[0] })
  b.tell({ type: 'punch', server, transport, nat: nats[1] })
  const [one, two] = await Promise.all([a.next(), b.next()])
  if (one.type !== 'offer' || two.type !== 'offer') return [one, two]
  a.tell(two)
  b.tell(one)
  return Promise.all([a.next(), b.next()])
}

/** Punches a pair so many times; one that cannot open, less often, because each takes seconds. */
const punch = async (pair: Pair, { host, mayRepeat }: Laboratory, wanted: number): Promise<Outcome> => {
  await setUp(sites.a.router, rules(pair.a, sites.a))
  await setUp(sites.b.router, rules(pair.b, sites.b))
  const [a, b] = [await host('a'), await host('b')]
  const nats = pair.measured
    ? ([await measure(a), await measure(b)] as const)
    : ([undefined, undefined] as const)
  const times = pair.opens ? wanted : Math.min(2, wanted)
  const durations: number[] = []
  const { words, ok, wrong } = await makeAttempts(times, mayRepeat, async () => {
    const answers = await meet(a, b, pair, nats)
    const isRight = answers.every(answer =>
      pair.opens ? answer.type === 'punched' : answer.type === 'failed' && answer.code === 'P2P_NO_PATH',
    )
    durations.push(Math.max(...answers.map(answer => ('ms' in answer ? answer.ms : Infinity))))
    return isRight ? undefined : answers.map(answer => JSON.stringify(answer)).join(' ')
  })
  durations.sort((one, two) => one - two)
  const within = durations.filter(each => each <= pair.limit).length
  const slow =
    within < durations.length
      ? [`${durations.length - within} of ${durations.length} took longer than ${pair.limit} ms`]
      : []
  const expected = pair.opens ? 'opens' : 'ends with P2P_NO_PATH'
  const figures = `${words}, ${within} within ${pair.limit} ms, at most ${durations.at(-1) ?? Infinity} ms`
  return {
    name: `${pair.transport}: ${pair.a} with ${pair.b} ${expected}: ${figures}`,
    ok,
    wrong,
    slow,
  }
}

/** Every pair, punched `times` times. */
export const punches = (times: number): readonly Case[] =>
  pairs.map(pair => laboratory => punch(pair, laboratory, times))
