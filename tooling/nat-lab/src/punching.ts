import type { NatReport } from '@p2p/network/nat'
import type { PunchTransport } from '@p2p/network/punch'
import type { Answer } from './agent.ts'
import type { Host } from './host.ts'
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
  /** Milliseconds. */
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

/** What came of a pair. */
export interface PairResult {
  readonly name: string
  readonly right: number
  readonly times: number
  readonly slowest: number
  readonly wrong: readonly string[]
}

const server = `${stun.address}:${stun.port}`

const measure = async (host: Host): Promise<NatReport | undefined> => {
  host.tell({ type: 'detect', server })
  const answer = await host.next()
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

/** Punches every pair so many times; those that cannot open, less often, because each takes seconds. */
export async function* punchAll(a: Host, b: Host, wanted: number): AsyncGenerator<PairResult> {
  for (const pair of pairs) {
    await setUp(sites.a.router, rules(pair.a, sites.a))
    await setUp(sites.b.router, rules(pair.b, sites.b))
    const nats = pair.measured
      ? ([await measure(a), await measure(b)] as const)
      : ([undefined, undefined] as const)
    const times = pair.opens ? wanted : Math.min(2, wanted)
    let right = 0
    let slowest = 0
    const wrong: string[] = []
    for (let time = 0; time < times; time++) {
      const answers = await meet(a, b, pair, nats)
      const isRight = answers.every(answer =>
        pair.opens
          ? answer.type === 'punched' && answer.ms <= pair.limit
          : answer.type === 'failed' && answer.code === 'P2P_NO_PATH' && answer.ms <= pair.limit,
      )
      for (const answer of answers) if ('ms' in answer) slowest = Math.max(slowest, answer.ms)
      if (isRight) right += 1
      else wrong.push(answers.map(answer => JSON.stringify(answer)).join(' '))
    }
    const expected = pair.opens ? 'opens' : 'ends with P2P_NO_PATH'
    yield { name: `${pair.transport}: ${pair.a} with ${pair.b} ${expected}`, right, times, slowest, wrong }
  }
}
