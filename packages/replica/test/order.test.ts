import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Write,
  type WriteOrder,
  compareWrites,
  fencingToken,
  hashWrite,
  leaseOrder,
  plainWrite,
  stampOrder,
} from '../src/index.ts'
import { leasedWrites, plainWrites, runs, stamps } from './arbitraries.ts'

const orders: [string, WriteOrder, fc.Arbitrary<Write>][] = [
  ['with leases', leaseOrder, leasedWrites],
  ['without leases', stampOrder, plainWrites],
]

describe.each(orders)('the order %s', (_, order, writes) => {
  const compare = (a: Write, b: Write) => Math.sign(compareWrites(order, 'k', a, b))

  it('is total: of two different writes one wins, seen from both sides', () => {
    fc.assert(
      fc.property(writes, writes, (a, b) => {
        expect(compare(a, b) + compare(b, a)).toBe(0)
        expect(compare(a, b) === 0).toBe(hashWrite('k', a) === hashWrite('k', b))
      }),
    )
  })

  it('is transitive', () => {
    fc.assert(
      fc.property(writes, writes, writes, (a, b, c) => {
        const [low, middle, high] = [a, b, c].sort(compare) as [Write, Write, Write]
        expect([compare(low, middle), compare(middle, high), compare(low, high)]).not.toContain(1)
      }),
      runs(500),
    )
  })
})

describe('the order with leases', () => {
  const write: Write = {
    epoch: 2,
    start: { time: 50, count: 0 },
    owner: 'bob',
    counter: { time: 60, count: 0 },
    state: 'held',
    value: 1,
  }

  // From the most to the least significant; each wins although everything after it speaks against it.
  it.each<[string, Partial<Write>]>([
    [
      'the greater epoch',
      { epoch: 3, start: { time: 90, count: 0 }, owner: 'zoe', counter: { time: 1, count: 0 } },
    ],
    ['the earlier start', { start: { time: 49, count: 9 }, owner: 'zoe', counter: { time: 1, count: 0 } }],
    ['the smaller owner id', { owner: 'ann', counter: { time: 1, count: 0 } }],
    ['the greater counter', { counter: { time: 60, count: 1 } }],
  ])('lets %s win', (_, change) => {
    expect(leaseOrder({ ...write, ...change }, write)).toBeGreaterThan(0)
    expect(leaseOrder(write, { ...write, ...change })).toBeLessThan(0)
  })

  // The pairs of p2p-today's vectors tie-new-owner-higher and tie-new-owner-lower: leases that start in the same second.
  it.each([
    ['2EVz4NKLvd', '8Heao8C3HB', false],
    ['8Heao8C3HB', '2EVz4NKLvd', true],
  ])('decides a tie as py2p did: against %s the newcomer %s wins: %s', (current, newcomer, wins) => {
    const tie = { ...write, start: { time: 1_500_000_000_000, count: 0 } }
    expect(leaseOrder({ ...tie, owner: newcomer }, { ...tie, owner: current }) > 0).toBe(wins)
  })
})

describe('the order without leases', () => {
  it('lets the greater counter win, then the smaller id', () => {
    const old = plainWrite('ann', { time: 5, count: 9 }, 'held', 1)
    const late = plainWrite('bob', { time: 6, count: 0 }, 'held', 1)
    expect(stampOrder(late, old)).toBeGreaterThan(0)
    expect(stampOrder({ ...old, owner: 'bob' }, old)).toBeLessThan(0)
  })
})

describe('a fencing token', () => {
  it('sorts exactly as the order does, so that the winner has the greater one and no two writes share one', () => {
    fc.assert(
      fc.property(leasedWrites, leasedWrites, (a, b) => {
        const [tokenA, tokenB] = [fencingToken('k', a), fencingToken('k', b)]
        expect(tokenA < tokenB ? -1 : tokenA > tokenB ? 1 : 0).toBe(
          Math.sign(compareWrites(leaseOrder, 'k', a, b)),
        )
      }),
      runs(1000),
    )
  })

  it('does so over the whole range of epochs, stamps and ids', () => {
    const wide = fc
      .tuple(
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        stamps,
        fc.string({
          unit: fc.integer({ min: 0x21, max: 0x7e }).map(code => String.fromCharCode(code)),
          minLength: 1,
          maxLength: 128,
        }),
        stamps,
      )
      .map(([epoch, start, owner, counter]): Write => ({
        epoch,
        start,
        owner,
        counter,
        state: 'held',
        value: 1,
      }))
    const near = fc
      .tuple(wide, wide, fc.integer({ min: 0, max: 3 }))
      .map(([a, b, shared]): [Write, Write] => [
        a,
        {
          ...b,
          epoch: shared > 0 ? a.epoch : b.epoch,
          start: shared > 1 ? a.start : b.start,
          owner: shared > 2 ? a.owner.slice(0, Math.ceil(a.owner.length / 2)) : b.owner,
        },
      ])
    fc.assert(
      fc.property(near, ([a, b]) => {
        expect(fencingToken('k', a) < fencingToken('k', b)).toBe(compareWrites(leaseOrder, 'k', a, b) < 0)
      }),
    )
  })

  it('is laid out as PROTOCOL.md says', () => {
    const write: Write = {
      epoch: 0x1_0000_0001,
      start: { time: 0x0190_0000_0000, count: 1 },
      owner: 'Az',
      counter: { time: 0x0190_0000_0001, count: 2 },
      state: 'held',
      value: 'v',
    }
    expect(fencingToken('k', write)).toBe(
      [
        '00000100000001',
        'fe6fffffffff' + 'fffe',
        'be85ff',
        '019000000001' + '0002',
        hashWrite('k', write),
      ].join(''),
    )
  })
})
