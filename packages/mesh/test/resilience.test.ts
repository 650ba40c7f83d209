import { describe, expect, it } from 'vitest'
import { SimulatedMesh } from './simulated.ts'
import { thorough } from './thorough.ts'
import { at } from './network.ts'

const latency = { latency: { min: 10, max: 80 } } as const

describe('a mesh on a network that fails', () => {
  it('notices within ten seconds that a neighbour has crashed, and replaces it', async () => {
    const world = new SimulatedMesh(1)
    const nodes = await world.grow(10)
    const victim = at(nodes, 4)
    const neighbours = nodes.filter(({ mesh }) => mesh.peers.some(({ id }) => id === victim.mesh.id))
    expect(neighbours.length).toBeGreaterThan(2)
    const reasons: unknown[] = []
    for (const { mesh } of neighbours) mesh.once('peer:disconnect', (_, reason) => reasons.push(reason))
    victim.host.crash()
    await world.clock.advance(10_000)
    for (const { mesh } of neighbours) expect(mesh.peers.map(({ id }) => id)).not.toContain(victim.mesh.id)
    expect(reasons).toHaveLength(neighbours.length)
    await world.clock.advance(20_000)
    expect(world.components()).toHaveLength(1)
  })

  it('gives no false alarm because of a node that is stopped for five seconds', async () => {
    const world = new SimulatedMesh(2)
    const nodes = await world.grow(8)
    let alarms = 0
    for (const { mesh } of nodes) mesh.on('peer:disconnect', () => alarms++)
    at(nodes, 3).host.clock.pause()
    await world.clock.advance(5_000)
    at(nodes, 3).host.clock.resume()
    await world.clock.advance(10_000)
    expect(alarms).toBe(0)
  })

  it('tries its seeds for ever: a network whose seed comes an hour late becomes one', async () => {
    const world = new SimulatedMesh(3)
    const early = [await world.start('n1'), await world.start('n2')]
    await world.clock.advance(3_600_000)
    expect(early.map(({ mesh }) => mesh.status)).toEqual(['alone', 'alone'])
    await world.start('n0')
    await world.clock.advance(20_000)
    expect(world.components()).toHaveLength(1)
  })

  it('becomes one again after everybody was cut off from everybody', async () => {
    const world = new SimulatedMesh(4)
    const nodes = await world.grow(12)
    const cut = world.network.partition(...nodes.map(({ host }) => [host.name]))
    await world.clock.advance(120_000)
    expect(world.components()).toHaveLength(12)
    cut.repair()
    await world.clock.advance(30_000)
    expect(world.components()).toHaveLength(1)
  })

  it.each([15_000, 60_000, 600_000])(
    'becomes one again within 30 s after it was cut in two for %d ms',
    async duration => {
      for (let seed = 1; seed <= (thorough ? 5 : 1); seed++) {
        const world = new SimulatedMesh(seed, latency)
        const nodes = await world.grow(thorough ? 24 : 14)
        const names = nodes.map(({ host }) => host.name)
        const cut = world.network.partition(names.slice(0, 1 + world.random.integer(nodes.length - 2)))
        await world.clock.advance(duration)
        expect(world.components().length).toBeGreaterThan(1)
        cut.repair()
        await world.clock.advance(30_000)
        expect(world.components()).toHaveLength(1)
      }
    },
  )

  it('delivers every broadcast once to every node while segments are lost and nodes come', async () => {
    for (let seed = 1; seed <= (thorough ? 10 : 2); seed++) {
      const world = new SimulatedMesh(seed, { ...latency, loss: 0.05 })
      const nodes = (await world.grow(20)).slice()
      for (let index = 0; index < 40; index++) {
        world.random.pick(nodes).mesh.broadcast('/news', index)
        await world.clock.advance(world.random.integer(400))
        if (index === 20) await world.start()
      }
      await world.clock.advance(30_000)
      for (const { mesh, heard } of nodes) {
        expect(
          heard.slice().sort((a, b) => Number(a) - Number(b)),
          `seed ${seed}, ${mesh.id}`,
        ).toEqual(Array.from({ length: 40 }, (_, index) => index).filter(index => heard.includes(index)))
        expect(heard.length).toBeLessThanOrEqual(40)
      }
      const delivered = nodes.reduce((sum, { heard }) => sum + heard.length, 0)
      expect(delivered, `seed ${seed}`).toBe(40 * 19)
    }
  })

  it('brings to a part that was cut off what was said meanwhile, within the retention', async () => {
    const world = new SimulatedMesh(7, latency)
    const nodes = await world.grow(12)
    const cut = world.network.partition(nodes.slice(0, 4).map(({ host }) => host.name))
    await world.clock.advance(12_000)
    at(nodes, 1).mesh.broadcast('/news', 'from the few')
    at(nodes, 9).mesh.broadcast('/news', 'from the many')
    await world.clock.advance(5_000)
    cut.repair()
    await world.clock.advance(40_000)
    nodes.forEach(({ heard }, index) => {
      const expected = ['from the few', 'from the many'].filter((_, from) => index !== (from === 0 ? 1 : 9))
      expect(heard.slice().sort()).toEqual(expected)
    })
  })

  it('carries little more than one payload for each delivery once the tree has grown', async () => {
    const world = new SimulatedMesh(8, latency)
    const nodes = await world.grow(30)
    const sent = () => nodes.reduce((sum, { mesh }) => sum + mesh.stats().passed, 0)
    const say = async (count: number) => {
      for (let index = 0; index < count; index++) {
        at(nodes, 5).mesh.broadcast('/news', index)
        await world.clock.advance(500)
      }
    }
    await say(10)
    const before = sent()
    await say(40)
    expect((sent() - before) / (40 * 29)).toBeLessThan(1.2)
  })
})
