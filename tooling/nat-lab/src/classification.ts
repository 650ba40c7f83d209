import type { NatReport } from '@p2p/network/nat'
import { makeAttempts } from './attempts.ts'
import type { Case, Laboratory, Outcome } from './laboratory.ts'
import { agreesWithCoturn, agreesWithDebian } from './oracles.ts'
import { firewall, type Recipe, rules, setUp } from './recipes.ts'
import { carrier, open, sites, stun } from './topology.ts'

/** A row of facts/p2pd.md 1.6: how a host is connected, and what that is. */
interface Row {
  readonly name: string
  readonly host: 'a' | 'c' | 'd'
  readonly classic: NatReport['classic']
  readonly allocation?: readonly [kind: string, step: number]
  readonly recipe?: Recipe
  readonly loss?: number
  readonly prepare?: () => Promise<void>
}

const nat = (recipe: Recipe, classic: Row['classic'], allocation: Row['allocation'], loss?: number): Row => ({
  name: loss === undefined ? recipe : `${recipe}, ${loss} % lost each way`,
  host: 'a',
  recipe,
  classic,
  ...(allocation === undefined ? {} : { allocation }),
  ...(loss === undefined ? {} : { loss }),
})

const rows: readonly Row[] = [
  {
    name: 'public',
    host: 'c',
    classic: 'open',
    allocation: ['equal', 0],
    prepare: () => setUp('c', firewall(false)),
  },
  {
    name: 'public, firewall',
    host: 'c',
    classic: 'udp-firewall',
    allocation: ['equal', 0],
    prepare: () => setUp('c', firewall(true)),
  },
  nat('full', 'full-cone', ['equal', 0]),
  nat('full-permuted', 'full-cone', ['random', 0]),
  nat('restricted', 'restricted-cone', ['equal', 0]),
  nat('port-restricted', 'port-restricted-cone', ['equal', 0]),
  nat('permuted', 'port-restricted-cone', ['random', 0]),
  nat('offset', 'port-restricted-cone', ['offset', 5_000]),
  nat('dependent', 'port-restricted-cone', ['dependent', 11]),
  nat('symmetric', 'symmetric', ['random', 0]),
  nat('sequential+1', 'symmetric', ['sequential', 1]),
  nat('sequential+2', 'symmetric', ['sequential', 2]),
  nat('sequential-3', 'symmetric', ['sequential', -3]),
  {
    name: 'NAT behind a symmetric one',
    host: 'd',
    classic: 'symmetric',
    allocation: ['random', 0],
    prepare: async () => {
      await setUp(sites.d.router, rules('full', sites.d))
      await setUp(carrier.router, rules('symmetric', { address: sites.d.wan, wan: carrier.wan }))
    },
  },
  nat('udp-blocked', 'blocked', undefined),
  nat('full', 'full-cone', ['equal', 0], 30),
  nat('restricted', 'restricted-cone', ['equal', 0], 30),
  nat('port-restricted', 'port-restricted-cone', ['equal', 0], 30),
  nat('symmetric', 'symmetric', ['random', 0], 30),
]

const show = ({ classic, portAllocation, status, unknown }: NatReport) =>
  `${status} ${classic ?? 'nothing'}, ${portAllocation?.kind ?? 'no allocation'} ${portAllocation?.step ?? ''} ${unknown.join('; ')}`

const isRight = ({ classic, allocation }: Row, report: NatReport) => {
  const found = report.portAllocation
  return (
    report.status === 'measured' &&
    report.classic === classic &&
    (allocation === undefined || (found?.kind === allocation[0] && found.step === allocation[1]))
  )
}

/** Milliseconds that half of the times may take on a machine that has nothing else to do. */
const limitOf = ({ loss }: Row) => (loss === undefined ? 1_100 : 6_000)

const word = (name: string, answer: boolean | undefined) =>
  answer === undefined ? '' : answer ? `, as ${name}` : `, ${name} says otherwise`

/** Classifies a row so many times, and asks the other clients once. */
const classify = async (row: Row, { host, mayRepeat }: Laboratory, times: number): Promise<Outcome> => {
  if (row.recipe !== undefined) await setUp(sites.a.router, rules(row.recipe, sites.a, row.loss))
  await row.prepare?.()
  const asking = await host(row.host)
  const durations: number[] = []
  let last: NatReport | undefined
  const { words, ok, wrong } = await makeAttempts(times, mayRepeat, async () => {
    const answer = await asking.ask({ type: 'detect', server: `${stun.address}:${stun.port}` })
    if (answer.type !== 'report') return answer.type === 'failed' ? answer.message : answer.type
    const { report } = answer
    last = report
    durations.push(report.ms)
    return isRight(row, report) ? undefined : `${show(report)} in ${report.ms} ms`
  })
  durations.sort((one, two) => one - two)
  const median = durations[Math.floor(durations.length / 2)] ?? Infinity
  const slow = median > limitOf(row) ? [`half of them took ${median} ms or more`] : []
  const address = row.host === 'c' ? open.address : sites[row.host].address
  const comparison =
    last === undefined || row.loss !== undefined
      ? undefined
      : { namespace: row.host, address, report: last, mayRepeat }
  const coturn = comparison && (await agreesWithCoturn(comparison))
  const debian = comparison && (await agreesWithDebian(comparison))
  const figures = `${words}, ${median} ms, at most ${durations.at(-1) ?? Infinity} ms`
  return {
    name: `${row.name}: ${figures}${word('coturn', coturn)}${word("Debian's stun", debian)}`,
    ok: ok && coturn !== false && debian !== false,
    wrong,
    slow,
  }
}

/** Every row, classified `times` times. */
export const classifications = (times: number): readonly Case[] =>
  rows.map(row => laboratory => classify(row, laboratory, times))
