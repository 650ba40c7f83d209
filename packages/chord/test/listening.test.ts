import { describe, expect, it } from 'vitest'
import type { ChordNode } from '../src/chord-node.ts'
import { World } from './world.ts'

const options = { points: 2, interval: 500, repairInterval: 3_000 }

/** What each node of a ring heard of keys that were added. */
class Heard {
  readonly #keys = new Map<string, unknown[]>()

  by(name: string, chord: ChordNode): ChordNode {
    const keys: unknown[] = []
    this.#keys.set(name, keys)
    return chord.on('add', key => keys.push(key))
  }

  /** Who did not hear exactly these. */
  wrong(expected: readonly unknown[]): string[] {
    const wrong: string[] = []
    for (const [name, keys] of this.#keys)
      if ([...keys].sort().join() !== [...expected].sort().join()) wrong.push(`${name}: ${keys.join()}`)
    return wrong
  }
}

/** A ring of more processes than one tells itself: each listens before it joins. */
const listening = async (world: World, count: number, heard: Heard): Promise<ChordNode[]> => {
  const ring: ChordNode[] = []
  for (let index = 0; index < count; index++) {
    const chord = heard.by(`n${index}`, world.node(`n${index}`, options))
    if (index > 0) await world.run(chord.meet('n0'))
    await world.run(chord.join())
    ring.push(chord)
  }
  return ring
}

/** Each writes a key of its own. */
const writeAll = async (world: World, ring: readonly ChordNode[], name: string): Promise<string[]> => {
  const keys: string[] = []
  for (const [index, chord] of ring.entries()) {
    keys.push(`${name} ${index}`)
    await world.run(chord.set(`${name} ${index}`, 1))
    await world.pass(300)
  }
  await world.pass(5_000)
  return keys
}

describe('who listens', () => {
  it.each([1, 3])('before it joins hears of every change, and once (seed %i)', async seed => {
    const world = new World(seed)
    const heard = new Heard()
    const ring = await listening(world, 12, heard)
    await world.pass(60_000)
    expect(heard.wrong(await writeAll(world, ring, 'key'))).toEqual([])
  })

  it('hears of every change, though some that tell it were restarted with their ids', async () => {
    const world = new World(2)
    const heard = new Heard()
    const ring = await listening(world, 12, heard)
    await world.pass(5_000)
    for (const index of [3, 6, 9]) {
      world.crash(`n${index}`)
      await world.pass(20_000)
      const again = heard.by(`n${index}`, world.node(`n${index}`, options))
      await world.run(again.meet('n0'))
      await world.run(again.join())
      ring[index] = again
      await world.pass(20_000)
    }
    expect(heard.wrong(await writeAll(world, ring, 'key'))).toEqual([])
  })

  it('from when its answer that it does not is on its way is told of what comes after', async () => {
    const world = new World(2)
    const ring = await world.ring(4, { points: 2, interval: 500 })
    const [writer, late] = [ring[0] as ChordNode, ring[2] as ChordNode]
    await world.pass(5_000)
    const heard: unknown[] = []
    let begun = false
    let isHeldUp = false
    // The answer takes a millisecond longer than what is said next.
    world.latency = () => {
      const delay = isHeldUp ? 6 : 5
      isHeldUp = false
      return delay
    }
    world.passes = (from, to, body) => {
      if (begun || from !== 'n2' || to !== 'n0' || body !== false) return true
      begun = true
      isHeldUp = true
      queueMicrotask(() => late.on('update', key => heard.push(key)))
      return true
    }
    await world.run(writer.set('key', 0))
    await world.pass(10_000)
    expect(begun).toBe(true)
    for (let value = 1; value <= 3; value++) {
      await world.run(writer.set('key', value))
      await world.pass(1_000)
    }
    expect(heard).toEqual(['key', 'key', 'key'])
  })

  it('without being on the ring is told of a change once when it has joined', async () => {
    const world = new World(3)
    const ring = await world.ring(3, options)
    const late = world.node('late', options)
    late.on('add', () => undefined)
    await world.run(late.meet('n0'))
    await world.pass(5_000)
    await world.run(late.join())
    await world.pass(1_000)
    let told = 0
    world.passes = (_, to, body) => {
      if (to === 'late' && Array.isArray(body) && body[0] === 'spread') told++
      return true
    }
    for (const chord of ring) {
      told = 0
      await world.run(chord.set(`key of ${chord.id}`, 1))
      await world.pass(200)
      expect(told).toBe(1)
    }
  })

  it('alone is told in a ring that was larger than anybody keeps in mind, and is small again', async () => {
    const world = new World(7)
    const ring = await world.ring(8, { ...options, limits: { known: 5 } })
    await world.pass(10_000)
    for (const chord of ring.splice(4)) {
      await world.run(chord.unjoin())
      await chord.close()
    }
    await world.pass(60_000)
    await writeAll(world, ring, 'key')
    let told = 0
    world.passes = (_, __, body) => {
      if (Array.isArray(body) && body[0] === 'spread') told++
      return true
    }
    await writeAll(world, ring, 'key')
    expect(told).toBe(0)
  })
})
