import type { Address, Connection, Transport } from '@p2p/interfaces'
import { createMemoryNetwork } from '@p2p/transport/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { createMesh, type Mesh, type MeshOptions, plaintext } from '../src/index.ts'
import { addressOf } from './network.ts'
import { codeOf } from './refusal.ts'

const count = (codes: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1
  return counts
}

/** All whom it dials and who dial it seem to be on one host. */
const oneHost = (transport: Transport): Transport => {
  const on = (connection: Connection): Connection =>
    new Proxy(connection, {
      get: (target, name) => {
        if (name === 'remote') return 'memory://here:1' satisfies Address
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
  return {
    scheme: transport.scheme,
    dial: (address, options) => transport.dial(address, options),
    listen: (address, accept, options) =>
      transport.listen(address, connection => accept(on(connection)), options),
  }
}

describe.each<[string, Partial<MeshOptions>]>([
  ['protected', {}],
  ['plain', { security: plaintext() }],
])('links that are %s', (_name, security) => {
  const transport = createMemoryNetwork().transport()
  const nodes: Mesh[] = []
  const create = async (options: Partial<MeshOptions> = {}): Promise<Mesh> => {
    const mesh = await createMesh({
      network: 'limits',
      transports: [transport],
      listen: ['memory://*'],
      ...security,
      ...options,
    })
    nodes.push(mesh)
    return mesh
  }
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(node => node.close()))
  })

  it.each<[string, Partial<MeshOptions>]>([
    ['links', { limits: { links: 3 } }],
    ['linksPerHost', { limits: { linksPerHost: 3 }, transports: [oneHost(transport)] }],
  ])('keep to the limit %s where twenty come at once, and the others are told', async (_limit, options) => {
    const one = await create(options)
    const others = await Promise.all(Array.from({ length: 20 }, () => create({ listen: [] })))
    let most = 0
    const told: string[] = []
    one
      .on('refused', (_, error) => told.push(codeOf(error)))
      .on('peer:connect', () => (most = Math.max(most, one.stats().links)))
    const ends = await Promise.all(
      others.map(other => other.connect(addressOf(one)).then(() => 'connected', codeOf)),
    )
    expect(count(ends)).toEqual({ connected: 3, P2P_LIMIT_REACHED: 17 })
    expect(count(told)).toEqual({ P2P_LIMIT_REACHED: 17 })
    expect(most).toBeLessThanOrEqual(3)
    expect(one.stats()).toMatchObject({ links: 3, handshakes: 0 })
    // Not because they are kept out for good
    const [gone] = one.peers
    if (gone === undefined) throw new Error('nobody is connected')
    const left = new Promise<void>(resolve => one.once('peer:disconnect', () => resolve()))
    await others.find(({ id }) => id === gone.id)?.close()
    await left
    const next = await create({ listen: [] })
    await next.connect(addressOf(one))
    expect(one.stats().links).toBe(3)
  })

  it('keep to the limit where the node dials while others come', async () => {
    const one = await create({ limits: { links: 2 } })
    const [first, second, ...others] = await Promise.all(
      Array.from({ length: 6 }, () => create({ limits: { links: 8 } })),
    )
    if (first === undefined || second === undefined) throw new Error('there are six')
    const ends = await Promise.all(
      [
        ...[first, second].map(other => one.connect(addressOf(other))),
        ...others.map(other => other.connect(addressOf(one))),
      ].map(connecting => connecting.then(() => 'connected', codeOf)),
    )
    expect(one.stats().links).toBe(2)
    expect(ends.filter(end => end === 'connected')).toHaveLength(2)
    expect(new Set(ends)).toEqual(new Set(['connected', 'P2P_LIMIT_REACHED']))
  })
})
