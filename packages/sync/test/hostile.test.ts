import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { P2PError } from '@p2p/interfaces'
import type { Sync } from '../src/index.ts'
import { dice } from './dice.ts'
import { runs } from './runs.ts'
import { epoch } from './timeline.ts'
import { type Node, type Passing, World } from './world.ts'

const protocol = '/sync/1/default'
const life = 604_800_000
const settings = [3_600_000, life]
const firstEpoch = Math.floor(epoch / (life / 2)) * 2 ** 20 + 1
const zero = new Uint8Array(16)

let world: World
let bobNode: Node
let eve: Node
let bob: Sync
let errors: P2PError[]
beforeEach(async () => {
  world = new World()
  bobNode = world.join('bob')
  bob = bobNode.sync({ limits: { keyLength: 20, valueSize: 1000, entries: 10, bytes: 3000 } })
  errors = []
  bob.on('error', error => errors.push(error))
  bob.set('own', 1)
  // Bob has the smaller id and drives; eve is asked, and asks by hand.
  eve = world.join('eve')
  await world.pass(100)
})
afterEach(() => world.close())

const entry = (key: unknown, change: Record<number, unknown> = {}, value: unknown = 1): unknown[] => {
  const items = [key, 0, firstEpoch, epoch, 0, epoch, 0, 0, 0, value]
  for (const [index, item] of Object.entries(change)) items[Number(index)] = item
  return items
}
const tell = async (body: unknown): Promise<void> => {
  eve.broadcast(protocol, body)
  await world.pass(5)
}
const ask = (body: unknown): Promise<unknown> => world.until(eve.request('bob', protocol, body))
const open = {
  type: 'open',
  settings,
  clock: [epoch, 0],
  vector: [],
  fingerprint: new Uint8Array(16).fill(1),
}
const codes = (): string[] => errors.map(({ code }) => code)

describe('a broadcast that is not of the grammar', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['text', 'text'],
    ['an array', []],
    ['bytes', new Uint8Array(3)],
    ['no entries', { settings }],
    ['something more', { settings, entries: [], more: 1 }],
    ['settings that are no numbers', { settings: ['a', 'b'], entries: [] }],
    ['entries that are a map', { settings, entries: {} }],
    ['an entry that is too short', { settings, entries: [entry('k').slice(1)] }],
    ['an entry that is too long', { settings, entries: [[...entry('k'), 1]] }],
    ['an entry of the other kind', { settings, entries: [['k', [0, epoch, 0, 0, 1], []]] }],
    ['a key that is a number', { settings, entries: [entry(1)] }],
    ['an owner other than the origin', { settings, entries: [entry('k', { 1: 1 })] }],
    ['a negative owner', { settings, entries: [entry('k', { 1: -1 })] }],
    ['an owner by name', { settings, entries: [entry('k', { 1: 'bob' })] }],
    ['an epoch of 0', { settings, entries: [entry('k', { 2: 0 })] }],
    ['an epoch with a fraction', { settings, entries: [entry('k', { 2: 1.5 })] }],
    ['an epoch that is a bigint', { settings, entries: [entry('k', { 2: 5n })] }],
    ['an endless start', { settings, entries: [entry('k', { 3: Infinity })] }],
    ['a start after the write', { settings, entries: [entry('k', { 4: 1 })] }],
    ['a time of more than 48 bits', { settings, entries: [entry('k', { 5: 2 ** 48 })] }],
    ['a count of more than 16 bits', { settings, entries: [entry('k', { 6: 2 ** 16 })] }],
    ['a time that is not a number', { settings, entries: [entry('k', { 5: NaN })] }],
    ['an unknown state', { settings, entries: [entry('k', { 7: 3 })] }],
    ['a negative age', { settings, entries: [entry('k', { 8: -1 })] }],
    ['a tombstone with a value', { settings, entries: [entry('k', { 7: 2 })] }],
    [
      'a value that is too deep',
      {
        settings,
        entries: [
          entry(
            'k',
            {},
            Array.from({ length: 33 }).reduce((inner: unknown) => [inner], 1),
          ),
        ],
      },
    ],
  ])('is dropped as a whole and reported: %s', async (_, body) => {
    if (typeof body === 'object' && body !== null && 'entries' in body && Array.isArray(body.entries)) {
      body.entries.unshift(entry('good'))
    }
    await tell(body)
    expect(codes()).toEqual(['P2P_MALFORMED'])
    expect(errors[0]).toMatchObject({ peer: 'eve' })
    expect([...bob]).toEqual([['own', 1]])
  })
})

describe('a broadcast that speaks for another owner than its origin', () => {
  it.each<[string, unknown[]]>([
    ['a base', ['k', [1, epoch, 0, 0, 1], []]],
    ['a field', ['k', null, [['f', 1, epoch, 0, 1]]]],
    ['a base by name', ['k', ['bob', epoch, 0, 0, 1], []]],
  ])('is dropped without leases, too: %s', async (_, item) => {
    const plain = bobNode.sync({ name: 'plain', leasing: false })
    eve.broadcast('/sync/1/plain', { settings: [0, life], entries: [item] })
    await world.pass(5)
    expect(plain.errors).toEqual([expect.objectContaining({ code: 'P2P_MALFORMED', peer: 'eve' })])
    expect(plain.size).toBe(0)
  })

  it('is dropped if it brings owners of its own', async () => {
    await tell({ settings, owners: ['bob'], entries: [entry('k')] })
    expect(codes()).toEqual(['P2P_MALFORMED'])
    expect([...bob]).toEqual([['own', 1]])
  })

  it('cannot: what it says is its origin’s, whose key that is', async () => {
    await tell({ settings, entries: [entry('k')] })
    expect(bob.owner('k')).toMatchObject({ owner: 'eve', own: false })
  })
})

describe('an entry that is refused', () => {
  it.each<[string, unknown[], string]>([
    ['for a key that is too long', entry('x'.repeat(21)), 'P2P_KEY_TOO_LONG'],
    ['for a value that is too large', entry('k', {}, 'x'.repeat(1000)), 'P2P_VALUE_TOO_LARGE'],
    ['for a stamp more than a day ahead', entry('k', { 5: epoch + 86_400_000 + 1000 }), 'P2P_STAMP_AHEAD'],
    [
      'for an epoch more than two periods ahead',
      entry('k', { 2: firstEpoch + 3 * 2 ** 20 }),
      'P2P_EPOCH_AHEAD',
    ],
  ])('%s harms no other entry of the message', async (_, bad, code) => {
    await tell({ settings, entries: [entry('a'), bad, entry('b')] })
    expect(codes()).toEqual([code])
    expect(errors[0]).toMatchObject({ peer: 'eve' })
    expect([...bob.keys()]).toEqual(['own', 'a', 'b'])
    expect(bob.stats()).toMatchObject({ accepted: 2, refused: 1 })
  })

  it('for an epoch: up to two periods ahead it is taken', async () => {
    await tell({ settings, entries: [entry('k', { 2: firstEpoch + 2 * 2 ** 20 })] })
    expect(codes()).toEqual([])
    expect(bob.get('k')).toBe(1)
  })

  it('does not move the clock', async () => {
    await tell({
      settings,
      entries: [
        entry('k', { 5: epoch + 90_000_000 }),
        entry('l', { 2: firstEpoch + 3 * 2 ** 20, 5: epoch + 80_000_000 }),
      ],
    })
    bob.set('m', 1)
    expect(bob.meta('m')?.timestamp).toBe(world.timeline.now + epoch)
  })

  it('for want of room keeps the replica within its limits, and is reported once a message', async () => {
    await tell({ settings, entries: Array.from({ length: 50 }, (_, index) => entry(`key ${index}`)) })
    expect(bob.size).toBe(10)
    expect(codes()).toEqual(['P2P_REPLICA_FULL'])
    for (let round = 1; round < 20; round++) {
      const entries = Array.from({ length: 9 }, (_, index) =>
        entry(`key ${index}`, { 5: epoch + round }, 'x'.repeat(900)),
      )
      await tell({ settings, entries })
      expect(bob.stats().bytes).toBeLessThanOrEqual(3000)
    }
    expect(bob.get('own')).toBe(1)
    // What makes it smaller is still possible.
    bob.set('own', 2)
    expect(bob.delete('own')).toBe(true)
  })

  it('for a map that grows without end by deltas', async () => {
    const other = bobNode.sync({ name: 'plain', leasing: false, limits: { valueSize: 1000 } })
    for (let index = 0; index < 100; index++) {
      eve.broadcast('/sync/1/plain', {
        settings: [0, life],
        entries: [['k', null, [[`f${index}`, 0, epoch, index, 'x'.repeat(100)]]]],
      })
    }
    await world.pass(10)
    expect(JSON.stringify(other.get('k')).length).toBeLessThan(3000)
    expect(other.errors.at(-1)?.code).toBe('P2P_REPLICA_FULL')
  })
})

describe('a claim about time', () => {
  it('cannot make a lease outlive first sight + duration', async () => {
    for (let minute = 0; minute < 70; minute++) {
      eve.broadcast(protocol, { settings, entries: [entry('k', { 8: 0 })] })
      await world.pass(60_000)
    }
    expect(bob.owner('k')).toBeUndefined()
    bob.set('k', 'taken')
  })

  it('makes a lease younger when a faster path tells so', async () => {
    await tell({ settings, entries: [entry('k', { 8: 1_000_000 })] })
    const before = bob.owner('k')?.expires ?? 0
    await tell({ settings, entries: [entry('k', { 8: 500_000 })] })
    expect((bob.owner('k')?.expires ?? 0) - before).toBe(500_000 + 5)
    await tell({ settings, entries: [entry('k', { 8: 3_000_000 })] })
    expect((bob.owner('k')?.expires ?? 0) - before).toBe(500_000 + 5)
  })
})

describe('a request that is not of the grammar', () => {
  it.each<[string, unknown]>([
    ['nothing', null],
    ['no type', {}],
    ['an unknown type', { type: 'please' }],
    ['open without a vector', { type: 'open', settings, clock: [1, 1], fingerprint: zero }],
    ['open with a short fingerprint', { ...open, fingerprint: new Uint8Array(15) }],
    ['open with a bad vector', { ...open, vector: [['bob', 1]] }],
    ['open with an owner that is no id', { ...open, vector: [['b ob', 1, 1]] }],
    [
      'open with a vector of too many',
      { ...open, vector: Array.from({ length: 10_001 }, (_, index) => [`id${index}`, 1, 1]) },
    ],
    ['pull with more', { type: 'pull', more: 1 }],
    ['push without owners', { type: 'push', entries: [] }],
    [
      'push with an owner that is not in the table',
      { type: 'push', owners: ['a'], entries: [entry('k', { 1: 1 })] },
    ],
    ['compare without a clock', { type: 'compare' }],
    ['ranges without prefixes', { type: 'ranges', prefixes: [] }],
    [
      'ranges of too many prefixes',
      {
        type: 'ranges',
        prefixes: Array.from({ length: 65 }, (_, index) => index.toString(16).padStart(2, '0')),
      },
    ],
    ['ranges of prefixes of two lengths', { type: 'ranges', prefixes: ['0', '00'] }],
    ['ranges of a prefix twice', { type: 'ranges', prefixes: ['0', '0'] }],
    ['ranges of a prefix that is no hexadecimal', { type: 'ranges', prefixes: ['G'] }],
    ['ranges below a whole hash', { type: 'ranges', prefixes: ['0'.repeat(32)] }],
    ['hashes without prefixes', { type: 'hashes' }],
    ['fetch of nothing', { type: 'fetch', hashes: new Uint8Array() }],
    ['fetch of half a hash', { type: 'fetch', hashes: new Uint8Array(8) }],
    ['fetch of too many', { type: 'fetch', hashes: new Uint8Array(16 * 1025) }],
    ['finish with more', { type: 'finish', vector: [] }],
  ])('fails at the asker, is reported, and changes nothing: %s', async (_, body) => {
    await ask(open)
    const before = bob.fingerprint()
    await expect(ask(body)).rejects.toThrow(expect.objectContaining({ code: 'P2P_REQUEST_FAILED' }))
    expect(codes()).toEqual(['P2P_MALFORMED'])
    expect(bob.fingerprint()).toBe(before)
    await expect(ask(open)).resolves.toMatchObject({ settings })
  })

  it('is answered with `gone` by one who knows of no such catching-up', async () => {
    expect(await ask({ type: 'pull' })).toEqual({ gone: true })
    await ask(open)
    expect(await ask({ type: 'finish' })).toEqual({})
    expect(await ask({ type: 'finish' })).toEqual({ gone: true })
    await ask(open)
    await world.pass(60_100)
    expect(await ask({ type: 'pull' })).toEqual({ gone: true })
    expect(codes()).toEqual([])
  })

  it('leaves one at most 64 catchings-up to remember: the one that rested longest gives way', async () => {
    const nodes = Array.from({ length: 65 }, (_, index) => world.join(`eve ${index}`.replace(' ', '-')))
    await world.pass(100)
    for (const node of nodes) await world.until(node.request('bob', protocol, open))
    const pull = (node: Node | undefined) =>
      world.until((node as Node).request('bob', protocol, { type: 'pull' }))
    expect(await pull(nodes[0])).toEqual({ gone: true })
    expect(await pull(nodes[1])).toMatchObject({ more: false })
  })

  it('can ask for long lists, and gets short ones', async () => {
    await ask(open)
    expect(await ask({ type: 'hashes', prefixes: [''] })).toMatchObject({ hashes: [{ length: 16 }] })
    expect(await ask({ type: 'fetch', hashes: new Uint8Array(16 * 1024) })).toEqual({
      owners: [],
      entries: [],
      taken: 1024,
    })
  })
})

describe('a neighbour that answers', () => {
  const opening = { settings, clock: [epoch, 0], vector: [], fingerprint: new Uint8Array(16).fill(7) }
  const comparison = { clock: [epoch, 0], fingerprint: new Uint8Array(16).fill(7) }
  const liar = (answers: Record<string, unknown>): (() => number) => {
    let asked = 0
    eve.handle(protocol, ({ kind, body }) => {
      if (kind !== 'request') return undefined
      asked++
      const { type, prefixes } = body as { type: string; prefixes?: string[] }
      const answer = answers[type]
      return typeof answer === 'function'
        ? (answer as (count: number) => unknown)(prefixes?.length ?? 0)
        : answer
    })
    return () => asked
  }

  const empty = { owners: [], entries: [], more: false }
  const differing = { open: opening, pull: empty, push: {}, compare: comparison }
  const sumsOf = (entries: number) => (count: number) => ({
    counts: Array<unknown>(count).fill(Array(16).fill(entries)),
    sums: Array<unknown>(count).fill(new Uint8Array(256).fill(3)),
  })
  const listsOf = (length: number) => (count: number) => ({
    hashes: Array<unknown>(count).fill(new Uint8Array(length).fill(9)),
  })
  const listed = { ...differing, ranges: sumsOf(1), hashes: listsOf(16) }

  it.each<[string, Record<string, unknown>]>([
    ['nothing', {}],
    ['an opening of something else', { open: { hello: 1 } }],
    ['an opening of settings alone that are the same', { open: { settings } }],
    ['an opening with half a clock', { open: { ...opening, clock: [1] } }],
    ['pages without end', { open: opening, pull: { ...empty, more: true } }],
    [
      'the same page for ever',
      { open: opening, pull: { owners: ['eve'], entries: [entry('k')], more: true } },
    ],
    ['a page without a mark', { open: opening, pull: { owners: [], entries: [] } }],
    ['a push with words', { ...differing, push: { thanks: 1 } }],
    ['sums that differ everywhere', { ...differing, ranges: sumsOf(1000) }],
    ['too few sums', { ...differing, ranges: { counts: [], sums: [] } }],
    ['lists that are too long', { ...listed, hashes: listsOf(16 * 1025) }],
    ['a fetch that covers nothing', { ...listed, fetch: { owners: [], entries: [], taken: 0 } }],
  ])('with %s is given up in the end, reported, and tried again later', async (_, answers) => {
    const asked = liar(answers)
    const flushed = await world.until(bob.flushed({ timeout: Infinity }))
    expect(flushed).toBe(0)
    expect(codes()).toEqual(['P2P_CATCH_UP_FAILED'])
    expect(errors[0]).toMatchObject({ peer: 'eve', cause: { code: 'P2P_MALFORMED' } })
    expect(asked()).toBeLessThan(5000)
    expect(bob.stats().bytes).toBeLessThanOrEqual(3000)
    const before = asked()
    await world.pass(30_000)
    expect(asked()).toBeGreaterThan(before)
  })

  it('with hashes of entries that it does not have costs no more than a few requests', async () => {
    const asked = liar({ ...listed, fetch: { owners: [], entries: [], taken: 1 }, finish: {} })
    expect(await world.until(bob.flushed())).toBe(1)
    expect(asked()).toBeLessThan(60)
    expect(codes()).toEqual([])
  })
})

describe('messages that were damaged at random', () => {
  const mutate = (random: () => number, value: unknown, rate: number): unknown => {
    if (random() < rate) {
      const strange = [
        null,
        true,
        -1,
        0.5,
        2 ** 53,
        NaN,
        '',
        'text',
        '__proto__',
        new Uint8Array(3),
        [],
        {},
        7n,
        [[[]]],
        'x'.repeat(3000),
      ]
      return strange[Math.floor(random() * strange.length)]
    }
    if (Array.isArray(value)) {
      const items = value.map(item => mutate(random, item, rate))
      if (random() < rate) items.splice(Math.floor(random() * items.length), 1)
      if (random() < rate) items.push(items[0] ?? 1)
      return items
    }
    if (value instanceof Uint8Array) return random() < rate ? value.slice(1) : value
    if (typeof value === 'object' && value !== null) {
      const pairs = Object.entries(value).map(([name, item]) => [name, mutate(random, item, rate)] as const)
      return Object.fromEntries(pairs.filter(() => random() >= rate / 4))
    }
    if (typeof value === 'number') return random() < rate ? Math.floor(value * random() * 2) : value
    return value
  }

  it('never do more than fail with a code, and leave the replica working and within its limits', async () => {
    const recorded: Passing[] = []
    const honest = new World(5)
    honest.fate = message => {
      recorded.push(message)
      return {}
    }
    const others = ['ann', 'bob'].map(id => honest.join(id).sync()) as [Sync, Sync]
    others[0].update({ a: 1, b: { c: 'x' }, d: [new Uint8Array(4)] })
    await honest.pass(1000)
    others[1].set('e', 1)
    honest.cut(['ann'], ['bob'])
    others[0].delete('a')
    await honest.pass(100)
    honest.cut(['ann'], ['bob'], false)
    await honest.pass(1000)
    await honest.close()
    const samples: unknown[] = recorded.filter(({ kind }) => kind !== 'answer').map(({ body }) => body)
    samples.push(
      { type: 'ranges', prefixes: ['0', '1'] },
      { type: 'hashes', prefixes: ['', ''] },
      { type: 'fetch', hashes: new Uint8Array(32) },
    )

    await fc.assert(
      fc.asyncProperty(fc.nat(), async seed => {
        const random = dice(seed)
        const next = () => random.next()
        const body = mutate(next, samples[Math.floor(next() * samples.length)], 0.15)
        const kind = next() < 0.3 ? 'broadcast' : next() < 0.97 ? 'request' : 'send'
        if (next() < 0.5)
          await bobNode.take({ kind: 'request', from: 'eve', to: 'bob', body: open }, protocol)
        const { error } = await bobNode.take({ kind, from: 'eve', to: 'bob', body }, protocol)
        expect(error === undefined || P2PError.is(error)).toBe(true)
        expect(bob.stats().bytes).toBeLessThanOrEqual(3000)
        expect(bob.stats().entries + bob.stats().tombstones).toBeLessThanOrEqual(10)
        expect(bob.get('own')).toBe(1)
      }),
      runs(1000),
    )
    for (const { code } of bob.errors) expect(code).toMatch(/^P2P_/)
    expect(bob.errors.some(({ code }) => code === 'P2P_HANDLER_FAILED')).toBe(false)
    bob.set('own', 'still')
    expect(bob.get('own')).toBe('still')
  })
})
