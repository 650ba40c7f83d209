import { plainWrite, type Value } from '@p2p/replica'
import { describe, expect, it } from 'vitest'
import { ChordNode } from '../src/chord-node.ts'
import { positionsOfKey } from '../src/hashes.ts'
import { isBetween, ringSize } from '../src/index.ts'
import { leastEfficient } from '../src/least-efficient.ts'
import { checkOptions } from '../src/options.ts'
import { toPosition } from '../src/position.ts'
import { vectors } from './vectors.ts'
import { FakeMessenger, World } from './world.ts'

interface Vector<Inputs, Expect> {
  readonly name: string
  readonly inputs: Inputs
  readonly expect: Expect
}

type LeastVector = Vector<
  { readonly self: string; readonly peers: readonly { readonly id: string; readonly outgoing: boolean }[] },
  { readonly returned: boolean; readonly killed: string | null }
>
type FindVector = Vector<
  {
    readonly self: string
    readonly storing_peers: readonly string[]
    readonly key: string
    readonly leeching: boolean
  },
  { readonly find: string | null; readonly find_prev: string | null }
>
type DumpVector = Vector<
  { readonly start: string; readonly end: string; readonly keys: readonly string[] },
  { readonly selected: readonly string[] }
>
type MajorityVector = Vector<
  { readonly values: readonly (Value | null)[] },
  { readonly resolves: boolean; readonly value: unknown }
>

describe('as py2p did', () => {
  it.each(vectors('chord_least_efficient') as LeastVector[])(
    'spares the peer between the two that are nearest to each other: $name',
    ({ inputs, expect: { returned, killed } }) => {
      const peers = inputs.peers.map(({ id, outgoing }) => ({ id, outgoing, position: BigInt(id) }))
      const spared = leastEfficient(peers, ({ outgoing }) => outgoing)
      expect(spared !== undefined).toBe(returned)
      expect(spared?.id ?? null).toBe(killed)
    },
  )

  // Who leeches and is alone has no next hop there; here it is itself, for a contact is what is asked for.
  it.each((vectors('chord_find') as FindVector[]).filter(({ name }) => name !== 'leeching-alone'))(
    'names the known process at or before a position, and at or after it: $name',
    ({ inputs, expect: { find, find_prev: findPrevious } }) => {
      const world = new World()
      const messenger = new FakeMessenger(world, 'self')
      const settings = checkOptions({ clock: messenger.clock, random: world.random, points: 1 })
      const pointOf = (id: string) => toPosition(BigInt(id === 'self' ? inputs.self : id))
      const chord = new ChordNode(messenger, { ...settings, pointOf })
      const { circle } = chord.engine
      circle.create()
      for (const id of inputs.storing_peers) circle.members.add(circle.members.of({ id, addresses: [] }))
      expect(chord.nextHop(BigInt(inputs.key)).id).toBe(find)
      expect(chord.previousHop(BigInt(inputs.key)).id).toBe(findPrevious)
    },
  )

  it.each(vectors('chord_dump_data') as DumpVector[])(
    'takes for an arc what is nearer to its beginning than to its end: $name',
    ({ inputs: { start, end, keys }, expect: { selected } }) => {
      const [from, to] = [BigInt(start) - 1n, BigInt(end) - 1n]
      expect(keys.filter(key => isBetween(BigInt(key), from, to))).toEqual(selected)
    },
  )

  it.each(vectors('chord_majority') as MajorityVector[])(
    'gets what three of five tables hold: $name',
    async ({ inputs: { values }, expect: { resolves, value } }) => {
      // The tables are asked three at a time, each time beginning with another one.
      for (let turn = 0; turn < values.length; turn++) {
        const world = new World()
        const chord = world.node('alone')
        await world.run(chord.join())
        for (let reading = 0; reading < turn; reading++) await world.run(chord.has('another key'))
        const positions = positionsOfKey('key')
        values.forEach((each, table) => {
          if (each === null) return
          const time = Date.UTC(2026, 0, 1) + JSON.stringify(each).charCodeAt(1)
          const base = plainWrite('writer', { time, count: 0 }, 'held', each)
          chord.engine.store.put(table, positions[table] as string, { key: 'key', base, fields: undefined })
        })
        const got = world.run(chord.get('key', { default: 'default' }))
        expect(await got, `${turn}`).toEqual(resolves ? value : 'default')
        await chord.close()
      }
    },
  )
})

describe('disconnectLeastEfficient', () => {
  it('closes the link to the known process that is missed least, and none that a place or a finger needs', async () => {
    const world = new World(3)
    const ring = await world.ring(24, { points: 1 })
    await world.pass(5_000)
    const chord = ring[0] as ChordNode
    const { circle } = chord.engine
    const closed: string[] = []
    Object.assign(world.nodes.get('n0') as FakeMessenger, { disconnect: (id: string) => closed.push(id) })
    const needed = new Set([...circle.needed()].map(({ id }) => id))
    const known = chord.dataStoring.length
    expect(known).toBeGreaterThan(needed.size)
    while (chord.disconnectLeastEfficient());
    expect(closed.length).toBe(known - needed.size)
    for (const id of closed) expect(needed.has(id)).toBe(false)
    expect(chord.dataStoring.map(({ id }) => id).sort()).toEqual([...needed].sort())
    for (const each of ring) await each.close()
  })
})

describe('dump', () => {
  it("gives this node's entries of an arc by table, and all of them by default", async () => {
    const world = new World(4)
    const [chord] = (await world.ring(1)) as [ChordNode]
    const keys = Array.from({ length: 40 }, (_, index) => `key ${index}`)
    await world.run(chord.update(keys.map(key => [key, key] as const)))
    const [start, end] = [ringSize / 4n, ringSize / 2n]
    for (const [from, to] of [
      [start, end],
      [end, start],
      [0n, ringSize - 1n],
    ] as const) {
      const lies = (position: bigint) =>
        from <= to ? from <= position && position <= to : from <= position || position <= to
      const dumped = chord.dump(from, to)
      expect(dumped).toHaveLength(5)
      dumped.forEach((table, index) => {
        const expected = keys.filter(key => lies(BigInt(`0x${positionsOfKey(key)[index] as string}`)))
        expect(table.map(({ key, value }) => [key, value]).sort()).toEqual(
          expected.map(key => [key, key]).sort(),
        )
      })
    }
    expect(chord.dump().map(table => table.length)).toEqual([40, 40, 40, 40, 40])
    await chord.close()
  })
})
