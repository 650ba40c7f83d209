import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Sync, SyncOptions, Value } from '../src/index.ts'
import { epoch } from './timeline.ts'
import { type Passing, World } from './world.ts'

const minute = 60_000
const day = 86_400_000
const code = (expected: string): unknown => expect.objectContaining({ code: expected })
const sorted = (sync: Sync): unknown[] => [...sync].sort(([a], [b]) => (a < b ? -1 : 1))

let world: World
let passing: Passing[]
beforeEach(() => {
  world = new World()
  passing = []
  world.fate = message => {
    passing.push(message)
    return {}
  }
})
afterEach(() => world.close())

const join = (id: string, options: SyncOptions = {}, clockError = 0): Sync =>
  world.join(id, clockError).sync(options)
const requests = (type: string): Passing[] =>
  passing.filter(({ kind, body }) => kind === 'request' && (body as { type: string }).type === type)
/** Entries that went from one node to another. */
const carried = (): number =>
  passing.reduce(
    (count, { body }) => count + ((body as { entries?: unknown[] } | null)?.entries?.length ?? 0),
    0,
  )
const sizeOf = (body: unknown): number => JSON.stringify(body).length

describe('a node that comes late', () => {
  it('gets everything, deletions included, and tells of it', async () => {
    const ann = join('ann')
    ann.update({ a: 1, b: { c: [2] }, gone: 3 })
    ann.set(new Uint8Array([0xff]), new Uint8Array([7]))
    ann.delete('gone')
    await world.pass(1000)
    const bob = join('bob')
    const told: unknown[] = []
    bob.on('update', (key, value, meta) => told.push([key, value, meta.owner, meta.own]))
    const ready = bob.ready()
    await world.until(ready)
    expect(sorted(bob)).toEqual(sorted(ann))
    expect(bob.stats()).toMatchObject({ entries: 3, tombstones: 1 })
    expect(bob.fingerprint()).toBe(ann.fingerprint())
    // The vectors said what was needed: nothing had to be searched for.
    expect(requests('ranges')).toEqual([])
    expect(told).toContainEqual(['b', { c: [2] }, 'ann', false])
    expect(told).toHaveLength(3)
    // It goes on as a member.
    ann.set('d', 4)
    await world.pass(10)
    expect(bob.get('d')).toBe(4)
  })

  it('gets a large dictionary page by page, each entry once', async () => {
    const ann = join('ann')
    ann.update(
      Array.from({ length: 2500 }, (_, index): [string, Value] => [
        `key ${index}`,
        { size: index, text: 'x'.repeat(1100) },
      ]),
    )
    await world.pass(1000)
    passing = []
    const bob = join('bob')
    const cyd = join('cyd')
    await world.until(Promise.all([bob.ready(), cyd.ready()]))
    await world.pass(1000)
    expect(bob.size).toBe(2500)
    expect([bob.fingerprint(), cyd.fingerprint()]).toEqual([ann.fingerprint(), ann.fingerprint()])
    expect(carried()).toBe(5000)
    expect(Math.max(...passing.map(({ body }) => sizeOf(body)))).toBeLessThan(700_000)
    expect(requests('pull').length).toBeGreaterThan(10)
    expect(requests('ranges')).toEqual([])
  })

  it('is ready only when it has caught up with somebody', async () => {
    const ann = join('ann')
    const alone = ann.ready({ timeout: 5000 })
    await expect(world.until(alone)).rejects.toThrow(code('P2P_TIMEOUT'))
    const controller = new AbortController()
    const aborted = ann.ready({ signal: controller.signal })
    controller.abort()
    await expect(aborted).rejects.toThrow(code('P2P_ABORTED'))
    const both = ann.ready()
    const bob = join('bob')
    await world.until(Promise.all([both, bob.ready()]))
    await ann.ready({ timeout: 0 })
  })

  it('catches up when its neighbour has the dictionary later than the link', async () => {
    const [annNode, bobNode] = [world.join('ann'), world.join('bob')]
    const ann = annNode.sync()
    ann.set('k', 1)
    await world.pass(5000)
    const bob = bobNode.sync()
    await world.until(bob.ready())
    expect(bob.get('k')).toBe(1)
    expect(ann.errors).toEqual([])
  })
})

describe('catching up', () => {
  it('costs one small request when both have the same', async () => {
    const [ann, bob] = [join('ann'), join('bob')]
    ann.update(Array.from({ length: 1000 }, (_, index): [string, Value] => [`key ${index}`, index]))
    await world.pass(60_000)
    passing = []
    expect(await world.until(bob.flushed())).toBe(1)
    expect(passing.map(({ kind }) => kind)).toEqual(['request', 'answer'])
    expect(passing.reduce((sum, { body }) => sum + sizeOf(body), 0)).toBeLessThan(1000)
  })

  it('transfers what is new since the last time, not the rest', async () => {
    const [ann, bob] = [join('ann'), join('bob')]
    ann.update(Array.from({ length: 1000 }, (_, index): [string, Value] => [`ann ${index}`, index]))
    await world.pass(30_000)
    world.cut(['ann'], ['bob'])
    ann.set('of ann', 1)
    bob.set('of bob', 2)
    await world.pass(10)
    passing = []
    world.cut(['ann'], ['bob'], false)
    await world.pass(1000)
    expect([ann.get('of bob'), bob.get('of ann')]).toEqual([2, 1])
    expect(carried()).toBe(2)
  })

  it('finds a lost broadcast within a few comparisons', async () => {
    const [ann, bob] = [join('ann'), join('bob')]
    await world.pass(1000)
    world.fate = ({ kind }) => ({ copies: kind === 'broadcast' ? 0 : 1 })
    ann.set('k', 1)
    await world.pass(15_000)
    expect(bob.get('k')).toBe(1)
  })

  it('finds what the vectors do not tell of, among thousands, without transferring them', async () => {
    const ann = join('ann')
    const bob = join('bob')
    ann.update(Array.from({ length: 2000 }, (_, index): [string, Value] => [`key ${index}`, index]))
    await world.pass(30_000)
    world.leave('ann')
    // Back with nothing and a clock of an hour ago: what it writes before it hears of its former life is below what bob has of it.
    world.cut(['ann'], ['bob'])
    const again = join('ann', {}, -60 * minute)
    again.set('x', 1)
    await world.pass(10)
    passing = []
    world.cut(['ann'], ['bob'], false)
    await world.pass(1000)
    expect(bob.get('x')).toBe(1)
    expect(again.size).toBe(2001)
    expect(again.fingerprint()).toBe(bob.fingerprint())
    expect(carried()).toBeLessThan(2010)
    expect(requests('ranges').length).toBeGreaterThan(0)
  })

  it('finds differences on both sides by ranges, without a vector to begin with', async () => {
    const options = { leasing: false } as const
    const [ann, bob] = [join('ann', options), join('bob', options)]
    ann.update(Array.from({ length: 1000 }, (_, index): [string, Value] => [`key ${index}`, index]))
    await world.pass(60_000)
    world.leave('ann')
    world.cut(['ann'], ['bob'])
    const again = join('ann', options, -60 * minute)
    for (let index = 0; index < 100; index++) again.set(`new ${index}`, index)
    again.applyDelta('map', { of: 'ann' })
    bob.applyDelta('map', { by: 'bob' })
    bob.delete('key 7')
    await world.pass(10)
    world.cut(['ann'], ['bob'], false)
    await world.pass(3000)
    expect(sorted(again)).toEqual(sorted(bob))
    expect(again.size).toBe(1000 - 1 + 100 + 1)
    expect(again.get('map')).toEqual({ of: 'ann', by: 'bob' })
  })

  it('gives an owner who lost its memory all that it wrote before, without a search', async () => {
    const ann = join('ann')
    const bob = join('bob')
    ann.update(Array.from({ length: 100 }, (_, index): [string, Value] => [`key ${index}`, index]))
    await world.pass(30_000)
    world.leave('ann')
    world.cut(['ann'], ['bob'])
    const again = join('ann')
    again.set('x', 1)
    await world.pass(10)
    passing = []
    world.cut(['ann'], ['bob'], false)
    await world.pass(1000)
    expect([again.size, bob.size]).toEqual([101, 101])
    expect(requests('ranges')).toEqual([])
  })

  it('counts the time that it takes as age of the leases that it brings', async () => {
    const ann = join('ann')
    const bob = join('bob')
    bob.update(
      Array.from({ length: 2000 }, (_, index): [string, Value] => [`key ${index}`, 'x'.repeat(1000)]),
    )
    await world.pass(60_000)
    world.cut(['ann'], ['bob'])
    world.leave('ann')
    const again = join('ann')
    again.set('k', 1)
    const written = world.timeline.now
    world.fate = () => ({ delay: 4000 })
    world.cut(['ann'], ['bob'], false)
    await world.pass(120_000)
    expect(ann.has('k')).toBe(false)
    expect(world.timeline.now - written).toBeGreaterThan(100_000)
    const expires = (bob.owner('k')?.expires ?? 0) - epoch
    // Ann's hour, the 5 s of grace, and the 4 s of the last message.
    expect(expires).toBe(written + 60 * minute + 5000 + 4000)
  })

  it('brings what two sides of a partition wrote to everybody within seconds, along a line of nodes', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    ids.forEach((left, index) => world.cut([left], ids.slice(index + 2)))
    const syncs = ids.map(id => join(id))
    await world.pass(10_000)
    world.cut(['d'], ['e'])
    await world.pass(10)
    ;(syncs[0] as Sync).set('left', 1)
    ;(syncs[7] as Sync).set('right', 2)
    await world.pass(2000)
    world.cut(['d'], ['e'], false)
    await world.pass(4000)
    for (const sync of syncs) expect(sorted(sync)).toEqual([['left', 1], ['right', 2]]) // prettier-ignore
  })

  it.each([
    ['drives it', 'abe'],
    ['answers', 'zoe'],
  ])(
    'that breaks off is done again, and claims nothing before it is complete: the one who lacks %s',
    async (_, id) => {
      const bob = join('bob')
      bob.update(
        Array.from({ length: 2000 }, (_, index): [string, Value] => [`key ${index}`, 'x'.repeat(700)]),
      )
      await world.pass(1000)
      await bob.flushed()
      const late = join(id)
      await world.pass(8)
      world.cut([id], ['bob'])
      await world.pass(100)
      expect(late.size).toBeGreaterThan(0)
      expect(late.size).toBeLessThan(2000)
      passing = []
      world.cut([id], ['bob'], false)
      await world.pass(1000)
      expect(requests('ranges')).toEqual([])
      expect(late.fingerprint()).toBe(bob.fingerprint())
      expect(late.errors).toEqual([])
    },
  )

  it('is tried again when a neighbour does not answer', async () => {
    const [ann, bob] = [join('ann'), join('bob')]
    world.fate = ({ kind }) => ({ copies: kind === 'request' ? 0 : 1 })
    ann.set('before', 1)
    await world.pass(30_000)
    expect(bob.stats().brokenOff).toBeGreaterThan(0)
    world.fate = () => ({})
    await world.until(bob.ready({ timeout: 60_000 }))
    expect(bob.errors).toEqual([])
  })
})

describe('flushed()', () => {
  it('resolves with the number of neighbours that have all that was written', async () => {
    const [ann, bob, cyd] = [join('ann'), join('bob'), join('cyd')]
    await world.pass(1000)
    // Nothing but requests gets through, so that only they can have brought it.
    world.fate = ({ kind }) => ({ copies: kind === 'broadcast' ? 0 : 1 })
    ann.set('k', 1)
    expect(await world.until(ann.flushed())).toBe(2)
    expect([bob.get('k'), cyd.get('k')]).toEqual([1, 1])
  })

  it('resolves with 0 for a node that is alone, and does not count one that goes away or keeps no such dictionary', async () => {
    const ann = join('ann')
    expect(await ann.flushed()).toBe(0)
    join('bob')
    join('cyd')
    world.join('dan')
    await world.pass(1000)
    ann.set('k', 1)
    const flushed = ann.flushed()
    world.leave('cyd')
    expect(await world.until(flushed)).toBe(1)
  })

  it('rejects at its deadline, when it is given up, and when the dictionary is closed', async () => {
    const ann = join('ann')
    join('bob')
    await world.pass(1000)
    world.fate = () => ({ copies: 0 })
    await expect(world.until(ann.flushed({ timeout: 3000 }))).rejects.toThrow(code('P2P_TIMEOUT'))
    const closing = ann.flushed()
    closing.catch(() => undefined)
    await world.until(ann.close())
    await expect(closing).rejects.toThrow(code('P2P_CLOSED'))
  })
})

describe('a deletion', () => {
  const options = { tombstoneLife: 2 * day, compareInterval: 10 * minute }

  it('is remembered for its life and forgotten by all after it', async () => {
    const syncs = ['ann', 'bob', 'cyd'].map(id => join(id, options))
    const [ann, bob] = syncs as [Sync, Sync]
    ann.set('k', 1)
    await world.pass(1000)
    ann.delete('k')
    await world.pass(2 * day - 2000)
    expect(syncs.map(sync => sync.stats().tombstones)).toEqual([1, 1, 1])
    await world.pass(30 * minute)
    expect(syncs.map(sync => sync.stats().tombstones)).toEqual([0, 0, 0])
    expect(new Set(syncs.map(sync => sync.fingerprint())).size).toBe(1)
    expect(bob.stats().bytes).toBe(0)
  })

  it('leaves no trace in a fingerprint that was never asked for', async () => {
    const ann = join('ann', options)
    ann.set('k', 1)
    ann.delete('k')
    await world.pass(2 * day + 30 * minute)
    expect(ann.stats().tombstones).toBe(0)
    expect(ann.fingerprint()).toBe('0'.repeat(32))
  })

  it('reaches a node that was away for less than its life', async () => {
    const [ann, bob] = [join('ann', options), join('bob', options)]
    ann.set('k', 1)
    await world.pass(1000)
    world.cut(['ann'], ['bob'])
    ann.delete('k')
    await world.pass(2 * day - minute)
    world.cut(['ann'], ['bob'], false)
    await world.pass(1000)
    expect([ann.has('k'), bob.has('k')]).toEqual([false, false])
    await world.pass(day)
    expect([ann.has('k'), bob.has('k')]).toEqual([false, false])
  })

  it('is undone by a node that was away for longer: README says so', async () => {
    const [ann, bob] = [join('ann', options), join('bob', options)]
    ann.set('k', 1)
    await world.pass(1000)
    world.cut(['ann'], ['bob'])
    ann.delete('k')
    await world.pass(2 * day + 30 * minute)
    world.cut(['ann'], ['bob'], false)
    await world.pass(1000)
    expect([ann.get('k'), bob.get('k')]).toEqual([1, 1])
  })

  it('is followed by greater tokens also after it is forgotten', async () => {
    const [ann, bob] = [join('ann', options), join('bob', options, -20 * 60 * minute)]
    await world.pass(1000)
    ann.set('k', 1)
    for (let takeover = 0; takeover < 5; takeover++) {
      ann.release('k')
      await world.pass(10)
      bob.set('k', 2)
      bob.release('k')
      await world.pass(10)
      ann.set('k', 3)
    }
    const token = ann.owner('k')?.token ?? ''
    ann.delete('k')
    await world.pass(2 * day + 30 * minute)
    expect(bob.stats().tombstones).toBe(0)
    bob.set('k', 4)
    expect((bob.owner('k')?.token ?? '') > token).toBe(true)
  })
})

describe('a stamp from the future', () => {
  it('is refused with a code beyond a day, neither stored nor passed on; up to a day it is taken', async () => {
    const [ann, bob] = [join('ann'), join('bob')]
    await world.pass(1000)
    const eve = join('eve', {}, day + minute)
    eve.set('k', 1)
    await world.pass(20_000)
    expect([ann.has('k'), bob.has('k')]).toEqual([false, false])
    expect(bob.errors).toContainEqual(expect.objectContaining({ code: 'P2P_STAMP_AHEAD', peer: 'eve' }))
    expect(bob.stats().tombstones + bob.size).toBe(0)
    // Once the time has come, all is well; what eve said to have was not believed before.
    world.cut(['eve'], ['ann', 'bob'])
    await world.pass(minute)
    passing = []
    world.cut(['eve'], ['ann', 'bob'], false)
    await world.pass(1000)
    expect(requests('ranges')).toEqual([])
    expect([ann.get('k'), bob.get('k')]).toEqual([1, 1])
    const dan = join('dan', {}, day - minute)
    dan.set('soon', 1)
    await world.pass(100)
    expect([ann.get('soon'), bob.get('soon')]).toEqual([1, 1])
  })

  it('is not made by a node whose own clock was set back by days: it says so', async () => {
    const node = world.join('ann')
    const ann = node.sync()
    ann.set('k', 1)
    node.clock.step(-2 * day)
    expect(() => ann.set('k', 2)).toThrow(code('P2P_STAMP_AHEAD'))
    expect(ann.get('k')).toBe(1)
  })
})
