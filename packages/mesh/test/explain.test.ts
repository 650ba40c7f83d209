import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Address } from '@p2p/interfaces'
import { tcp } from '@p2p/transport/tcp'
import { describe, expect, it } from 'vitest'
import { createIdentity, createMesh, type Explanation, type Mesh, type MeshOptions } from '../src/index.ts'
import { times } from '../src/limits.ts'
import { addressOf, at, TestNetwork } from './network.ts'
import { SimulatedMesh } from './simulated.ts'

const create = (options: Partial<MeshOptions> = {}): Promise<Mesh> =>
  createMesh({ network: 'explain', transports: [tcp()], listen: ['tcp://127.0.0.1:0'], ...options })

const goes = (mesh: Mesh): Promise<void> =>
  new Promise(resolve => mesh.once('peer:disconnect', () => resolve()))

/** An address of this machine at which nobody listens. */
const nobody = async (): Promise<Address> => {
  const node = await create()
  const address = addressOf(node)
  await node.close()
  return address
}

/** Somebody who takes connections and says nothing. */
const mute = async (): Promise<{ server: Server; address: Address; sockets: Socket[] }> => {
  const sockets: Socket[] = []
  const server = createServer(socket => sockets.push(socket))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { server, address: `tcp://127.0.0.1:${port}`, sockets }
}

describe('why a node is not here, over TCP', () => {
  it('it was never heard of', async () => {
    await using node = await create()
    const { id } = createIdentity()
    expect(node.explain(id)).toEqual({
      standing: 'unknown',
      text: 'this node has never heard of it',
      attempts: [],
    })
    expect(node.explain('tcp://127.0.0.1:1').standing).toBe('untried')
    expect(node.explain({ id, addresses: ['tcp://127.0.0.1:1'] }).standing).toBe('untried')
  })

  it('nobody listens at its address', async () => {
    await using node = await create()
    const address = await nobody()
    const { id } = createIdentity()
    const before = Date.now()
    await expect(node.connect({ id, addresses: [address] })).rejects.toMatchObject({
      code: 'P2P_PEER_UNREACHABLE',
    })
    for (const who of [{ id, addresses: [address] }, address]) {
      const { standing, error, attempts, lastSeen, text } = node.explain(who)
      expect(standing).toBe('failed')
      expect(error).toMatchObject({ code: 'P2P_CONNECTION_REFUSED' })
      expect(attempts).toEqual([{ address, at: expect.any(Number) as number, error }])
      expect(at(attempts, 0).at).toBeGreaterThanOrEqual(before)
      expect(lastSeen).toBeUndefined()
      expect(text).toContain('nobody listens there')
    }
    // Without the address nothing is known of it
    expect(node.explain(id).standing).toBe('unknown')
  })

  it('it belongs to another network', async () => {
    await using node = await create()
    await using other = await create({ network: 'another' })
    await expect(node.connect(addressOf(other))).rejects.toThrow()
    const { standing, error } = node.explain(addressOf(other))
    expect(standing).toBe('failed')
    expect(error).toMatchObject({ code: 'P2P_WRONG_NETWORK' })
  })

  it('it is at its limit', async () => {
    await using full = await create({ limits: { links: 1 } })
    await using first = await create()
    await using second = await create()
    await first.connect(addressOf(full))
    await expect(second.connect(addressOf(full))).rejects.toThrow()
    expect(second.explain({ id: full.id, addresses: full.addresses }).error).toMatchObject({
      code: 'P2P_LIMIT_REACHED',
    })
  })

  it('it does not admit this node', async () => {
    await using node = await create()
    await using picky = await create({ admit: () => false })
    await expect(node.connect(addressOf(picky))).rejects.toThrow()
    expect(node.explain(addressOf(picky)).error).toMatchObject({ code: 'P2P_NOT_ADMITTED' })
  })

  it('another one answers at its address', async () => {
    await using node = await create()
    await using other = await create()
    const { id } = createIdentity()
    await expect(node.connect({ id, addresses: other.addresses })).rejects.toThrow()
    expect(node.explain({ id, addresses: other.addresses }).error).toMatchObject({
      code: 'P2P_UNEXPECTED_ID',
    })
  })

  it('whoever is there says nothing', async () => {
    await using node = await create()
    const { server, address, sockets } = await mute()
    await expect(node.connect(address, { timeout: 50 })).rejects.toMatchObject({ code: 'P2P_TIMEOUT' })
    expect(node.explain(address).error).toMatchObject({ code: 'P2P_TIMEOUT' })
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  })

  it('it is here; it has left; it was heard until then', async () => {
    await using node = await create()
    const other = await create()
    const there = await node.connect(addressOf(other))
    const linked = node.explain(other.id)
    expect(linked.standing).toBe('linked')
    expect(linked.attempts).toEqual([{ address: addressOf(other), at: expect.any(Number) as number }])
    expect(node.explain(addressOf(other)).standing).toBe('linked')
    expect(node.explain(there).standing).toBe('linked')
    expect(node.explain(node.id).standing).toBe('self')
    expect(node.explain(addressOf(node)).standing).toBe('self')
    const gone = goes(node)
    await other.close()
    await gone
    const { standing, error, lastSeen = 0 } = node.explain(other.id)
    expect(standing).toBe('left')
    expect(error).toBeUndefined()
    expect(Math.abs(Date.now() - lastSeen)).toBeLessThan(10_000)
  })

  it('its link was ended in order by this node', async () => {
    await using node = await create()
    await using other = await create({ listen: [] })
    await other.connect(addressOf(node))
    const explained = new Promise<Explanation>(resolve =>
      node.once('peer:disconnect', ({ id }) => resolve(node.explain(id))),
    )
    node.disconnect(other.id)
    expect(await explained).toMatchObject({ standing: 'parted', attempts: [] })
    expect((await explained).error).toBeUndefined()
  })

  it('a caller who gives up says nothing about it', async () => {
    await using node = await create()
    const { server, address, sockets } = await mute()
    const signal = AbortSignal.timeout(20)
    await expect(node.connect(address, { signal })).rejects.toMatchObject({ code: 'P2P_ABORTED' })
    expect(node.explain(address).standing).toBe('untried')
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  })
})

describe('why a node is not here, in a simulated network', () => {
  it('nothing was heard of it since, and then its address does not answer', async () => {
    const world = new SimulatedMesh(1)
    const nodes = await world.grow(2, 5_000)
    const [alice, bob] = [at(nodes, 0), at(nodes, 1)]
    expect(alice.mesh.explain(bob.mesh.id).standing).toBe('linked')
    const begin = world.clock.now()
    // As SIGSTOP does it: the machine still acknowledges, the program says nothing
    bob.host.clock.pause()
    await world.clock.advance(times.dead + 2 * times.tick)
    const silent = alice.mesh.explain(bob.mesh.id)
    expect(silent.standing).toBe('silent')
    expect(silent.error).toMatchObject({ code: 'P2P_PEER_SILENT' })
    const lastSeen = silent.lastSeen ?? 0
    expect(lastSeen).toBeGreaterThan(begin - times.dead)
    expect(lastSeen).toBeLessThan(begin + 1_000)
    expect(silent.text).toContain(`since ${((world.clock.now() - lastSeen) / 1000).toFixed(1)} s`)
    await world.clock.advance(60_000)
    const failed = alice.mesh.explain(bob.mesh.id)
    expect(failed.standing).toBe('failed')
    expect(failed.lastSeen).toBe(lastSeen)
  })

  it('its link broke', async () => {
    const world = new SimulatedMesh(2)
    const nodes = await world.grow(2, 5_000)
    const [alice, bob] = [at(nodes, 0), at(nodes, 1)]
    let reason: Error | undefined
    let explained: Explanation | undefined
    alice.mesh.once('peer:disconnect', ({ id }, error) => {
      reason = error
      explained = alice.mesh.explain(id)
    })
    world.network.partition([bob.host.name])
    await world.clock.advance(30_000)
    expect(explained).toMatchObject({ standing: 'lost', error: reason })
    expect(reason).toMatchObject({ code: expect.stringMatching(/^P2P_/) as string })
  })

  it('what is remembered is bounded, the oldest gives way', async () => {
    await using network = new TestNetwork()
    const node = await network.add({ limits: { contacts: 2 } })
    for (const name of ['a', 'b', 'c'] as const) {
      await expect(network.run(node.connect(`memory://${name}`))).rejects.toThrow()
    }
    const standings = ['a', 'b', 'c'].map(name => node.explain(`memory://${name}`).standing)
    expect(standings).toEqual(['untried', 'failed', 'failed'])
  })
})
