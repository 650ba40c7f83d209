import { beforeAll, describe, expect, it } from 'vitest'
import type { ChordNode } from '../src/chord-node.ts'
import { positionOfKey } from '../src/hashes.ts'
import { World } from './world.ts'

const options = { points: 4, interval: 500, repairInterval: 3_000 }
const count = 8

/** What a node asks for, and of whom. */
interface Asked {
  readonly of: string
  readonly query: 'get' | 'put'
  readonly table: number
}

const askedFor = (body: unknown): readonly [query: unknown, table: unknown] =>
  Array.isArray(body) && body[0] === 'find' && Array.isArray(body[3]) ? [body[3][0], body[3][1]] : ['', '']

/** Remembers what one node asks for; what `isLost` says does not arrive. */
const listen = (world: World, id: string, isLost: (asked: Asked) => boolean = () => false): Asked[] => {
  const all: Asked[] = []
  world.passes = (from, to, body) => {
    const [query, table] = askedFor(body)
    if (from !== id || (query !== 'get' && query !== 'put')) return true
    const asked: Asked = { of: to, query, table: table as number }
    all.push(asked)
    return !isLost(asked)
  }
  return all
}

describe('a reading', () => {
  let world: World
  let ring: ChordNode[]
  let writer: ChordNode
  /** It is on no ring, so it holds nothing and asks for everything. */
  let reader: ChordNode

  beforeAll(async () => {
    world = new World(11)
    ring = await world.ring(count, options)
    writer = ring[0] as ChordNode
    reader = world.node('reader', options)
    await world.run(reader.meet('n0'))
    while (reader.health().members < count || !ring.every(chord => chord.health().safe)) await world.pass(100)
    await world.run(writer.set('key', 'value'))
  })

  it('asks the owners in three tables and nobody else where they agree, and all tables in turn', async () => {
    const asked = listen(world, 'reader')
    for (let reads = 1; reads <= 5; reads++) {
      expect(await world.run(reader.get('key'))).toBe('value')
      expect(asked).toHaveLength(3 * reads)
    }
    for (let table = 0; table < 5; table++) {
      const owners = asked.filter(each => each.table === table).map(({ of }) => of)
      expect(owners).toHaveLength(3)
      expect(new Set(owners).size).toBe(1)
    }
  })

  it('asks three for a key that is absent, too', async () => {
    const asked = listen(world, 'reader')
    expect(await world.run(reader.get('nothing', { default: 'none' }))).toBe('none')
    expect(asked).toHaveLength(3)
  })

  it('asks the other two soon where an owner does not answer', async () => {
    let late: number | undefined
    const asked = listen(world, 'reader', ({ table }) => table === (late ??= table))
    const began = world.clock.monotonic()
    expect(await world.run(reader.get('key'))).toBe('value')
    expect(world.clock.monotonic() - began).toBeLessThan(100)
    expect(new Set(asked.map(({ table }) => table)).size).toBe(5)
  })

  it.each(['get', 'put'] as const)(
    'whose owner is late asks another beside it, not the owner again: %s',
    async query => {
      let first: Asked | undefined
      const asked = listen(world, 'reader', each => {
        first ??= each
        return each.of === first.of
      })
      const working = query === 'get' ? reader.get('key') : reader.set('key', 'value')
      const { caller, circle } = reader.engine
      await world.pass(0)
      const silent = circle.members.get(first?.of ?? '')
      if (silent === undefined) throw new Error('nobody was asked')
      // It was late after half of this, and has not failed yet.
      await world.pass(caller.timeoutOf(silent) * 0.9)
      const ofTable = asked.filter(({ table }) => table === first?.table).map(({ of }) => of)
      expect(ofTable.filter(of => of === silent.id)).toHaveLength(1)
      expect(ofTable.length).toBeGreaterThan(1)
      world.passes = () => true
      await world.run(working)
    },
  )

  it('reads what was set last while a table is behind, and brings that one up to date', async () => {
    listen(world, 'n0', ({ query, table }) => query === 'put' && table === 1)
    expect(await world.run(writer.set('behind', 1))).toBeGreaterThanOrEqual(3)
    await world.pass(15_000)
    world.passes = () => true
    const holders = () =>
      ring.filter(({ engine }) => engine.store.get(1, positionOfKey('behind', 1)) !== undefined).length
    expect(holders()).toBe(0)
    for (let reads = 0; reads < 5; reads++) expect(await world.run(reader.get('behind'))).toBe(1)
    await world.pass(1_000)
    expect(holders()).toBe(2)
  })

  it('is not answered with a copy from long ago by a process that may own the key, because whoever preceded it is gone', async () => {
    const apart = new World(5)
    const nodes = await apart.ring(count, { ...options, limits: { known: 0 } })
    const holdersOf = (table: number) =>
      nodes.filter(({ engine }) => engine.store.get(table, positionOfKey('key', table)) !== undefined)
    await apart.run((nodes[0] as ChordNode).set('key', 'old'))
    await apart.pass(10_000)
    const entries = Array.from({ length: 5 }, (_, table) => {
      const [holder] = holdersOf(table)
      return holder?.engine.store.get(table, positionOfKey('key', table))?.entry
    })
    const strangers = nodes.filter(node => entries.every((_, table) => !holdersOf(table).includes(node)))
    const [asker] = strangers.length > 0 ? strangers : nodes
    if (asker === undefined) throw new Error('nobody')
    await apart.run((nodes[0] as ChordNode).set('key', 'new'))
    await apart.pass(10_000)
    const { store, circle } = asker.engine
    const isHeld = entries.map((_, table) => holdersOf(table).includes(asker))
    for (const [table, entry] of entries.entries())
      if (entry !== undefined && isHeld[table] !== true) store.put(table, positionOfKey('key', table), entry)
    for (const place of circle.places) place.predecessor = undefined
    expect(isHeld.filter(held => !held).length).toBeGreaterThanOrEqual(3)
    expect(await apart.run(asker.get('key'))).toBe('new')
  })
})
