import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Conflict, type LeaseError, type Sync, type SyncOptions, SyncError } from '../src/index.ts'
import { epoch } from './timeline.ts'
import { type Node, World } from './world.ts'

const hour = 3_600_000
const minute = 60_000
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

const conflictsOf = (sync: Sync): Conflict[] => {
  const conflicts: Conflict[] = []
  sync.on('conflict', conflict => conflicts.push(conflict))
  return conflicts
}

describe('a lease', () => {
  let world: World
  let annNode: Node
  let bobNode: Node
  let ann: Sync
  let bob: Sync
  // Rarely, since hours pass here.
  const options: SyncOptions = { compareInterval: 5 * minute }
  beforeEach(async () => {
    world = new World()
    annNode = world.join('ann')
    bobNode = world.join('bob')
    ann = annNode.sync(options)
    bob = bobNode.sync(options)
    await world.pass(1000)
  })
  afterEach(() => world.close())

  /** Nobody hears anybody while this runs. */
  const apart = async (what: () => void) => {
    world.cut(['ann'], ['bob'])
    await world.pass(10)
    what()
    await world.pass(10)
    world.cut(['ann'], ['bob'], false)
    await world.pass(100)
  }

  it('is held by the first who sets the key: others are refused, and told who holds it and until when', async () => {
    ann.set('k', 1)
    await world.pass(10)
    const refusal: unknown = (() => {
      try {
        return bob.set('k', 2)
      } catch (error) {
        return error
      }
    })()
    expect(refusal).toBeInstanceOf(SyncError)
    expect(refusal).toMatchObject({ code: 'P2P_LEASE_HELD', owner: 'ann' })
    // The write took a millisecond to bob, who counts the hour from there, and 5 s more.
    expect((refusal as LeaseError).expires).toBe(epoch + 1000 + 1 + hour + 5000)
    for (const write of [
      () => bob.delete('k'),
      () => bob.pop('k'),
      () => bob.applyDelta('k', {}),
      () => bob.update({ free: 1, k: 2 }),
      () => bob.renew('k'),
      () => bob.release('k'),
    ]) {
      expect(write).toThrow(code('P2P_LEASE_HELD'))
    }
    expect(bob.has('free')).toBe(false)
    expect([ann.get('k'), bob.get('k')]).toEqual([1, 1])
  })

  it('is told by owner(): early to its holder, late to the others', async () => {
    ann.set('k', 1)
    await world.pass(10)
    const token = ann.owner('k')?.token
    expect(ann.owner('k')).toEqual({ owner: 'ann', own: true, expires: epoch + 1000 + hour, token })
    expect(bob.owner('k')).toEqual({ owner: 'ann', own: false, expires: epoch + 1001 + hour + 5000, token })
    expect(token).toMatch(/^[0-9a-f]{60,}$/)
    expect(ann.owner('absent')).toBeUndefined()
  })

  it('lasts an hour by default, for its holder; others may take over 5 s later', async () => {
    ann.set('k', 1)
    await world.pass(hour - 1)
    expect(ann.owner('k')).toBeDefined()
    await world.pass(1)
    expect(ann.owner('k')).toBeUndefined()
    expect(() => bob.set('k', 2)).toThrow(code('P2P_LEASE_HELD'))
    await world.pass(5000)
    expect(() => bob.set('k', 2)).toThrow(code('P2P_LEASE_HELD'))
    await world.pass(1)
    bob.set('k', 2)
    await world.pass(10)
    expect([ann.get('k'), ann.owner('k')?.owner]).toEqual([2, 'bob'])
    expect(() => ann.set('k', 3)).toThrow(code('P2P_LEASE_HELD'))
  })

  it('is renewed by every write of its owner, and by renew()', async () => {
    ann.set('k', 1)
    await world.pass(50 * minute)
    ann.set('k', 2)
    await world.pass(50 * minute)
    expect(ann.renew('k')).toBe(true)
    await world.pass(50 * minute)
    expect(() => bob.set('k', 3)).toThrow(code('P2P_LEASE_HELD'))
    expect(bob.get('k')).toBe(2)
    await world.pass(10 * minute + 6000)
    bob.set('k', 3)
    expect(bob.renew('absent')).toBe(false)
  })

  it('is given up by a release, which leaves the value, and by a deletion, which does not', async () => {
    ann.set('a', 1).set('b', 2)
    await world.pass(10)
    expect(ann.release('a')).toBe(true)
    expect(ann.release('a')).toBe(false)
    ann.delete('b')
    await world.pass(10)
    expect([bob.get('a'), bob.owner('a'), bob.has('b')]).toEqual([1, undefined, false])
    bob.set('a', 3).set('b', 4)
    await world.pass(10)
    expect([ann.get('a'), ann.get('b')]).toEqual([3, 4])
    expect(() => ann.delete('a')).toThrow(code('P2P_LEASE_HELD'))
  })

  it('can be renewed by its owner after it lapsed, unless somebody took over', async () => {
    ann.set('k', 1)
    await world.pass(hour)
    const before = ann.meta('k')?.token ?? ''
    expect(ann.renew('k')).toBe(true)
    const after = ann.owner('k')?.token ?? ''
    expect(after > before).toBe(true)
    // The epoch leads a token: a new lease has a new one, for its former owner as well.
    expect(after.slice(0, 14) > before.slice(0, 14)).toBe(true)
    await world.pass(2 * hour)
    bob.set('k', 2)
    await world.pass(10)
    expect(() => ann.renew('k')).toThrow(code('P2P_LEASE_HELD'))
  })

  it('gives every write a token above all earlier ones', async () => {
    const tokens: string[] = []
    const note = () => tokens.push(bob.meta('k')?.token ?? '')
    for (const write of [
      () => ann.set('k', 1),
      () => ann.set('k', 1),
      () => ann.renew('k'),
      () => ann.release('k'),
      () => bob.set('k', 2),
      () => bob.release('k'),
      () => ann.set('k', 3),
    ]) {
      write()
      await world.pass(10)
      note()
    }
    expect([...tokens].sort()).toEqual(tokens)
    expect(new Set(tokens).size).toBe(tokens.length)
  })

  it('is popped only where it is held', async () => {
    ann.set('theirs', 1)
    await world.pass(10)
    bob.set('mine', 2)
    expect(bob.popitem()).toEqual(['mine', 2])
    expect(() => bob.popitem()).toThrow(code('P2P_KEY_ABSENT'))
    expect(bob.get('theirs')).toBe(1)
  })

  it('is decided between two that did not know of each other by the earlier start; the other is rolled back and told', async () => {
    const conflicts = conflictsOf(bob)
    const updates: unknown[] = []
    bob.on('update', (key, value) => updates.push([key, value]))
    world.cut(['ann'], ['bob'])
    ann.set('k', 'early')
    await world.pass(5)
    bob.set('k', 'late')
    await world.pass(5)
    expect([ann.get('k'), bob.get('k')]).toEqual(['early', 'late'])
    world.cut(['ann'], ['bob'], false)
    await world.pass(100)
    expect([ann.get('k'), bob.get('k')]).toEqual(['early', 'early'])
    expect(updates).toEqual([['k', 'late'], ['k', 'early']]) // prettier-ignore
    expect(conflicts).toEqual([
      {
        key: 'k',
        lost: 'late',
        value: 'early',
        meta: expect.objectContaining({ owner: 'ann', own: false }) as unknown,
      },
    ])
    expect(() => bob.set('k', 'again')).toThrow(code('P2P_LEASE_HELD'))
  })

  it('is decided between equal starts by the smaller id', async () => {
    const conflicts = conflictsOf(bob)
    await apart(() => {
      bob.set('k', 'b')
      ann.set('k', 'a')
    })
    expect([ann.get('k'), bob.get('k')]).toEqual(['a', 'a'])
    expect(conflicts).toHaveLength(1)
  })

  it('that loses only to a released one is taken anew', async () => {
    const conflicts = conflictsOf(bob)
    world.cut(['ann'], ['bob'])
    ann.set('k', 'a')
    ann.release('k')
    await world.pass(5)
    bob.set('k', 'b')
    await world.pass(5)
    world.cut(['ann'], ['bob'], false)
    await world.pass(100)
    expect([ann.get('k'), bob.get('k')]).toEqual(['b', 'b'])
    expect(ann.owner('k')?.owner).toBe('bob')
    expect(conflicts).toEqual([])
  })

  it('that loses only to a deletion is taken anew', async () => {
    world.cut(['ann'], ['bob'])
    ann.set('k', 'a')
    ann.delete('k')
    await world.pass(5)
    bob.set('k', 'b')
    world.cut(['ann'], ['bob'], false)
    await world.pass(100)
    expect([ann.get('k'), bob.get('k')]).toEqual(['b', 'b'])
  })

  it('that loses only to a lapsed one is taken anew', async () => {
    const conflicts = conflictsOf(bob)
    world.cut(['ann'], ['bob'])
    ann.set('k', 'a')
    await world.pass(2 * hour)
    bob.set('k', 'b')
    world.cut(['ann'], ['bob'], false)
    await world.pass(100)
    expect([ann.get('k'), bob.get('k')]).toEqual(['b', 'b'])
    expect(conflicts).toEqual([])
  })

  it('that was held in vain is told also to one whose lease has lapsed meanwhile', async () => {
    const conflicts = conflictsOf(bob)
    world.cut(['ann'], ['bob'])
    ann.set('k', 'a')
    bob.set('k', 'b')
    await world.pass(50 * minute)
    ann.renew('k')
    await world.pass(20 * minute)
    world.cut(['ann'], ['bob'], false)
    await world.pass(100)
    expect(bob.get('k')).toBe('a')
    expect(conflicts).toMatchObject([{ lost: 'b', value: 'a' }])
  })

  it('that was taken over after it lapsed is no conflict', async () => {
    const conflicts = conflictsOf(ann)
    ann.set('k', 'a')
    await world.pass(2 * hour)
    bob.set('k', 'b')
    await world.pass(10)
    expect(ann.get('k')).toBe('b')
    expect(conflicts).toEqual([])
  })

  it('rolls back a deletion that lost', async () => {
    const conflicts = conflictsOf(bob)
    const deleted: unknown[] = []
    bob.on('delete', key => deleted.push(key))
    world.cut(['ann'], ['bob'])
    ann.set('k', 'a')
    await world.pass(5)
    bob.set('k', 'b')
    bob.delete('k')
    world.cut(['ann'], ['bob'], false)
    await world.pass(100)
    expect(bob.get('k')).toBe('a')
    expect(deleted).toEqual(['k'])
    expect(conflicts).toMatchObject([{ lost: undefined, value: 'a' }])
  })

  it('ends for its holder when its wall clock jumps ahead, and not for the others', async () => {
    ann.set('k', 1)
    await world.pass(10)
    annNode.clock.step(2 * hour)
    bobNode.clock.step(2 * hour)
    expect(ann.owner('k')).toBeUndefined()
    expect(bob.owner('k')?.owner).toBe('ann')
    expect(() => bob.set('k', 2)).toThrow(code('P2P_LEASE_HELD'))
    await world.pass(hour + 5000)
    bob.set('k', 2)
  })

  it('ends for its holder after an hour although its wall clock was set back; for the others when that says so, too', async () => {
    ann.set('k', 1)
    await world.pass(10)
    annNode.clock.step(-hour)
    bobNode.clock.step(-hour)
    await world.pass(hour + 5000)
    expect(ann.owner('k')).toBeUndefined()
    expect(bob.owner('k')?.owner).toBe('ann')
    await world.pass(hour)
    bob.set('k', 2)
  })

  it('is as old as its owner says for one who hears of it late', async () => {
    ann.set('k', 1)
    await world.pass(40 * minute)
    const cyd = world.join('cyd', -hour).sync(options)
    await world.pass(100)
    await world.pass(20 * minute + 4000)
    expect(() => cyd.set('k', 2)).toThrow(code('P2P_LEASE_HELD'))
    await world.pass(1000)
    cyd.set('k', 2)
    await world.pass(10)
    expect(ann.get('k')).toBe(2)
  })

  it.each([
    ['a group that tells how long a broadcast was on its way', true, 0],
    ['a group that does not', false, 30_000],
  ])('is as old as it is, with %s', async (_, tellsAge, younger) => {
    world.tellsAge = tellsAge
    world.fate = ({ kind }) => ({ delay: kind === 'broadcast' ? 30_000 : 1 })
    ann.set('k', 1)
    await world.pass(31_000)
    expect(bob.owner('k')?.expires).toBe(epoch + 1000 + hour + 5000 + younger)
  })

  it('is kept when its holder closes the dictionary: the others wait for its end', async () => {
    ann.set('k', 1)
    await world.until(ann.close())
    await world.pass(100)
    expect(bob.owner('k')?.owner).toBe('ann')
    expect(() => bob.set('k', 2)).toThrow(code('P2P_LEASE_HELD'))
    await world.pass(hour + 5000)
    bob.set('k', 2)
  })

  it('of a former life is over for its owner, who takes it anew; the others go on to wait', async () => {
    ann.set('k', 1)
    await world.pass(minute)
    world.leave('ann')
    await world.pass(minute)
    // Its clock is an hour behind what it was, too.
    const again = world.join('ann', -hour).sync(options)
    again.set('other', 1)
    await world.pass(100)
    expect(again.get('k')).toBe(1)
    expect([again.owner('k'), again.release('k')]).toEqual([undefined, false])
    expect(() => bob.set('k', 3)).toThrow(code('P2P_LEASE_HELD'))
    const before = bob.meta('k')?.token ?? ''
    again.set('k', 2)
    await world.pass(100)
    expect(bob.get('k')).toBe(2)
    expect((bob.meta('k')?.token ?? '') > before).toBe(true)
    expect(again.owner('k')).toMatchObject({ owner: 'ann', own: true })
  })

  it('of a former life is never held by its owner when somebody takes it over, however late it heard of it (seed 82 of the simulator)', async () => {
    ann.set('k', 1)
    await world.pass(minute)
    world.leave('ann')
    // No age counts the time that an answer is under way.
    world.fate = ({ kind }) => ({ delay: kind === 'answer' ? 8_000 : 1 })
    const again = world.join('ann').sync(options)
    await world.until(again.ready({ timeout: minute }))
    expect(again.get('k')).toBe(1)
    await world.pass(epoch + 1000 + hour + 6000 - annNode.clock.now())
    bob.set('k', 2)
    expect(again.owner('k')?.own).not.toBe(true)
    world.fate = () => ({})
  })

  it('that its owner took again before it heard of its former life stands with its later value', async () => {
    ann.set('k', 'former')
    ann.set('k', 'former, later')
    await world.pass(minute)
    world.leave('ann')
    world.cut(['ann'], ['bob'])
    const again = world.join('ann').sync(options)
    const conflicts = conflictsOf(again)
    again.set('k', 'now')
    world.cut(['ann'], ['bob'], false)
    await world.pass(100)
    expect([again.get('k'), bob.get('k')]).toEqual(['now', 'now'])
    expect(conflicts).toEqual([])
  })

  it('is the same for all in the end when two processes have one identity', async () => {
    world.hide(annNode)
    ann.set('k', 'one')
    await world.pass(1)
    const cloneNode = world.join('ann')
    const clone = cloneNode.sync(options)
    clone.set('k', 'two')
    await world.pass(1000)
    const writes = () => [ann, clone].map(sync => sync.stats().broadcasts)
    let before: number[] = []
    for (let swap = 0; swap < 4; swap++) {
      before = writes()
      world.hide(swap % 2 === 0 ? cloneNode : annNode)
      world.show(swap % 2 === 0 ? annNode : cloneNode)
      await world.pass(1000)
    }
    expect([ann.get('k'), clone.get('k'), bob.get('k')]).toEqual(['two', 'two', 'two'])
    expect(new Set([ann, clone, bob].map(sync => sync.fingerprint())).size).toBe(1)
    expect(writes()).toEqual(before)
    world.leave('ann')
    world.show(annNode)
  })

  it('lets a key be watched: its state now, after each change, and when the lease ends', async () => {
    const seen: unknown[] = []
    const watching = (async () => {
      for await (const { value, ownership } of bob.watch('k')) seen.push([value, ownership?.owner])
      seen.push('end')
    })()
    await world.pass(10)
    ann.set('k', 1)
    await world.pass(10)
    await world.pass(2 * hour)
    bob.set('k', 2)
    await world.pass(10)
    bob.release('k')
    await world.pass(10)
    bob.delete('k')
    await world.pass(10)
    await bob.close()
    await watching
    expect(seen).toEqual([
      [undefined, undefined],
      [1, 'ann'],
      [1, undefined],
      [2, 'bob'],
      [2, undefined],
      [undefined, undefined],
      'end',
    ])
  })

  it('lets a slow watcher see the latest state only, and ends with the signal', async () => {
    const controller = new AbortController()
    const watch = ann.watch('k', { signal: controller.signal })
    for (let value = 0; value < 5; value++) ann.set('k', value)
    expect(await watch.next()).toMatchObject({ done: false, value: { value: 4 } })
    const next = watch.next()
    controller.abort()
    expect(await next).toEqual({ done: true, value: undefined })
    expect(await watch.next()).toEqual({ done: true, value: undefined })
    expect(await ann.watch('k', { signal: controller.signal }).next()).toEqual({
      done: true,
      value: undefined,
    })
  })
})

describe('without leases', () => {
  it('anybody writes, the later write wins everywhere, and nobody owns anything', async () => {
    const world = new World()
    const [ann, bob] = ['ann', 'bob'].map(id => world.join(id).sync({ leasing: false })) as [Sync, Sync]
    const conflicts = [...conflictsOf(ann), ...conflictsOf(bob)]
    await world.pass(100)
    ann.set('k', 1)
    await world.pass(10)
    bob.set('k', 2)
    await world.pass(10)
    expect([ann.get('k'), bob.get('k')]).toEqual([2, 2])
    expect(ann.meta('k')).toMatchObject({ owner: 'bob', own: false, token: undefined })
    expect([ann.owner('k'), bob.owner('k'), bob.renew('k'), bob.release('k')]).toEqual([
      undefined,
      undefined,
      false,
      false,
    ])
    // At one moment: the smaller id.
    bob.set('k', 'b')
    ann.set('k', 'a')
    await world.pass(10)
    expect([ann.get('k'), bob.get('k')]).toEqual(['a', 'a'])
    ann.delete('k')
    await world.pass(10)
    expect(bob.has('k')).toBe(false)
    expect(conflicts).toEqual([])
    await world.close()
  })

  it('a write that knew of another one is later, whatever the clocks say', async () => {
    const world = new World()
    const ann = world.join('ann', 3_000_000).sync({ leasing: false })
    const bob = world.join('bob', -3_000_000).sync({ leasing: false })
    await world.pass(100)
    ann.set('k', 'first')
    await world.pass(10)
    bob.set('k', 'second')
    await world.pass(10)
    expect([ann.get('k'), bob.get('k')]).toEqual(['second', 'second'])
    await world.close()
  })
})
