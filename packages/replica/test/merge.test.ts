import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Entry,
  type Write,
  type WriteOrder,
  emptyEntry,
  entryValue,
  hashEntry,
  leaseOrder,
  merge,
  plainWrite,
  stampOrder,
} from '../src/index.ts'
import { leasedEntries, plainEntries, runs } from './arbitraries.ts'

const modes: [string, WriteOrder, fc.Arbitrary<Entry>][] = [
  ['with leases', leaseOrder, leasedEntries],
  ['without leases', stampOrder, plainEntries],
]

/** Merges in the order of a binary tree that the choices shape: any order, any grouping. */
const mergeAnyhow = (order: WriteOrder, entries: readonly Entry[], choices: readonly number[]): Entry => {
  const rest = [...entries]
  for (const choice of choices) {
    if (rest.length < 2) break
    const a = rest.splice(choice % rest.length, 1)[0] as Entry
    const at = (choice * 7 + 3) % rest.length
    rest[at] = merge(order, rest[at] as Entry, a)
  }
  return rest.reduce((all, entry) => merge(order, all, entry))
}

describe.each(modes)('merging %s', (_, order, entries) => {
  it('is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(entries, entries, entries, (a, b, c) => {
        const join = (x: Entry, y: Entry) => merge(order, x, y)
        expect(hashEntry(join(a, b))).toBe(hashEntry(join(b, a)))
        expect(hashEntry(join(join(a, b), c))).toBe(hashEntry(join(a, join(b, c))))
        expect(join(a, structuredClone(a))).toBe(a)
      }),
      runs(1000),
    )
  })

  it('gives the same in any order, repetition and grouping', () => {
    fc.assert(
      fc.property(
        fc.array(entries, { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat(1000), { maxLength: 12 }),
        fc.array(fc.nat(1000), { maxLength: 12 }),
        (some, repeats, choices) => {
          const again = [
            ...some,
            ...repeats.map(index => structuredClone(some[index % some.length] as Entry)),
          ]
          const expected = hashEntry(some.reduce((all, entry) => merge(order, all, entry)))
          expect(hashEntry(mergeAnyhow(order, again, choices))).toBe(expected)
        },
      ),
      runs(300),
    )
  })

  it('leaves an entry alone, identically, when the other brings nothing new', () => {
    fc.assert(
      fc.property(entries, entries, (a, b) => {
        const both = merge(order, a, b)
        expect(merge(order, both, a)).toBe(both)
        expect(merge(order, both, b)).toBe(both)
        expect(hashEntry(merge(order, emptyEntry('k'), a))).toBe(hashEntry(a))
      }),
    )
  })
})

describe('merging entries without leases', () => {
  const at = (time: number, owner = 'ann') => ({ owner, counter: { time, count: 0 } })
  const base = (time: number, value: Write['value'], owner?: string): Entry => {
    const { counter, ...by } = at(time, owner)
    return {
      key: 'k',
      base: plainWrite(by.owner, counter, value === undefined ? 'deleted' : 'held', value),
      fields: undefined,
    }
  }
  const delta = (time: number, patch: Record<string, number>, owner?: string): Entry => {
    const { counter, ...by } = at(time, owner)
    const fields = Object.entries(patch).map(
      ([name, value]) => [name, plainWrite(by.owner, counter, 'held', value)] as const,
    )
    return { key: 'k', base: undefined, fields: new Map(fields) }
  }
  const all = (...entries: Entry[]) => entryValue(entries.reduce((a, b) => merge(stampOrder, a, b)))

  it('keeps concurrent deltas to different fields', () => {
    expect(all(base(1, { a: 1 }), delta(2, { b: 2 }), delta(2, { c: 3 }, 'bob'))).toEqual({
      a: 1,
      b: 2,
      c: 3,
    })
  })

  it('takes the later delta of each field', () => {
    expect(all(delta(3, { a: 3, b: 3 }), delta(4, { a: 4 }), delta(2, { a: 2, c: 2 }))).toEqual({
      a: 4,
      b: 3,
      c: 2,
    })
  })

  it('drops the fields that are not above the base', () => {
    expect(all(delta(2, { a: 2 }), delta(5, { b: 5 }), base(4, { x: 0 }))).toEqual({ x: 0, b: 5 })
  })

  it('starts an absent or deleted key as an empty map', () => {
    expect(all(delta(2, { a: 1 }))).toEqual({ a: 1 })
    expect(all(base(1, { old: 1 }), base(2, undefined), delta(3, { a: 1 }))).toEqual({ a: 1 })
    expect(all(delta(3, { a: 1 }), base(4, undefined))).toBeUndefined()
  })

  it('lets a later delta stand against an unknown value that is no map', () => {
    expect(all(base(1, 'text'), delta(2, { a: 1 }, 'bob'))).toEqual({ a: 1 })
    expect(all(base(3, 'text'), delta(2, { a: 1 }, 'bob'))).toBe('text')
  })

  it('hands out the same frozen value whatever the order of arrival, down to the order of names', () => {
    const parts = [base(1, { z: 0, a: 0 }), delta(2, { m: 1 }), delta(3, { b: 2 }, 'bob')]
    const one = all(...parts)
    expect(Object.entries(all(...parts.reverse()) as object)).toEqual(Object.entries(one as object))
    expect(Object.isFrozen(one)).toBe(true)
  })
})
