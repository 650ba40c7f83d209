import fc from 'fast-check'
import {
  type Entry,
  type Stamp,
  type Value,
  type Write,
  emptyEntry,
  merge,
  stampOrder,
  zeroStamp,
} from '../src/index.ts'

/** How often a property is tried: so many times, or `RUNS` as often. */
export const runs = (count: number): { numRuns: number } => ({
  numRuns: count * Number(process.env['RUNS'] ?? 1),
})

// Domains so small that equal epochs, starts, owners and counters with different contents come up in most runs.
export const owners: fc.Arbitrary<string> = fc.constantFrom('ann', 'anna', 'bob')

export const smallStamps: fc.Arbitrary<Stamp> = fc.record({
  time: fc.integer({ min: 1, max: 2 }),
  count: fc.integer({ min: 0, max: 1 }),
})

export const stamps: fc.Arbitrary<Stamp> = fc.record({
  time: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  count: fc.integer({ min: 0, max: 2 ** 16 - 1 }),
})

export const smallValues: fc.Arbitrary<Value> = fc.constantFrom<Value>(0, 'x', { a: 1 }, { b: 2 }, [1])

/** Any text that has a UTF-8. fast-check's own unit of that kind takes two seconds to be made. */
export const texts: fc.Arbitrary<string> = fc.string({
  unit: fc
    .oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0x10ffff - 0x800 }))
    .map(number => String.fromCodePoint(number < 0xd800 ? number : number + 0x800)),
})

export const values: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Value>(null, true, false, '', NaN, Infinity, -1.5),
    fc.integer(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.double().map(number => number + 0),
    texts,
    fc.uint8Array({ maxLength: 8 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .dictionary(fc.string({ maxLength: 4 }), tie('value'), { maxKeys: 4, noNullPrototype: true })
      .filter(map => !Object.hasOwn(map, '__proto__')),
  ),
})).value

const contents: fc.Arbitrary<Pick<Write, 'state' | 'value'>> = fc.oneof(
  smallValues.map(value => ({ state: 'held' as const, value })),
  smallValues.map(value => ({ state: 'released' as const, value })),
  fc.constant({ state: 'deleted' as const, value: undefined }),
)

/** A write under a lease, likely to tie with another one. */
export const leasedWrites: fc.Arbitrary<Write> = fc
  .tuple(fc.integer({ min: 1, max: 2 }), smallStamps, owners, smallStamps, contents)
  .map(([epoch, start, owner, counter, content]) => ({ epoch, start, owner, counter, ...content }))

/** A write without a lease, likely to tie with another one. */
export const plainWrites: fc.Arbitrary<Write> = fc
  .tuple(
    owners,
    smallStamps,
    contents.filter(({ state }) => state !== 'released'),
  )
  .map(([owner, counter, content]) => ({ epoch: 0, start: zeroStamp, owner, counter, ...content }))

const fields = fc
  .dictionary(
    fc.constantFrom('a', 'b', 'c'),
    plainWrites.filter(({ state }) => state === 'held'),
    { minKeys: 1, noNullPrototype: true },
  )
  .map(writes => new Map(Object.entries(writes)))

export const leasedEntries: fc.Arbitrary<Entry> = leasedWrites.map(base => ({
  key: 'k',
  base,
  fields: undefined,
}))

/** A base, fields, or both; some fields below the base, as a careless sender would have them, dropped by merging into nothing. */
export const plainEntries: fc.Arbitrary<Entry> = fc
  .oneof(
    plainWrites.map(base => ({ key: 'k', base, fields: undefined })),
    fields.map(some => ({ key: 'k', base: undefined, fields: some })),
    fc.tuple(plainWrites, fields).map(([base, some]) => ({ key: 'k', base, fields: some })),
  )
  .map(entry => merge(stampOrder, emptyEntry('k'), entry))
