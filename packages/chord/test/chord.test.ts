import { P2PError } from '@p2p/interfaces'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChordNode } from '../src/chord-node.ts'
import { positionsOfKey } from '../src/hashes.ts'
import { type Chord, createChord, defaultLimits, distance, hashes } from '../src/index.ts'
import { FakeMessenger, World } from './world.ts'

let world: World
let ring: ChordNode[]
let errors: P2PError[]
const options = { points: 4, limits: { valueSize: 1_000, keyLength: 32 } }
beforeEach(async () => {
  world = new World()
  ring = await world.ring(5, options)
  errors = []
  for (const chord of ring) chord.on('error', error => errors.push(error))
})
afterEach(async () => {
  expect(errors).toEqual([])
  for (const chord of ring) await chord.close()
})
const at = (index: number): Chord => ring[index] as Chord
const codeOf = async (promise: Promise<unknown>): Promise<unknown> => world.run(outcome(promise))
const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    value => `no error but ${String(value)}`,
    (error: unknown) => (P2PError.is(error) ? error.code : error),
  )

describe('a table', () => {
  it('gives everywhere what was set anywhere, and says how many tables hold it', async () => {
    expect(await world.run(at(1).set('key', { text: 'value', bytes: Uint8Array.of(1, 2) }))).toBe(5)
    for (const chord of ring)
      expect(await world.run(chord.get('key'))).toEqual({ text: 'value', bytes: Uint8Array.of(1, 2) })
  })

  it('takes text and its UTF-8 for one key, and gives back bytes that are none', async () => {
    await world.run(at(0).set('käse', 1))
    expect(await world.run(at(1).get(new TextEncoder().encode('käse')))).toBe(1)
    await world.run(at(0).set(Uint8Array.of(255, 0), 2))
    const keys = new Set<unknown>()
    await world.run(
      (async () => {
        for await (const key of at(2).keys()) keys.add(key)
      })(),
    )
    expect(keys).toEqual(new Set(['käse', Uint8Array.of(255, 0)]))
  })

  it('knows within one look-up that there is nothing, and tells that from no agreement', async () => {
    const began = world.clock.monotonic()
    expect(await codeOf(at(3).get('nothing'))).toBe('P2P_KEY_ABSENT')
    expect(await world.run(at(3).get('nothing', { default: 7 }))).toBe(7)
    expect(await world.run(at(3).has('nothing'))).toBe(false)
    // Three round trips of at most 10 ms, one after the other.
    expect(world.clock.monotonic() - began).toBeLessThan(40)
    world.passes = (from, _, body) => from !== 'n3' || !Array.isArray(body) || body[0] !== 'find'
    expect(['P2P_NO_AGREEMENT', 'P2P_NO_MEMBER']).toContain(
      await codeOf(at(3).get('other', { timeout: 500 })),
    )
    world.passes = () => true
    errors.length = 0
  })

  it('deletes for all, and says whether there was something', async () => {
    await world.run(at(0).set('key', 1))
    expect(await world.run(at(1).delete('key'))).toBe(true)
    expect(await world.run(at(2).delete('key'))).toBe(false)
    expect(await world.run(at(3).has('key'))).toBe(false)
    expect(await world.run(at(3).lookup('key'))).toMatchObject({
      value: undefined,
      agreed: 3,
      // The second deletion is remembered as well.
      version: { writer: 'n2' },
    })
  })

  it('deletes what a set left behind that failed, though most tables hold nothing (seed 100465)', async () => {
    // It reaches one table only, and there every copy.
    const [first] = hashes('key')
    const isFirst = (body: unknown) =>
      Array.isArray(body) && body[0] === 'find' && body[1] === first.toString(16).padStart(96, '0')
    world.passes = (from, _, body) =>
      from !== 'n0' || !Array.isArray(body) || body[0] !== 'find' || isFirst(body)
    expect(await codeOf(at(0).set('key', 'remains', { timeout: 1_000 }))).toBe('P2P_TOO_FEW_TABLES')
    world.passes = () => true
    await world.run(at(1).delete('key'))
    // Whoever reads mends, and would bring it back to all.
    for (const chord of ring) expect(await world.run(chord.get('key', { default: 'gone' }))).toBe('gone')
    await world.pass(1_000)
    for (const chord of ring) expect(await world.run(chord.get('key', { default: 'gone' }))).toBe('gone')
    errors.length = 0
  })

  it('has a newer write win over what its writer has not seen, whatever the clocks say', async () => {
    const ahead = new FakeMessenger(world, 'ahead', 3_600_000)
    const early = world.table(ahead, options)
    ring.push(early)
    await world.run(early.meet('n0'))
    await world.run(early.set('key', 'an hour ahead'))
    await world.run(at(2).set('key', 'later'))
    expect(await world.run(at(4).get('key'))).toBe('later')
  })

  it('merges concurrent deltas field by field, and refuses them where there is no map', async () => {
    const results = await world.run(
      Promise.all(ring.map((chord, index) => chord.applyDelta('map', { [`field ${index}`]: index }))),
    )
    expect(results).toHaveLength(5)
    expect(await world.run(at(2).get('map'))).toEqual({
      'field 0': 0,
      'field 1': 1,
      'field 2': 2,
      'field 3': 3,
      'field 4': 4,
    })
    expect(await world.run(at(1).applyDelta('map', { 'field 0': 'new' }))).toMatchObject({
      'field 0': 'new',
      'field 4': 4,
    })
    await world.run(at(0).set('number', 1))
    expect(await codeOf(at(1).applyDelta('number', { a: 1 }))).toBeInstanceOf(TypeError)
  })

  it('lets all nodes agree on what is set and merged by all of them at once, and reads no resolved set back', async () => {
    const fields = new Set<string>()
    const backwards: string[] = []
    const work = ring.map(async (chord, index) => {
      for (let count = 0; count < 6; count++) {
        await chord.set('one', { by: index, count })
        const other = at((index + 1 + (count % 4)) % 5)
        const { by, count: read } = (await other.get('one')) as { by: number; count: number }
        // Another's may be above it; an earlier one of the same writer is not.
        if (by === index && read < count) backwards.push(`${index} set ${count}, ${read} is read`)
        const field = `${index}-${count}`
        fields.add(field)
        await chord.applyDelta('map', { [field]: count, last: field })
      }
    })
    await world.run(Promise.all(work))
    expect(backwards).toEqual([])
    const [one, map] = await world.run(Promise.all([at(0).get('one'), at(0).get('map')]))
    expect(Object.keys(map as object).sort()).toEqual([...fields, 'last'].sort())
    for (const chord of ring) {
      expect(await world.run(chord.get('one'))).toEqual(one)
      expect(await world.run(chord.get('map'))).toEqual(map)
    }
  })

  it('walks all keys, each once, and copies with a warning', async () => {
    const warnings: string[] = []
    at(0).on('warning', message => warnings.push(message))
    const entries = Array.from({ length: 100 }, (_, index) => [`key ${index}`, index] as const)
    expect(await world.run(at(0).update(entries))).toBe(5)
    const walked: unknown[] = []
    await world.run(
      (async () => {
        for await (const key of at(4).keys()) walked.push(key)
      })(),
    )
    expect(walked).toHaveLength(100)
    expect(await world.run(at(0).copy())).toEqual(new Map(entries))
    expect(warnings).toHaveLength(1)
    const values: unknown[] = []
    await world.run(
      (async () => {
        for await (const value of at(1).values()) values.push(value)
      })(),
    )
    expect(new Set(values)).toEqual(new Set(entries.map(([, value]) => value)))
  })

  it('walks over keys on an arc that stays incomplete, for each lies in other tables, too', async () => {
    const keys = Array.from({ length: 100 }, (_, index) => `key ${index}`)
    await world.run(at(0).update(keys.map(key => [key, key] as const)))
    // One process compares with nobody any more, and is sure of nothing.
    const doubting = ring[2] as ChordNode
    world.passes = (from, _, body) => from !== 'n2' || !Array.isArray(body) || body[0] !== 'digest'
    for (const place of doubting.engine.circle.places) {
      place.completeFrom = undefined
      place.repairing = true
    }
    const owned = doubting.engine.circle.places.flatMap(place =>
      keys.filter(
        key => doubting.engine.circle.owner(positionsOfKey(key)[0] as string, new Set())?.place === place,
      ),
    )
    expect(owned.length).toBeGreaterThan(0)
    const walked: unknown[] = []
    const walking = (async () => {
      for await (const [key, value] of at(4).entries()) {
        expect(value).toBe(key)
        walked.push(key)
      }
    })()
    const began = world.clock.monotonic()
    await world.run(walking)
    expect(world.clock.monotonic() - began).toBeLessThan(10_000)
    expect(walked.sort()).toEqual(keys.sort())
  })

  it('pops, and pops any', async () => {
    await world.run(at(0).set('key', 1))
    expect(await world.run(at(1).pop('key'))).toBe(1)
    expect(await codeOf(at(1).pop('key'))).toBe('P2P_KEY_ABSENT')
    expect(await world.run(at(1).pop('key', { default: 'none' }))).toBe('none')
    await world.run(at(0).set('other', 2))
    expect(await world.run(at(3).popitem())).toEqual(['other', 2])
    expect(await codeOf(at(3).popitem())).toBe('P2P_KEY_ABSENT')
  })

  it('refuses what it cannot hold before anything is written', async () => {
    expect(await codeOf(at(0).set('key', (() => 1) as never))).toBeInstanceOf(TypeError)
    expect(await codeOf(at(0).set('key', 'x'.repeat(1_001)))).toBe('P2P_VALUE_TOO_LARGE')
    await expect(at(0).set('key', 'x'.repeat(1_001))).rejects.toMatchObject({
      name: 'ValueTooLargeError',
      limit: 1_000,
    })
    expect(await codeOf(at(0).set('x'.repeat(33), 1))).toBe('P2P_KEY_TOO_LONG')
    expect(
      await codeOf(
        at(0).update([
          ['good', 1],
          ['bad', undefined as never],
        ]),
      ),
    ).toBeInstanceOf(TypeError)
    expect(await world.run(at(0).has('good'))).toBe(false)
  })

  it('tells add, update and delete once each to all who listen, on the ring or not', async () => {
    const leech = world.node('leech', options)
    ring.push(leech)
    await world.run(leech.meet('n2'))
    const told = ring.map(chord => {
      const list: string[] = []
      for (const event of ['add', 'update', 'delete'] as const)
        chord.on(event, key => list.push(`${event} ${String(key)}`))
      return list
    })
    await world.pass(3_000)
    await world.run(at(0).set('key', 1))
    await world.run(at(4).set('key', 2))
    await world.run(leech.delete('key'))
    await world.pass(200)
    for (const list of told) expect(list.sort()).toEqual(['add key', 'delete key', 'update key'])
  })

  it('tells of changes only those who listen, from when they do until they do not', async () => {
    const told: string[] = []
    world.passes = (_, to, body) => {
      if (Array.isArray(body) && body[0] === 'spread') told.push(to)
      return true
    }
    const change = async () => {
      await world.run(at(0).set('key', 1))
      await world.pass(100)
      return told.splice(0).sort()
    }
    // Who has never said whether it listens is told once, and says that it does not.
    await change()
    expect(await change()).toEqual([])
    const heard: unknown[] = []
    const listener = (key: unknown) => heard.push(key)
    at(3).on('update', listener)
    await world.pass(10)
    // It passes on what it is told, and asks those of whom it knows nothing, once.
    expect(await change()).toContain('n3')
    expect(await change()).toEqual(['n3'])
    expect(heard).toEqual(['key', 'key'])
    at(3).off('update', listener)
    await change()
    expect(await change()).toEqual([])
  })

  it('explains who holds a key and who answered what', async () => {
    await world.run(at(0).set('key', 1))
    await world.pass(100)
    const { value, agreed, tables } = await world.run(at(3).explain('key'))
    expect({ value, agreed }).toEqual({ value: 1, agreed: 5 })
    expect(tables.map(({ table }) => table)).toEqual(['sha1', 'sha224', 'sha256', 'sha384', 'sha512'])
    for (const [index, { position, holders, from, answer, age }] of tables.entries()) {
      expect(position).toBe((hashes('key')[index] ?? 0n) % 2n ** 384n)
      expect(new Set(holders).size).toBe(2)
      expect(from).toBe(holders[0])
      expect(answer).toBe('value')
      expect(age).toBeGreaterThan(50)
      const held = ring.filter(chord => chord.dump(position, position)[index]?.length === 1)
      expect(held.map(chord => chord.engine.circle.self.id).sort()).toEqual([...holders].sort())
    }
  })
})

describe('a node', () => {
  it('uses the table without holding anything while it is leeching', async () => {
    const leech = world.node('leech', options)
    ring.push(leech)
    expect(await codeOf(leech.get('key'))).toBe('P2P_NO_MEMBER')
    expect(await world.run(leech.meet('n1'))).toBe(true)
    await world.run(leech.set('key', 1))
    expect(await world.run(leech.get('key'))).toBe(1)
    expect(leech.leeching).toBe(true)
    expect(leech.health()).toMatchObject({ standing: 'leeching', entries: 0, healthy: false })
    expect(at(0).dataStoring).toHaveLength(4)
  })

  it('says where it is on the ring', async () => {
    const sorted = [...ring].sort((a, b) => (a.id < b.id ? -1 : 1))
    const [first, second] = sorted as [ChordNode, ChordNode]
    expect((await world.run(at(3).successor(second.id))).id).toBe(second.engine.circle.self.id)
    expect(first.nextHop(second.id).id).toBe(second.engine.circle.self.id)
    expect(first.previousHop(second.id).id).toBe(second.engine.circle.self.id)
    // From its first point: the next process on either side, whichever of its points that is.
    for (const chord of ring) {
      const others = ring
        .filter(other => other !== chord)
        .flatMap(({ engine }) =>
          engine.circle.self.points.map(({ position, member }) => ({
            id: member.id,
            far: distance(chord.id, BigInt(`0x${position}`)),
          })),
        )
      others.sort((a, b) => (a.far < b.far ? -1 : 1))
      expect(chord.next?.id).toBe(others[0]?.id)
      expect(chord.previous?.id).toBe(others.at(-1)?.id)
      expect(chord.dataStoring.map(({ id }) => id).sort()).toEqual(
        ring
          .filter(other => other !== chord)
          .map(({ engine }) => engine.circle.self.id)
          .sort(),
      )
    }
    for (const chord of ring)
      expect(chord.health()).toMatchObject({ healthy: true, members: 4, violations: [] })
  })

  it('refuses a ring with other settings', async () => {
    const other = world.node('other', { points: 8 })
    ring.push(other)
    expect(await codeOf(other.meet('n0'))).toBe('P2P_REQUEST_FAILED')
  })

  it('ends a wait by its signal and by its deadline', async () => {
    world.passes = (_, __, body) => !Array.isArray(body) || body[0] !== 'find'
    const controller = new AbortController()
    const aborted = outcome(at(0).set('key', 1, { signal: controller.signal }))
    await world.pass(10)
    controller.abort()
    expect(await aborted).toBe('P2P_ABORTED')
    expect(await codeOf(at(0).set('key', 1, { timeout: 300 }))).toBe('P2P_TOO_FEW_TABLES')
    world.passes = () => true
    await world.pass(30_000)
    errors.length = 0
  })

  it('does not take options that make no sense', () => {
    const messenger = new FakeMessenger(world, 'odd')
    for (const bad of [{ copies: 0 }, { points: 65 }, { name: '' }, { limits: { valueSize: -1 } }])
      expect(() => createChord(messenger, bad)).toThrow(expect.objectContaining({ code: 'P2P_BAD_OPTION' }))
    expect(defaultLimits.valueSize).toBe(1024 * 1024)
  })
})
