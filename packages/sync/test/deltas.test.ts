import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Sync } from '../src/index.ts'
import { World } from './world.ts'

const code = (expected: string): unknown => expect.objectContaining({ code: expected })

let world: World
beforeEach(() => {
  world = new World()
})
afterEach(() => world.close())

const pair = async (options: Parameters<ReturnType<World['join']>['sync']>[0]): Promise<[Sync, Sync]> => {
  const syncs = ['ann', 'bob'].map(id => world.join(id).sync(options)) as [Sync, Sync]
  await world.pass(1000)
  return syncs
}

describe('a delta without leases', () => {
  const options = { leasing: false, limits: { valueSize: 200 } } as const

  it('changes the members that it names and leaves the others', async () => {
    const [ann, bob] = await pair(options)
    ann.set('k', { a: 1, b: { deep: 1 } })
    await world.pass(10)
    bob.applyDelta('k', { b: 2, c: 3 })
    await world.pass(10)
    expect([ann.get('k'), bob.get('k')]).toEqual([{ a: 1, b: 2, c: 3 }, { a: 1, b: 2, c: 3 }]) // prettier-ignore
    expect(ann.meta('k')?.owner).toBe('bob')
  })

  it('starts an absent or deleted key as an empty map', async () => {
    const [ann, bob] = await pair(options)
    ann.applyDelta('new', { a: 1 })
    ann.set('gone', { old: 1 })
    ann.delete('gone')
    ann.applyDelta('gone', { a: 1 })
    await world.pass(10)
    expect([bob.get('new'), bob.get('gone')]).toEqual([{ a: 1 }, { a: 1 }])
    ann.applyDelta('nothing', {})
    expect(ann.has('nothing')).toBe(false)
  })

  it('survives a concurrent one to another member; of two to one member the later wins', async () => {
    const [ann, bob] = await pair(options)
    ann.set('k', {})
    await world.pass(10)
    world.cut(['ann'], ['bob'])
    ann.applyDelta('k', { a: 1, both: 'ann' })
    await world.pass(1)
    bob.applyDelta('k', { b: 2, both: 'bob' })
    world.cut(['ann'], ['bob'], false)
    await world.pass(100)
    expect(ann.get('k')).toEqual({ a: 1, b: 2, both: 'bob' })
    expect(bob.fingerprint()).toBe(ann.fingerprint())
  })

  it('was the last write for all nodes alike, of two in one moment that by the smaller id', async () => {
    const [ann, bob] = await pair(options)
    bob.applyDelta('k', { b: 1 })
    ann.applyDelta('k', { a: 1 })
    await world.pass(10)
    expect([ann.meta('k')?.owner, bob.meta('k')?.owner]).toEqual(['ann', 'ann'])
  })

  it('does not survive a later set or deletion of the whole', async () => {
    const [ann, bob] = await pair(options)
    ann.applyDelta('k', { a: 1 })
    await world.pass(10)
    bob.set('k', { z: 1 })
    await world.pass(10)
    expect(ann.get('k')).toEqual({ z: 1 })
    ann.applyDelta('k', { a: 2 })
    bob.delete('k')
    await world.pass(10)
    // At one moment: ann has the smaller id, so its delta is the later write, and starts from nothing.
    expect([ann.get('k'), bob.get('k')]).toEqual([{ a: 2 }, { a: 2 }])
  })

  it('arrives also when it comes before what it was applied to', async () => {
    const [ann, bob] = await pair(options)
    world.fate = ({ body }) => ({ delay: JSON.stringify(body).includes('first') ? 500 : 1 })
    ann.set('k', { first: 1 })
    await world.pass(10)
    ann.applyDelta('k', { second: 2 })
    await world.pass(100)
    expect(bob.get('k')).toEqual({ second: 2 })
    await world.pass(500)
    expect(bob.get('k')).toEqual({ first: 1, second: 2 })
  })

  it('is refused where something else than a map is, where it is none, and where the value would be too large', async () => {
    const [ann] = await pair(options)
    ann.set('list', [1]).set('k', { a: 'x'.repeat(150) })
    expect(() => ann.applyDelta('list', { a: 1 })).toThrow(TypeError)
    expect(() => ann.applyDelta('k', [1] as never)).toThrow(TypeError)
    expect(() => ann.applyDelta('k', { b: () => 1 })).toThrow(TypeError)
    expect(() => ann.applyDelta('k', { b: 'y'.repeat(60) })).toThrow(code('P2P_VALUE_TOO_LARGE'))
    expect(ann.get('k')).toEqual({ a: 'x'.repeat(150) })
  })

  it('in one turn with others and with a set is one broadcast of what is there in the end', async () => {
    const [ann, bob] = await pair(options)
    const bodies: unknown[] = []
    world.fate = ({ kind, body }) => {
      if (kind === 'broadcast') bodies.push(body)
      return {}
    }
    ann.applyDelta('k', { a: 1 })
    ann.set('k', { b: 2 })
    ann.applyDelta('k', { c: 3 })
    ann.applyDelta('other', { a: 1 })
    ann.applyDelta('other', { b: 2 })
    await world.pass(10)
    expect(bodies).toHaveLength(1)
    expect([bob.get('k'), bob.get('other')]).toEqual([{ b: 2, c: 3 }, { a: 1, b: 2 }]) // prettier-ignore
  })
})

describe('a delta with leases', () => {
  it('is applied by the owner of the key, or takes an open key', async () => {
    const [ann, bob] = await pair({})
    ann.applyDelta('k', { a: 1 })
    ann.applyDelta('k', { b: 2 })
    await world.pass(10)
    expect(bob.get('k')).toEqual({ a: 1, b: 2 })
    expect(() => bob.applyDelta('k', { c: 3 })).toThrow(code('P2P_LEASE_HELD'))
    ann.release('k')
    await world.pass(10)
    bob.applyDelta('k', { c: 3 })
    await world.pass(10)
    expect(ann.get('k')).toEqual({ a: 1, b: 2, c: 3 })
    expect(ann.owner('k')?.owner).toBe('bob')
  })
})
