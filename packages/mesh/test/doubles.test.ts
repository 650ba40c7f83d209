import { describe, expect, it } from 'vitest'
import { createIdentity, type Mesh, type MeshOptions, plaintext } from '../src/index.ts'
import { Doubles, doubling } from '../src/core/doubles.ts'
import { addressOf, TestNetwork } from './network.ts'

/** How often a node has told that a key is used twice. */
const watch = (mesh: Mesh): { told: number; texts: Set<string> } => {
  const seen = { told: 0, texts: new Set<string>() }
  mesh.on('error', ({ code, message }) => {
    if (code !== 'P2P_IDENTITY_IN_USE') return
    seen.told++
    seen.texts.add(message)
  })
  return seen
}

describe.each<[string, Partial<MeshOptions>]>([
  ['protected', {}],
  ['plain', { security: plaintext() }],
])('over links that are %s, a key', (_name, options) => {
  it('that two processes have is told by both, and by whoever knows both', async () => {
    await using network = new TestNetwork(1, 50, options)
    const identity = createIdentity()
    const one = await network.add()
    const other = watch(one)
    const seeds = [addressOf(one)]
    const twins = []
    for (let index = 0; index < 2; index++) twins.push(watch(await network.add({ identity, seeds })))
    await network.clock.advance(doubling.within)
    for (const { told } of [...twins, other]) expect(told).toBe(1)
    for (const { texts } of twins) expect([...texts].join()).toMatch(/another process has this node's key/)
    expect([...other.texts].join()).toContain(identity.id)
  })

  it('that another process has is told where it dials this one, and not where this node dials itself', async () => {
    await using network = new TestNetwork(1, 1, options)
    const identity = createIdentity()
    const [one, two] = [await network.add({ identity }), await network.add({ identity })]
    const seen = watch(one)
    await expect(network.run(one.connect(addressOf(one)))).rejects.toMatchObject({
      code: 'P2P_CONNECTED_TO_SELF',
    })
    expect(seen.told).toBe(0)
    await expect(network.run(two.connect(addressOf(one)))).rejects.toMatchObject({
      code: 'P2P_CONNECTED_TO_SELF',
    })
    expect(seen.told).toBe(1)
  })

  it('of a node that is restarted again and again is not told of', async () => {
    await using network = new TestNetwork(1, 1, options)
    const identity = createIdentity()
    const one = await network.add()
    const seen = watch(one)
    for (let life = 0; life < 12; life++) {
      const mesh = await network.add({ identity, seeds: [addressOf(one)] })
      const own = watch(mesh)
      await network.clock.advance(600)
      expect(mesh.peers).toHaveLength(1)
      await network.run(mesh.close())
      expect(own.told).toBe(0)
    }
    expect(seen.told).toBe(0)
  })
})

describe('signs that a key is used twice', () => {
  /** How often it is told within five minutes in which a link is made every so often. */
  const told = (pause: number, see: (doubles: Doubles, turn: number, now: number) => boolean): number => {
    const doubles = new Doubles(4)
    let count = 0
    for (let turn = 0; turn * pause < 300_000; turn++) if (see(doubles, turn, turn * pause)) count++
    return count
  }
  const quick = doubling.within / (2 * doubling.signs)
  const slow = (2 * doubling.within) / doubling.signs

  it('are told once a minute, whoever sees them', () => {
    expect(told(quick, (doubles, turn, now) => doubles.met('a', `life ${turn % 2}`, now))).toBe(5)
    expect(told(quick, (doubles, _, now) => doubles.broken('a', 100, now))).toBe(5)
    expect(told(quick / 3, (doubles, turn, now) => doubles.broken(`${turn % 3}`, 100, now))).toBe(5)
  })

  it('are none where they are rare, links last, or lives do not come back', () => {
    expect(told(slow, (doubles, turn, now) => doubles.met('a', `life ${turn % 2}`, now))).toBe(0)
    expect(told(slow, (doubles, _, now) => doubles.broken('a', 100, now))).toBe(0)
    expect(told(quick, (doubles, _, now) => doubles.broken('a', doubling.young, now))).toBe(0)
    expect(told(quick, (doubles, turn, now) => doubles.met('a', `life ${turn}`, now))).toBe(0)
    expect(told(quick, (doubles, turn, now) => doubles.met(`${turn}`, 'life', now))).toBe(0)
  })
})
