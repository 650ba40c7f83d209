import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SyncOptions } from '../src/index.ts'
import { epoch } from './timeline.ts'
import { type Passing, World } from './world.ts'

// What PROTOCOL.md says, on the wire.
const life = 604_800_000
const firstEpoch = Math.floor(epoch / (life / 2)) * 2 ** 20 + 1

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

const join = (id: string, options: SyncOptions = {}) => world.join(id).sync(options)
const broadcasts = () => passing.filter(({ kind }) => kind === 'broadcast').map(({ body }) => body)

describe('a broadcast', () => {
  it('with leases has settings and entries of the origin', async () => {
    const ann = join('ann')
    join('bob')
    await world.pass(100)
    const at = epoch + 100
    ann.set('k', { a: [1] })
    ann.set(new Uint8Array([0xff]), 2)
    ann.set('gone', 3)
    await world.pass(10)
    ann.release('k')
    ann.delete('gone')
    await world.pass(10)
    const raw = new Uint8Array([0xff])
    expect(broadcasts()).toEqual([
      {
        settings: [3_600_000, life],
        entries: [
          ['k', 0, firstEpoch, at, 0, at, 0, 0, 0, { a: [1] }],
          [raw, 0, firstEpoch, at, 1, at, 1, 0, 0, 2],
          ['gone', 0, firstEpoch, at, 2, at, 2, 0, 0, 3],
        ],
      },
      {
        settings: [3_600_000, life],
        entries: [
          ['k', 0, firstEpoch, at, 0, at + 10, 0, 1, 0, { a: [1] }],
          ['gone', 0, firstEpoch, at, 2, at + 10, 1, 2, 0, null],
        ],
      },
    ])
  })

  it('without leases has a base, or fields, or both', async () => {
    const ann = join('ann', { leasing: false })
    join('bob', { leasing: false })
    await world.pass(100)
    const at = epoch + 100
    ann.set('k', { a: 1 })
    ann.set('gone', 1)
    await world.pass(10)
    ann.applyDelta('k', { b: 2, a: 3 })
    ann.delete('gone')
    await world.pass(10)
    expect(broadcasts()).toEqual([
      { settings: [0, life], entries: [['k', [0, at, 0, 0, { a: 1 }], []], ['gone', [0, at, 1, 0, 1], []]] }, // prettier-ignore
      {
        settings: [0, life],
        entries: [
          ['k', null, [['b', 0, at + 10, 0, 2], ['a', 0, at + 10, 0, 3]]], // prettier-ignore
          ['gone', [0, at + 10, 1, 2, null], []],
        ],
      },
    ])
  })

  it('takes all that was written in one turn, a key once, in pieces of about 256 KiB, not all at one moment', async () => {
    const ann = join('ann')
    const bob = join('bob')
    await world.pass(100)
    for (let round = 0; round < 3; round++) ann.set('same', round)
    for (let index = 0; index < 60; index++) ann.set(`key ${index}`, 'x'.repeat(100_000))
    await world.pass(1)
    const sizes = broadcasts().map(body => JSON.stringify(body).length)
    expect(sizes).toHaveLength(16)
    for (const size of sizes) expect(size).toBeLessThan(400_000)
    await world.pass(100)
    expect(bob.size).toBe(61)
    expect(bob.get('same')).toBe(2)
    expect(broadcasts().flatMap(body => (body as { entries: unknown[] }).entries)).toHaveLength(61)
  })

  it('that the group does not take is reported, and what was in it comes to the others by catching up', async () => {
    const node = world.join('ann')
    const ann = node.sync()
    const bob = join('bob')
    await world.pass(100)
    const full = new Error('a queue is full')
    node.broadcast = () => {
      throw full
    }
    ann.set('k', 1)
    await world.pass(100)
    expect(ann.errors).toEqual([expect.objectContaining({ code: 'P2P_BROADCAST_FAILED', cause: full })])
    expect(bob.has('k')).toBe(false)
    expect(await world.until(ann.flushed())).toBe(1)
    expect(bob.get('k')).toBe(1)
  })
})

describe('catching up', () => {
  const said = () => passing.map(({ from, kind, body }) => [from, kind, body])
  const zero = new Uint8Array(16)

  it('goes through open, pull, compare and finish', async () => {
    const bob = join('bob')
    bob.set('k', 1)
    await world.pass(1000)
    passing = []
    const ann = join('ann')
    await world.pass(100)
    const fingerprint = Uint8Array.from(Buffer.from(bob.fingerprint(), 'hex'))
    const settings = [3_600_000, life]
    // A message takes a millisecond.
    expect(said()).toEqual([
      ['ann', 'request', { type: 'open', settings, clock: [epoch + 1000, 0], vector: [], fingerprint: zero }],
      ['bob', 'answer', { settings, clock: [epoch + 1001, 0], vector: [], fingerprint }],
      ['ann', 'request', { type: 'pull' }],
      ['bob', 'answer', { owners: ['bob'], entries: [['k', 0, firstEpoch, epoch, 0, epoch, 0, 0, 1003, 1]], more: false }], // prettier-ignore
      ['ann', 'request', { type: 'compare', clock: [epoch + 1004, 0] }],
      ['bob', 'answer', { clock: [epoch + 1005, 0], fingerprint }],
      ['ann', 'request', { type: 'finish' }],
      ['bob', 'answer', {}],
    ])
    expect(ann.fingerprint()).toBe(bob.fingerprint())
  })

  it('then says in its vector what is known', async () => {
    const bob = join('bob')
    bob.set('k', 1)
    const ann = join('ann')
    await world.pass(100)
    ann.set('l', 2)
    await world.until(ann.flushed())
    passing = []
    await world.until(bob.flushed())
    const vectors = passing.map(
      ({ body }) =>
        new Map((body as { vector: [string, ...number[]][] }).vector.map(([id, ...stamp]) => [id, stamp])),
    )
    expect(vectors).toEqual([
      new Map([['bob', [epoch, 0]], ['ann', [epoch + 100, 0]]]), // prettier-ignore
      new Map([['ann', [epoch + 100, 0]], ['bob', [epoch, 0]]]), // prettier-ignore
    ])
  })
})
