import { isIPv4 } from 'node:net'
import { tcp } from '@p2p/transport/tcp'
import { describe, expect, it } from 'vitest'
import { createMesh, type Mesh, type MeshOptions } from '../src/index.ts'
import { addressOf, at } from './network.ts'
import { thorough } from './thorough.ts'

const pairs = thorough ? 200 : 25

const create = (options: Partial<MeshOptions> = {}): Promise<Mesh> =>
  createMesh({ network: 'tcp', transports: [tcp()], listen: ['tcp://127.0.0.1:0'], ...options })

const connected = (mesh: Mesh, count: number): Promise<void> =>
  new Promise(resolve => {
    const look = () => {
      if (mesh.peers.length < count) return
      mesh.off('peer:connect', look)
      resolve()
    }
    mesh.on('peer:connect', look)
    look()
  })

describe('a mesh over TCP', () => {
  it.each(['tcp://127.0.0.1:0', 'tcp://[::1]:0'] as const)(
    'becomes one network at %s through one known node',
    async address => {
      const nodes = await Promise.all(Array.from({ length: 5 }, () => create({ listen: [address] })))
      const [first, ...others] = nodes
      if (first === undefined) throw new Error('no node')
      await Promise.all(others.map(node => node.connect(addressOf(first))))
      await Promise.all(nodes.map(node => connected(node, 4)))
      const heard = others.map(node => node.recv())
      first.broadcast('/news', 'hello')
      expect((await Promise.all(heard)).map(({ body }) => body)).toEqual(Array(4).fill('hello'))
      at(others, 1).handle('/sum', ({ body }) => (body as number[]).reduce((sum, value) => sum + value, 0))
      expect(await at(others, 3).request(at(others, 1).id, '/sum', [1, 2, 3])).toBe(6)
      await Promise.all(nodes.map(node => node.close()))
    },
  )

  it('tells that an address is in use, and leaves nothing behind', async () => {
    await using one = await create()
    await expect(create({ listen: ['tcp://127.0.0.1:0', addressOf(one)] })).rejects.toMatchObject({
      code: 'P2P_ADDRESS_IN_USE',
    })
  })

  it('announces the addresses of the machine where it listens at a wildcard', async () => {
    await using one = await create({ listen: ['tcp://0.0.0.0:0'] })
    const { hostname, port } = new URL(addressOf(one).replace('tcp:', 'http:'))
    expect(isIPv4(hostname)).toBe(true)
    expect(hostname).not.toBe('0.0.0.0')
    await using two = await create()
    await two.connect(`tcp://127.0.0.1:${Number(port)}`)
    expect(two.links.map(({ peer }) => peer.addresses)).toEqual([one.addresses])
  })

  it('announces what it is told to', async () => {
    await using one = await create({ announce: ['tcp://example.org:4444'] })
    expect(one.self.addresses).toEqual(['tcp://example.org:4444'])
  })

  it('sends a message of megabytes', async () => {
    await using one = await create()
    await using two = await create()
    await two.connect(addressOf(one))
    const body = new Uint8Array(3_000_000).map((_, index) => index % 251)
    const heard = one.recv()
    await two.send(one.id, '/big', body)
    expect(Buffer.compare((await heard).body as Uint8Array, body)).toBe(0)
  })

  it(`survives ${pairs} pairs that dial each other at the same moment: one usable link, nothing lost, in order`, async () => {
    for (let trial = 0; trial < pairs; trial++) {
      const [one, two] = await Promise.all([create(), create()])
      const heard = [one, two].map(node => {
        const bodies: unknown[] = []
        const done = new Promise<void>(resolve => {
          node.handle('/count', ({ body }) => {
            bodies.push(body)
            if (body === 19) resolve()
          })
        })
        return { bodies, done }
      })
      const talk = async (node: Mesh, other: Mesh) => {
        await node.connect(addressOf(other))
        for (let index = 0; index < 20; index++) {
          await node.send(other.id, '/count', index)
          // Some before, some while and some after the twin is there
          if (index % 5 === 4) await new Promise(resolve => setImmediate(resolve))
        }
      }
      await Promise.all([talk(one, two), talk(two, one), ...heard.map(({ done }) => done)])
      for (const { bodies } of heard) expect(bodies).toEqual(Array.from({ length: 20 }, (_, index) => index))
      await two.request(one.id, '/count', 'usable')
      await Promise.all([one.close(), two.close()])
    }
  })
})
