import { P2PError } from '@p2p/interfaces'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChordNode } from '../src/chord-node.ts'
import { FakeMessenger, World } from './world.ts'

let world: World
let ring: ChordNode[]
const options = { points: 4, limits: { valueSize: 1_000, keyLength: 32 } }
beforeEach(async () => {
  world = new World()
  ring = await world.ring(5, options)
})
afterEach(async () => {
  for (const chord of ring) await chord.close()
})
const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    value => `no error but ${String(value)}`,
    (error: unknown) => (P2PError.is(error) ? error.code : error),
  )

describe('closing a table', () => {
  it('ends what waits when it is closed, and leaves nothing', async () => {
    const messenger = new FakeMessenger(world, 'short')
    const chord = world.table(messenger, options)
    await world.run(chord.meet('n0'))
    world.passes = (from, to) => from !== 'short' && to !== 'short'
    const reading = outcome(chord.get('key'))
    const writing = outcome(chord.set('key', 1))
    await world.pass(20)
    await chord.close()
    expect(await reading).toBe('P2P_CLOSED')
    expect(await writing).toBe('P2P_CLOSED')
    expect(messenger.handlers).toBe(0)
    expect(messenger.timers).toBe(0)
    expect(await outcome(chord.get('key'))).toBe('P2P_CLOSED')
  })

  it.each([0, 1, 2, 4, 7, 11, 16, 24, 40, 70, 110])(
    'leaves nothing unsettled that is under way when it is closed, %i ms after it began',
    async elapsed => {
      const messenger = new FakeMessenger(world, 'short')
      const chord = world.table(messenger, options)
      await world.run(chord.meet('n0'))
      // A table of the five takes nothing, so that writes wait between two attempts, too.
      world.passes = (_, to) => to !== 'n3'
      const keys = Array.from({ length: 20 }, (_, index) => `key ${index}`)
      const walking = async () => {
        for await (const key of chord.keys()) expect(key).toBeTypeOf('string')
      }
      const underWay = [
        ...keys.flatMap(key => [chord.set(key, 1), chord.get(key, { default: 0 }), chord.delete(key)]),
        chord.join(),
        chord.explain('key'),
        chord.copy(),
        chord.popitem(),
        walking(),
      ]
      const outcomes = new Map<number, unknown>()
      for (const [index, each] of underWay.entries())
        void outcome(each).then(each => outcomes.set(index, each))
      await world.pass(elapsed)
      await chord.close()
      // No more time passes
      for (let turn = 0; turn < 1_000; turn++) await Promise.resolve()
      expect(outcomes.size).toBe(underWay.length)
      // What three tables held by then was written.
      for (const each of outcomes.values())
        expect(String(each)).toMatch(/P2P_CLOSED|P2P_KEY_ABSENT|^no error/)
      expect(messenger.timers).toBe(0)
      world.passes = () => true
      await world.pass(30_000)
    },
  )
})
