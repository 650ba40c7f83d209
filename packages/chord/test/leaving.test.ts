import { describe, expect, it } from 'vitest'
import type { ChordNode } from '../src/chord-node.ts'
import { World } from './world.ts'

describe('a ring', () => {
  it('is not left by who has too little time for it, which says so in time and stays', async () => {
    const world = new World(3)
    const ring = await world.ring(4)
    await world.pass(20_000)
    const leaving = ring[2] as ChordNode
    await world.run((ring[0] as ChordNode).set('key', 1))
    // Who precedes it does not come to ask.
    let asked = 0
    world.passes = (_, to, body) => {
      const [name] = Array.isArray(body) ? (body as unknown[]) : []
      if (name === 'follow') asked++
      return name !== 'follow' && (name !== 'stabilise' || to !== 'n2')
    }
    const began = world.clock.monotonic()
    await expect(world.run(leaving.unjoin({ timeout: 400 }))).rejects.toMatchObject({ code: 'P2P_TIMEOUT' })
    expect(world.clock.monotonic() - began).toBeLessThanOrEqual(400)
    expect(leaving.leeching).toBe(false)
    // Each is asked again only when it has not answered for a while, not each 50 ms.
    expect(asked).toBeLessThanOrEqual(4 * 3)
  })
})
