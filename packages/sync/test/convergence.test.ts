import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { P2PError } from '@p2p/interfaces'
import type { Meta, Sync, SyncOptions, Value } from '../src/index.ts'
import { runs } from './runs.ts'
import { World } from './world.ts'

const hour = 3_600_000
const minute = 60_000
// Hours pass here: with comparisons every 10 s most of the time would go into them.
const compareInterval = 40_000
const ids = ['ann', 'bob', 'cyd', 'dan']
const keys = ['k', 'l']

type Write = 'set' | 'delete' | 'release' | 'renew' | 'delta' | 'update' | 'pop'

type Step =
  | {
      readonly do: Write
      readonly node: number
      readonly key: number
      readonly value: number
    }
  | { readonly do: 'cut' | 'mend'; readonly sides: number }
  | { readonly do: 'restart' | 'step'; readonly node: number; readonly error: number }
  | { readonly do: 'pass'; readonly time: number }

const node = fc.nat(ids.length - 1)
const steps = fc.array(
  fc.oneof<fc.Arbitrary<Step>[]>(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constantFrom('set', 'set', 'set', 'delete', 'release', 'renew', 'delta', 'update', 'pop'),
        node,
        key: fc.nat(keys.length - 1),
        value: fc.nat(3),
      }),
    } as never,
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constantFrom('cut', 'mend'), sides: fc.integer({ min: 1, max: 7 }) }),
    } as never,
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constantFrom('restart', 'step'),
        node,
        error: fc.integer({ min: -hour, max: hour }),
      }),
    } as never,
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('pass'),
        time: fc.constantFrom(1, 20, 500, 5000, minute, 61 * minute),
      }),
    } as never,
  ),
  { minLength: 10, maxLength: 40, size: 'max' },
)

/** What the nodes saw, to be checked. */
class Witness {
  readonly owners = new Map<string, string>()
  readonly violations: string[] = []

  watch(sync: Sync, id: string): void {
    const last = new Map<string, string>()
    const see = (key: unknown, { owner, token }: Meta) => {
      if (token === undefined) return
      const name = `${String(key)} ${token}`
      if ((this.owners.get(name) ?? owner) !== owner)
        this.violations.push(`two owners with one token of ${name}`)
      this.owners.set(name, owner)
      if (token <= (last.get(String(key)) ?? ''))
        this.violations.push(`${id} went back to an older token of ${String(key)}`)
      last.set(String(key), token)
    }
    sync.on('update', (key, _value, meta) => see(key, meta))
    sync.on('delete', (key, meta) => see(key, meta))
  }
}

const write = (sync: Sync, { do: what, key, value }: Extract<Step, { key: number }>): void => {
  const name = keys[key] as string
  try {
    if (what === 'set') sync.set(name, [null, { a: value }, 'text', value][value] as Value)
    else if (what === 'delete') sync.delete(name)
    else if (what === 'release') sync.release(name)
    else if (what === 'renew') sync.renew(name)
    else if (what === 'update') sync.update({ k: value, l: value })
    else if (what === 'pop') sync.popitem()
    else sync.applyDelta(name, { [`f${value}`]: value })
  } catch (error) {
    // Refused: the key is another's, is absent, or is no map.
    if (!P2PError.is(error) && !(error instanceof TypeError)) throw error
  }
}

const run = async (seed: number, script: readonly Step[], options: SyncOptions): Promise<void> => {
  const world = new World(seed)
  const witness = new Witness()
  const { random } = world
  let rough = true
  world.fate = ({ kind }) => {
    if (!rough) return { delay: 1 + random.next() * 20 }
    const lost = kind === 'broadcast' && random.next() < 0.15
    const twice = kind === 'broadcast' && random.next() < 0.1
    return { copies: lost ? 0 : twice ? 2 : 1, delay: random.next() ** 4 * 3000 }
  }
  const start = (id: string, error: number): Sync => {
    const sync = world.join(id, error).sync({ compareInterval, ...options })
    witness.watch(sync, id)
    return sync
  }
  const syncs = new Map(ids.map(id => [id, start(id, Math.floor((random.next() - 0.5) * 2 * hour))]))
  for (const step of script) {
    const id = 'node' in step ? (ids[step.node] as string) : ''
    if (step.do === 'pass') await world.pass(step.time)
    else if (step.do === 'cut' || step.do === 'mend') {
      const left = ids.filter((_, index) => (step.sides >> index) & 1)
      world.cut(
        left,
        ids.filter(other => !left.includes(other)),
        step.do === 'cut',
      )
    } else if (step.do === 'restart') syncs.set(id, start(id, step.error))
    else if (step.do === 'step') world.nodes.get(id)?.clock.step(step.error)
    else if ('key' in step) write(syncs.get(id) as Sync, step)
  }
  rough = false
  for (const id of ids) world.cut([id], ids, false)
  await world.pass(3 * minute)
  const contents = [...syncs.values()].map(sync => new Map([...sync].sort()))
  for (const content of contents) expect(content).toEqual(contents[0])
  expect(new Set([...syncs.values()].map(sync => sync.fingerprint())).size).toBe(1)
  expect(witness.violations).toEqual([])
  // Nobody did anything that another one could not take.
  expect([...syncs.values()].flatMap(sync => sync.errors)).toEqual([])
  await world.close()
}

describe('after any history of writes, lost and repeated messages, partitions, restarts, and clocks that are wrong by an hour and step', () => {
  it.each<[string, SyncOptions]>([
    ['leases of an hour', {}],
    ['leases of ten seconds', { leasing: { duration: 10_000 } }],
    ['no leases', { leasing: false }],
  ])(
    'all replicas are the same a few minutes after the last fault, tokens never fall and never have two owners: %s',
    async (_, options) => {
      await fc.assert(
        fc.asyncProperty(fc.nat(), steps, (seed, script) => run(seed, script, options)),
        runs(12),
      )
    },
    600_000,
  )
})
