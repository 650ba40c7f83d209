import { describe, expect, it } from 'vitest'
import type { ChordNode } from '../src/chord-node.ts'
import { Fingers } from '../src/fingers.ts'
import type { Member, Point } from '../src/member.ts'
import { toPosition } from '../src/position.ts'
import { World } from './world.ts'

/** `CHORD_NODES=4096 npx vitest run test/hops.test.ts` for more. */
const sizes = (process.env['CHORD_NODES'] ?? '32').split(',').map(Number)
const lookUps = 1_000

/** A converged ring of one point a process, fingers forced, written down from what everybody would find out. */
const converged = (world: World, count: number): ChordNode[] => {
  const chords = Array.from({ length: count }, (_, index) =>
    world.node(`n${index}`, { points: 1, limits: { known: 0 }, interval: 1e9, repairInterval: 1e9 }),
  )
  const sorted = [...chords].sort((a, b) => (a.id < b.id ? -1 : 1))
  const positions = sorted.map(chord => toPosition(chord.id))
  const ownerOf = (position: string) => {
    const index = positions.findIndex(each => each >= position)
    return index < 0 ? 0 : index
  }
  sorted.forEach(({ engine: { circle } }, index) => {
    const point = circle.self.points[0] as Point
    const known = (at: number): Point => {
      const { self } = (sorted[at % count] as ChordNode).engine.circle
      const member: Member = circle.members.of(self.contact)
      if (member !== circle.self) circle.members.add(member)
      return member.points[0] as Point
    }
    const list = Array.from({ length: Math.min(16, count - 1) }, (_, step) => known(index + 1 + step))
    circle.enter(point, list[0] as Point, list.slice(1), known(index + count - 1))
    for (const target of Fingers.targets(point.position, (list[0] as Point).position)) {
      const finger = known(ownerOf(target))
      if (finger.member !== circle.self) circle.fingers.set(target, finger)
    }
    circle.standing = 'joined'
  })
  return sorted
}

const ownerAmong = (sorted: readonly ChordNode[], position: string): ChordNode => {
  const owner = sorted.find(({ id }) => toPosition(id) >= position) ?? sorted[0]
  if (owner === undefined) throw new Error('a ring without processes')
  return owner
}

const randomPosition = (world: World) => {
  const bytes = world.random.fill(new Uint8Array(48))
  return Buffer.from(bytes).toString('hex')
}

const percentile = (values: readonly number[], part: number) =>
  [...values].sort((a, b) => a - b)[Math.floor(part * (values.length - 1))] as number

describe.each(sizes)('on a converged ring of %i processes with one point each', count => {
  it('a look-up takes half of log2 n steps', async () => {
    const world = new World(count)
    const chords = converged(world, count)
    const hops: number[] = []
    for (let turn = 0; turn < lookUps / 4; turn++) {
      const position = randomPosition(world)
      const from = world.random.pick(chords)
      const { owner, hops: steps } = await world.run(from.engine.upkeep.successor(position))
      const expected = ownerAmong(chords, position)
      expect(owner.member.id).toBe(expected.engine.circle.self.id)
      hops.push(steps)
    }
    const mean = hops.reduce((sum, each) => sum + each, 0) / hops.length
    if (process.env['CHORD_NODES'])
      console.log(`${count}: mean ${mean.toFixed(2)}, p99 ${percentile(hops, 0.99)}`)
    expect(mean).toBeLessThanOrEqual(0.5 * Math.log2(count) + 1.5)
    expect(percentile(hops, 0.99)).toBeLessThanOrEqual(Math.log2(count) + 2)
  })

  it.each([0.3, 0.5])('the owner is found right after %f of them crashed', async part => {
    const world = new World(count)
    const chords = converged(world, count)
    world.latency = () => world.random.between(20, 80)
    // All at the same moment, so that nobody has had the time to repair anything.
    const time = async (some: readonly ChordNode[], turns: number) => {
      const times: number[] = []
      let found = 0
      const one = async () => {
        const position = randomPosition(world)
        const began = world.clock.monotonic()
        const answer = await world.random
          .pick(some)
          .engine.upkeep.successor(position)
          .catch(() => undefined)
        const expected = ownerAmong(some, position)
        if (answer?.owner.member.id === expected.engine.circle.self.id) found++
        times.push(world.clock.monotonic() - began)
      }
      await world.run(Promise.all(Array.from({ length: turns }, one)))
      return { found, p99: percentile(times, 0.99) }
    }
    // A while of use, so that it is known how fast they answer.
    await time(chords, lookUps)
    const healthy = await time(chords, lookUps / 2)
    const dead = new Set(world.random.shuffle(chords).slice(0, Math.round(part * count)))
    for (const { engine } of dead) world.crash(engine.circle.self.id)
    const living = chords.filter(chord => !dead.has(chord))
    const hurt = await time(living, lookUps)
    if (process.env['CHORD_NODES'])
      console.log(
        `${count}, ${part}: ${hurt.found} of ${lookUps} found, p99 ${hurt.p99.toFixed(0)} ms, healthy ${healthy.p99.toFixed(0)} ms`,
      )
    expect(healthy.found).toBe(lookUps / 2)
    expect(hurt.found / lookUps).toBeGreaterThanOrEqual(part < 0.4 ? 0.9999 : 0.999)
    expect(hurt.p99).toBeLessThanOrEqual(5 * healthy.p99)
  })
})
