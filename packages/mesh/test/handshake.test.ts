import type { Connection } from '@p2p/interfaces'
import { createNoise } from '@p2p/noise'
import { describe, expect, it } from 'vitest'
import { createIdentity, type Mesh, type MeshOptions, plaintext } from '../src/index.ts'
import { defaultLimits, times } from '../src/limits.ts'
import { addressOf, TestNetwork } from './network.ts'
import { codeOf } from './refusal.ts'

/** A connection to a node, and when and how either end lost it. */
const stranger = async (network: TestNetwork, mesh: Mesh) => {
  const seen = { refused: [] as string[], refusedAt: 0, closedAt: 0 }
  mesh.on('refused', (_, error) => {
    seen.refused.push(codeOf(error))
    seen.refusedAt = network.clock.monotonic()
  })
  const raw = await network.run(network.transport().dial(addressOf(mesh)))
  raw.onData(() => undefined)
  void raw.closed.then(() => (seen.closedAt = network.clock.monotonic()))
  return { raw, seen }
}

/** Secured as the node's security wants it, in a network named test. */
const secured = async (network: TestNetwork, raw: Connection, isPlain: boolean): Promise<Connection> => {
  if (isPlain) return raw
  const ours = createNoise({ identity: createIdentity(), network: 'test', clock: network.clock })
  return network.run(ours.secure(raw, { confirm: false }))
}

describe('a handshake, in virtual time', () => {
  it.each<[string, Partial<MeshOptions>]>([
    ['protected', {}],
    ['plain', { security: plaintext() }],
  ])('of somebody who is secured and then says nothing ends at its deadline: %s', async (name, options) => {
    await using network = new TestNetwork(1, 1, options)
    const one = await network.add()
    const { raw, seen } = await stranger(network, one)
    const connection = await secured(network, raw, name === 'plain')
    connection.onData(() => undefined)
    await network.settle()
    const { handshakes, links } = one.stats()
    expect([handshakes, links]).toEqual([1, 1])
    const begun = network.clock.monotonic()
    await network.clock.advance(times.handshake - 1_000)
    expect(seen).toMatchObject({ refused: [], closedAt: 0 })
    await network.clock.advance(1_100)
    expect(seen.refused).toEqual(['P2P_HANDSHAKE_FAILED'])
    expect(seen.refusedAt).toBeLessThanOrEqual(begun + times.handshake)
    expect(seen.closedAt).toBeGreaterThan(0)
    expect(one.stats()).toMatchObject({ handshakes: 0, links: 0 })
  })

  it('of somebody who is never secured ends at its deadline', async () => {
    await using network = new TestNetwork(1, 1, {})
    const one = await network.add()
    const { seen } = await stranger(network, one)
    await network.clock.advance(times.handshake - 100)
    expect(one.stats().handshakes).toBe(1)
    await network.clock.advance(200)
    expect(seen.refused).toEqual(['P2P_HANDSHAKE_TIMEOUT'])
    expect(seen.closedAt).toBeGreaterThan(0)
    expect(one.stats()).toMatchObject({ handshakes: 0, links: 0 })
  })

  it('takes four round trips until connect resolves, and one more for an echo', async () => {
    // One way takes 50 ms, and a dial of this transport one round trip, as that of TCP does
    await using network = new TestNetwork(1, 50, {})
    const [one, two] = [await network.add(), await network.add()]
    one.handle('/echo', ({ body }) => body)
    const begun = network.clock.monotonic()
    await network.run(two.connect(addressOf(one)))
    expect(network.clock.monotonic() - begun).toBe(400)
    expect(await network.run(two.request(one.id, '/echo', 'hello'))).toBe('hello')
    expect(network.clock.monotonic() - begun).toBe(500)
  })
})

describe('a thousand that stall', () => {
  it.each(['before they have said anything', 'behind a whole OPENING'])(
    'keep no honest peer waiting for a second, %s',
    async how => {
      await using network = new TestNetwork(1, 1, {})
      const one = await network.add()
      let opening: Uint8Array | undefined
      const listener = await network.run(
        network.transport().listen('memory://recorder', connection => {
          connection.onData(chunk => (opening ??= chunk.slice()))
        }),
      )
      const recorded = await network.run(network.transport().dial('memory://recorder'))
      const noise = createNoise({ identity: createIdentity(), network: 'test', clock: network.clock })
      void noise.secure(recorded).catch(() => undefined)
      await network.settle()
      recorded.abort()
      await network.run(listener.close())
      if (opening === undefined) throw new Error('nothing was recorded')
      const said = how === 'behind a whole OPENING' ? opening : undefined
      const answered = new Set<number>()
      const stalled: Connection[] = []
      for (let index = 0; index < 1_000; index++) {
        const raw = await network.run(network.transport().dial(addressOf(one)))
        raw.onData(() => answered.add(index))
        if (said !== undefined) raw.write(said.slice())
        stalled.push(raw)
      }
      const honest = await network.add()
      const begun = network.clock.monotonic()
      await network.run(honest.connect(addressOf(one)))
      expect(network.clock.monotonic() - begun).toBeLessThanOrEqual(1_000)
      // Those for whom there is room still stall, and whoever said an OPENING was answered it
      expect(one.stats().handshakes).toBeGreaterThanOrEqual(defaultLimits.handshakes - 1)
      expect(answered.size > 0).toBe(said !== undefined)
      for (const raw of stalled) raw.abort()
      await network.settle()
    },
  )
})
