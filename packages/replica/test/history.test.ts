import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Entry,
  HybridClock,
  type Stamp,
  type Write,
  type WriteOrder,
  compareStamps,
  compareWrites,
  fencingToken,
  firstEpoch,
  hashEntry,
  isTombstoneOver,
  leaseOrder,
  merge,
  nextEpoch,
} from '../src/index.ts'
import { runs } from './arbitraries.ts'

const life = 100_000
const lease = 5_000

/** A writer that follows the rules: it knows what it heard, and forgets all but its id when it restarts. */
interface Writer {
  readonly id: string
  skew: number
  clock: HybridClock
  known: Map<string, Entry>
}

type Step =
  | { do: 'set' | 'delete' | 'release' | 'renew'; writer: number; key: number; value: number }
  | { do: 'hear'; writer: number; from: number }
  | { do: 'restart'; writer: number; skew: number }
  | { do: 'wait'; ms: number }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constantFrom('set', 'set', 'delete', 'release', 'renew'),
        writer: fc.nat(3),
        key: fc.nat(1),
        value: fc.nat(2),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('hear'), writer: fc.nat(3), from: fc.nat(3) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('restart'),
        writer: fc.nat(3),
        skew: fc.integer({ min: -3000, max: 3000 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(1, 1000, lease, 2 * lease) }),
    },
  ),
  { minLength: 20, maxLength: 80, size: 'max' },
)

/** What a rule-abiding writer would write over what it knows, or nothing where it may not. */
const writeOver = (
  writer: Writer,
  known: Write | undefined,
  step: Extract<Step, { value: number }>,
  now: number,
): Write | undefined => {
  const lapsed = known !== undefined && known.counter.time + lease <= now
  const open = known === undefined || known.state !== 'held' || lapsed
  const mine = known?.owner === writer.id
  if ((!open && !mine) || (step.do !== 'set' && (known === undefined || known.state === 'deleted' || !mine)))
    return undefined
  const counter = writer.clock.tick(now)
  const renewed = mine && !open
  const epoch =
    known === undefined
      ? firstEpoch(counter, life)
      : renewed
        ? known.epoch
        : nextEpoch(known.epoch, counter, life)
  const version = { epoch, start: renewed ? known.start : counter, owner: writer.id, counter }
  if (step.do === 'delete') return { ...version, state: 'deleted', value: undefined }
  const value = step.do === 'set' ? step.value : known?.value
  return { ...version, state: step.do === 'release' ? 'released' : 'held', value }
}

interface History {
  readonly writes: Entry[]
  /** What each writer accepted, in order: for the promises about tokens. */
  readonly accepted: Map<Writer, Entry[]>
  readonly replicas: Map<string, Entry>[]
}

/** Plays a history: four writers, of which two share an identity (a clone), whose clocks differ and who restart without memory. */
const play = (run: readonly Step[]): History => {
  const writers: Writer[] = ['ann', 'bob', 'cyd', 'bob'].map(id => ({
    id,
    skew: 0,
    clock: new HybridClock({ skew: life / 2 }),
    known: new Map(),
  }))
  const history: History = { writes: [], accepted: new Map(), replicas: writers.map(writer => writer.known) }
  let time = 1_000_000
  const accept = (writer: Writer, entry: Entry) => {
    const key = entry.key as string
    const known = writer.known.get(key)
    const merged = known === undefined ? entry : merge(leaseOrder, known, entry)
    if (merged === known) return
    writer.known.set(key, merged)
    history.accepted.set(writer, [...(history.accepted.get(writer) ?? []), merged])
  }
  for (const step of run) {
    time += 1
    if (step.do === 'wait') time += step.ms
    else if (step.do === 'restart') {
      const writer = writers[step.writer] as Writer
      writer.skew = step.skew
      writer.clock = new HybridClock({ skew: life / 2 })
      writer.known.clear()
      history.accepted.delete(writer)
    } else if (step.do === 'hear') {
      const writer = writers[step.writer] as Writer
      for (const entry of (writers[step.from] as Writer).known.values()) {
        writer.clock.observe((entry.base as Write).counter, time + writer.skew)
        accept(writer, entry)
      }
    } else {
      const writer = writers[step.writer] as Writer
      const key = `key ${step.key}`
      const base = writeOver(writer, writer.known.get(key)?.base, step, time + writer.skew)
      if (base === undefined) continue
      const entry = { key, base, fields: undefined }
      history.writes.push(entry)
      accept(writer, entry)
    }
  }
  return history
}

const mergeReplicas = (order: WriteOrder, a: ReadonlyMap<string, Entry>, b: ReadonlyMap<string, Entry>) => {
  const merged = new Map(a)
  for (const [key, entry] of b) {
    const known = merged.get(key)
    merged.set(key, known === undefined ? entry : merge(order, known, entry))
  }
  return merged
}
const digest = (replica: ReadonlyMap<string, Entry>) => [...replica.values()].map(hashEntry).sort().join()

describe('writers that follow the rules, with restarts, clones, clocks that differ, renewals, releases, lapses and takeovers', () => {
  it('end with one replica, whichever way their replicas are merged', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat(3), { maxLength: 10 }), (run, more) => {
        const { replicas, writes } = play(run)
        const all = [0, 1, 2, 3, ...more].map(index => replicas[index] as Map<string, Entry>)
        const oneByOne = all.reduce((a, b) => mergeReplicas(leaseOrder, a, b))
        const paired = [all.slice(0, 2), all.slice(2)].map(part =>
          part.reduceRight((a, b) => mergeReplicas(leaseOrder, a, b)),
        )
        expect(digest(mergeReplicas(leaseOrder, paired[1] as never, paired[0] as never))).toBe(
          digest(oneByOne),
        )
        // And the winner of each key is the greatest write that anybody still knows.
        for (const [key, { base }] of oneByOne) {
          const known = replicas.flatMap(replica => replica.get(key)?.base ?? [])
          expect(known.every(write => compareWrites(leaseOrder, key, base as Write, write) >= 0)).toBe(true)
          expect(writes.some(write => write.base === base)).toBe(true)
        }
      }),
      runs(200),
    )
  })

  it('never give two owners one token, and no replica ever goes back to a smaller one', () => {
    fc.assert(
      fc.property(steps, run => {
        const { writes, accepted } = play(run)
        const owners = new Map<string, string>()
        for (const { key, base } of writes) {
          const token = `${String(key)} ${fencingToken(key, base as Write)}`
          expect(owners.get(token) ?? base?.owner).toBe(base?.owner)
          owners.set(token, base?.owner ?? '')
        }
        for (const entries of accepted.values()) {
          const last = new Map<Entry['key'], string>()
          for (const { key, base } of entries) {
            const token = fencingToken(key, base as Write)
            expect(token > (last.get(key) ?? '')).toBe(true)
            last.set(key, token)
          }
        }
      }),
      runs(200),
    )
  })

  it('come up with the cases that matter', () => {
    const seen = { takeover: 0, renewal: 0, release: 0, tombstone: 0, sameStart: 0, lost: 0 }
    fc.assert(
      fc.property(steps, run => {
        const { writes, replicas } = play(run)
        for (const { key, base } of writes) {
          if (base === undefined) continue
          if (base.epoch > firstEpoch(base.start, life)) seen.takeover++
          if (compareStamps(base.counter, base.start) > 0) seen.renewal++
          if (base.state === 'released') seen.release++
          if (base.state === 'deleted') seen.tombstone++
          if (
            writes.some(
              other =>
                other.base !== base &&
                other.key === key &&
                leaseOrder(other.base as Write, { ...base, counter: other.base?.counter as Stamp }) === 0,
            )
          )
            seen.sameStart++
          if (replicas.every(replica => replica.get(key as string)?.base !== base)) seen.lost++
        }
      }),
      { numRuns: 100 },
    )
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50)
  })
})

describe('the rule that suggests itself: of two leases that overlap the earlier wins, else the later', () => {
  // The order as it must not be. The test above would be worth nothing if it could not tell.
  const overlapOrder: WriteOrder = (a, b) => {
    const overlap = a.start.time < b.start.time + 60 && b.start.time < a.start.time + 60
    return overlap ? b.start.time - a.start.time : a.start.time - b.start.time
  }
  const at = (time: number, owner: string): Entry => ({
    key: 'k',
    base: {
      epoch: 1,
      start: { time, count: 0 },
      owner,
      counter: { time, count: 0 },
      state: 'held',
      value: owner,
    },
    fields: undefined,
  })

  it('is no join', () => {
    const [a, b, c] = [at(0, 'A'), at(50, 'B'), at(100, 'C')]
    const join = (order: WriteOrder, x: Entry, y: Entry) => merge(order, x, y)
    expect(join(overlapOrder, join(overlapOrder, a, b), c)).toBe(c)
    expect(join(overlapOrder, a, join(overlapOrder, b, c))).toBe(a)
    expect(join(leaseOrder, join(leaseOrder, a, b), c)).toBe(join(leaseOrder, a, join(leaseOrder, b, c)))
  })
})

describe('tombstones that expire', () => {
  it('leave nothing behind on any replica that heard of them in time, in whatever order', () => {
    const hearings = fc.array(
      fc.record({ replica: fc.nat(2), write: fc.nat(3), at: fc.integer({ min: 0, max: life - 1 }) }),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(hearings, some => {
        const counter = { time: 1_000_000, count: 0 }
        const write = (age: number, state: 'held' | 'deleted'): Entry => ({
          key: 'k',
          base: {
            epoch: 1,
            start: { time: 900_000, count: 0 },
            owner: 'ann',
            counter: { time: counter.time - age, count: 0 },
            state,
            value: state === 'held' ? age : undefined,
          },
          fields: undefined,
        })
        const writes = [write(30, 'held'), write(20, 'held'), write(10, 'held'), write(0, 'deleted')]
        const everybody = [0, 1, 2].map(replica => ({ replica, write: 3, at: life - 1 }))
        const replicas = new Map<number, Entry>()
        for (const { replica, write: index } of [...some, ...everybody].sort((a, b) => a.at - b.at)) {
          const known = replicas.get(replica)
          const told = writes[index] as Entry
          replicas.set(replica, known === undefined ? told : merge(leaseOrder, known, told))
        }
        for (const entry of replicas.values()) {
          expect(entry.base?.state).toBe('deleted')
          expect(isTombstoneOver((entry.base as Write).counter, counter.time + life - 1, life)).toBe(false)
          expect(isTombstoneOver((entry.base as Write).counter, counter.time + life, life)).toBe(true)
        }
      }),
    )
  })

  it('are followed by greater epochs on the replica that dropped them', () => {
    const times = fc.integer({ min: 0, max: 2 ** 42 })
    const lives = fc.integer({ min: 2_000, max: 1_000_000_000 })
    fc.assert(
      fc.property(
        times,
        lives,
        fc.integer({ min: 0, max: 1000 }),
        fc.nat(10_000),
        (time, span, takeovers, later) => {
          const start = { time, count: 0 }
          let epoch = firstEpoch(start, span)
          for (let index = 0; index < takeovers; index++) epoch = nextEpoch(epoch, start, span)
          const dropped = { time: time + span + later, count: 0 }
          expect(isTombstoneOver(start, dropped.time, span)).toBe(true)
          expect(firstEpoch(dropped, span)).toBeGreaterThan(epoch)
        },
      ),
    )
  })
})
