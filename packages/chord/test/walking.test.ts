import { plainWrite } from '@p2p/replica'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ChordNode } from '../src/chord-node.ts'
import { positionOfKey } from '../src/hashes.ts'
import { pageEntries } from '../src/holder.ts'
import { World } from './world.ts'

describe('a walk of arcs that nobody has whole', () => {
  const keys = Array.from({ length: 20 }, (_, index) => `key ${index}`)
  let world: World
  let ring: ChordNode[]
  let reader: ChordNode
  beforeEach(async () => {
    world = new World(5)
    ring = await world.ring(5, { points: 2, interval: 500, repairInterval: 3_000 })
    reader = ring[1] as ChordNode
    await world.run((ring[0] as ChordNode).update(keys.map(key => [key, key] as const)))
    await world.pass(5_000)
    // As on a machine that stood still with all of them; and no repair helps.
    for (const { engine } of ring) {
      engine.circle.claims.clear()
      for (const place of engine.circle.places) {
        place.completeFrom = undefined
        place.repairing = true
      }
    }
  })

  it('finds what get finds', async () => {
    for (const key of keys) expect(await world.run(reader.get(key))).toBe(key)
    expect([...(await world.run(reader.copy())).keys()].sort()).toEqual([...keys].sort())
  })

  it('says so where those who had them do not tell', async () => {
    world.passes = (_, __, body) => !Array.isArray(body) || body[0] !== 'compare'
    await expect(world.run(reader.copy({ timeout: 5_000 }))).rejects.toMatchObject({ code: 'P2P_TIMEOUT' })
  })
})

it('takes over more than fits into one comparison from who had it', async () => {
  const world = new World(6)
  const ring = await world.ring(2, { points: 1, interval: 500 })
  const [other, reader] = ring as [ChordNode, ChordNode]
  await world.pass(5_000)
  const [place] = reader.engine.circle.places
  if (place === undefined) throw new Error('it is not on the ring')
  place.completeFrom = undefined
  place.repairing = true
  reader.engine.circle.claims.clear()
  const keys = Array.from({ length: 1_500 }, (_, index) => `key ${index}`)
  const onArc = keys.filter(
    key => reader.engine.circle.owner(positionOfKey(key, 0), new Set())?.place === place,
  )
  expect(onArc.length).toBeGreaterThan(pageEntries)
  for (const [count, key] of keys.entries()) {
    const base = plainWrite('n0', { time: world.clock.now(), count }, 'held', key)
    other.engine.store.put(0, positionOfKey(key, 0), { key, base, fields: undefined })
  }
  const walked = await world.run(reader.copy())
  expect([...walked.keys()].sort()).toEqual([...keys].sort())
})
