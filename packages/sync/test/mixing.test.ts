import { describe, expect, it } from 'vitest'
import type { SyncOptions } from '../src/index.ts'
import { World } from './world.ts'

const code = (expected: string): unknown => expect.objectContaining({ code: expected })

describe('dictionaries of one name that do not agree', () => {
  it.each<[string, SyncOptions]>([
    ['on having leases', { leasing: false }],
    ['on the duration of leases', { leasing: { duration: 60_000 } }],
    ['on the life of tombstones', { tombstoneLife: 300_000_000 }],
  ])('%s do not mix, and each says so once, with a code and the name of the other', async (_, options) => {
    const world = new World()
    const [ann, bob] = [world.join('ann').sync(), world.join('bob').sync(options)]
    const told: unknown[] = []
    for (const sync of [ann, bob]) sync.on('error', error => told.push(error))
    ann.set('a', 1)
    bob.set('b', 2)
    await world.pass(60_000)
    ann.set('a', 3)
    await world.pass(60_000)
    expect([[...ann], [...bob]]).toEqual([[['a', 3]], [['b', 2]]]) // prettier-ignore
    expect(told).toHaveLength(2)
    expect(told).toContainEqual(expect.objectContaining({ code: 'P2P_SETTINGS_DIFFER', peer: 'ann' }))
    expect(told).toContainEqual(expect.objectContaining({ code: 'P2P_SETTINGS_DIFFER', peer: 'bob' }))
    const outcome = await world.until(ann.ready().catch((error: unknown) => error))
    expect(outcome).toMatchObject({
      code: 'P2P_TIMEOUT',
      cause: { code: 'P2P_SETTINGS_DIFFER', peer: 'bob' },
    })
    expect(await world.until(ann.flushed())).toBe(0)
    await world.close()
  })
})

describe('several dictionaries on one group', () => {
  it('are told apart by their names', async () => {
    const world = new World()
    const [annNode, bobNode] = [world.join('ann'), world.join('bob')]
    const [red, blue] = [annNode.sync({ name: 'red' }), annNode.sync({ name: 'blue', leasing: false })]
    const [red2, blue2] = [bobNode.sync({ name: 'red' }), bobNode.sync({ name: 'blue', leasing: false })]
    await world.pass(1000)
    red.set('k', 'red')
    blue.set('k', 'blue')
    await world.pass(10)
    expect([red2.get('k'), blue2.get('k')]).toEqual(['red', 'blue'])
    expect([red2.name, blue2.name]).toEqual(['red', 'blue'])
    expect([red, blue, red2, blue2].flatMap(sync => sync.errors)).toEqual([])
    await world.close()
  })

  it('are one per name, and the name is free again when that one is closed', async () => {
    const world = new World()
    const node = world.join('ann')
    const sync = node.sync()
    expect(() => node.sync()).toThrow(code('P2P_PROTOCOL_TAKEN'))
    expect(node.sync({ name: 'other' }).name).toBe('other')
    await sync.close()
    expect(node.sync().size).toBe(0)
    await world.close()
  })
})

describe('closing a dictionary', () => {
  it('leaves nothing of it alive, tells what was written last, and leaves the group to others', async () => {
    const world = new World()
    const [annNode, bobNode] = [world.join('ann'), world.join('bob')]
    const [ann, bob] = [annNode.sync(), bobNode.sync()]
    await world.pass(1000)
    ann.set('k', 1)
    const waiting = ann.watch('k')
    await waiting.next()
    const next = waiting.next()
    const closed = ann.close()
    expect(ann.close()).toBe(closed)
    await closed
    expect(await next).toEqual({ done: true, value: undefined })
    expect(annNode.handlers).toBe(0)
    await world.pass(10)
    expect(bob.get('k')).toBe(1)
    using _other = annNode.handle('/other/1', () => 'still here')
    expect(await world.until(bobNode.request('ann', '/other/1', null))).toBe('still here')
    await world.until(bob[Symbol.asyncDispose]())
    await world.pass(20_000)
    expect(world.timeline.pending).toBe(0)
  })

  it('in the middle of catching up ends that', async () => {
    const world = new World()
    const ann = world.join('ann').sync()
    const text = 'x'.repeat(400)
    ann.update(Array.from({ length: 3000 }, (_, index): [string, string] => [`key ${index}`, text]))
    await world.pass(1000)
    const bob = world.join('bob').sync()
    const ready = bob.ready()
    await world.pass(5)
    await bob.close()
    await expect(ready).rejects.toThrow(code('P2P_CLOSED'))
    const size = bob.size
    expect(size).toBeLessThan(3000)
    await world.pass(1000)
    expect(bob.size).toBe(size)
    expect(bob.errors).toEqual([])
    await world.until(ann.close())
    await world.pass(20_000)
    expect(world.timeline.pending).toBe(0)
  })
})
