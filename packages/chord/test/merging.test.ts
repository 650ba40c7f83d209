import { beforeEach, describe, expect, it } from 'vitest'
import type { ChordNode } from '../src/chord-node.ts'
import { ChordError } from '../src/errors.ts'
import type { Member } from '../src/member.ts'
import { Merging } from '../src/merging.ts'
import { World } from './world.ts'

describe('who may be on another ring', () => {
  let world: World
  let asked: string[]
  let merging: Merging
  let stranger: (id: string) => Member
  beforeEach(async () => {
    world = new World(5)
    const [chord] = (await world.ring(3, { points: 1 })) as [ChordNode]
    const { circle, upkeep } = chord.engine
    stranger = id => circle.members.of({ id, addresses: [] })
    asked = []
    merging = new Merging({
      circle,
      stabilisation: upkeep.stabilisation,
      random: world.random,
      begin: work => void work.catch((error: unknown) => expect(error).toBeUndefined()),
      follower: (_, { id }) => {
        asked.push(id)
        return Promise.reject(new ChordError('P2P_NO_MEMBER', 'lost on the way'))
      },
    })
  })

  it('and does not answer is asked again, some times, though nobody names it again', async () => {
    merging.note(stranger('silent'))
    for (let round = 0; round < 100; round++) {
      merging.tick()
      await world.pass(1)
    }
    expect(asked.length).toBeGreaterThan(1)
    expect(asked.length).toBeLessThan(10)
  })

  it('has its turn, though others that were never named before are named all the time', async () => {
    let fresh = 0
    for (let round = 0; round < 1_500 && !asked.includes('honest'); round++) {
      if (round % 8 === 0) merging.note(stranger('honest'))
      for (let count = 0; count < 8; count++) merging.note(stranger(`fresh ${fresh++}`))
      merging.tick()
      await world.pass(1)
    }
    expect(asked).toContain('honest')
  })
})
