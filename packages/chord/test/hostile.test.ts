import { P2PError } from '@p2p/interfaces'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ChordNode } from '../src/chord-node.ts'
import { FakeMessenger, World } from './world.ts'

const protocol = '/chord/1/default'
let world: World
let ring: ChordNode[]
let eve: FakeMessenger
beforeEach(async () => {
  world = new World()
  ring = await world.ring(2, { points: 1, limits: { valueSize: 500, entries: 20 } })
  await world.run((ring[0] as ChordNode).set('own', 1))
  eve = new FakeMessenger(world, 'eve')
})
afterEach(() => Promise.all(ring.map(chord => chord.close())))

const ask = (body: unknown): Promise<unknown> =>
  world.run(
    eve.request('n0', protocol, body).catch((error: unknown) => {
      if (!P2PError.is(error)) throw error
      return String(error)
    }),
  )

it.each([
  ['text', 'find'],
  ['an unknown request', ['rob']],
  ['a position that is none', ['find', 'abc', [], null, false]],
  ['a table that is none', ['peek', 5, '0'.repeat(96)]],
  ['an entry that says nothing', ['store', [[0, ['key', null, []]]]]],
  ['an entry above the limit', ['store', [[0, ['key', ['eve', 1, 0, ['x'.repeat(501)]], []]]]]],
  ['an id that is none', ['store', [[0, ['key', ['e v e', 1, 0, [1]], []]]]]],
  ['other settings', ['hello', [7, 2], true, 0]],
  ['a list that is too long', ['fetch', 0, new Array(5_000).fill('0'.repeat(96))]],
])('answers %s with an error, and goes on', async (_, body) => {
  expect(await ask(body)).toMatch(/malformed|a peer has/)
  expect(await world.run((ring[1] as ChordNode).get('own'))).toBe(1)
})

it('refuses a stamp that is more than a day ahead, and keeps to its limits', async () => {
  const stamp = world.clock.now() + 2 * 86_400_000
  expect(await ask(['store', [[0, ['key', ['eve', stamp, 0, [1]], []]]]])).toMatch(/ahead/)
  const many = Array.from({ length: 40 }, (_, index) => [
    0,
    [`key ${index}`, ['eve', world.clock.now(), index, [1]], []],
  ])
  expect(await ask(['store', many])).toMatch(/no room/)
  expect((ring[0] as ChordNode).health().entries).toBeLessThanOrEqual(20)
})

it('does not believe a stranger that it has all of an arc, and remembers no more arcs than one has points', async () => {
  const { circle, now } = (ring[0] as ChordNode).engine
  const position = (at: number) => at.toString(16).padStart(96, '0')
  const sums = new Array(5).fill('')
  const [point] = circle.members.of(eve.self).points
  const [own] = circle.places
  if (point === undefined || own === undefined) throw new Error('nobody has a point')
  const claims = circle.claims.size
  const compared = circle.compared.size
  for (let at = 0; at < 20; at++) {
    expect(await ask(['claim', position(at), position(at + 1)])).toMatch(/malformed/)
    expect(await ask(['disclaim', position(at), position(at + 1)])).toMatch(/malformed/)
    expect(await ask(['digest', 0, position(at), position(at + 1), sums])).toMatch(/malformed/)
    await ask(['digest', 0, position(at), point.position, sums])
  }
  // An arc on which a point of ours lies is not another's.
  expect(await ask(['claim', point.position, point.position])).toBe(false)
  expect(circle.claims.size).toBe(claims)
  expect(circle.compared.size).toBeLessThanOrEqual(compared + 1)
  expect(circle.claims.covers(own.position, now)).toBe(false)
})

it('survives whatever else it is told', async () => {
  const names = [
    'find',
    'stabilise',
    'hello',
    'peek',
    'store',
    'give',
    'claim',
    'disclaim',
    'digest',
    'compare',
    'lacks',
    'fetch',
    'spread',
    'listen',
  ]
  const part = fc.oneof(
    fc.constantFrom('0'.repeat(96), 'f'.repeat(96), 'eve', 'get', 'put', 'page', ''),
    fc.integer({ min: -1, max: 5 }),
    fc.boolean(),
    fc.constant(null),
    fc.constant([]),
    fc.constant([1, 2]),
    fc.array(
      fc.oneof(
        fc.integer({ min: 0, max: 20 }),
        fc.constant('get'),
        fc.constant('0'.repeat(96)),
        fc.constant([['eve', []]]),
      ),
      { maxLength: 4 },
    ),
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), fc.array(part, { maxLength: 5 }), async (name, rest) => {
      await ask([name, ...rest])
    }),
    { numRuns: 300 },
  )
  await world.pass(10_000)
  expect(await world.run((ring[1] as ChordNode).get('own'))).toBe(1)
})
