import { NoiseError } from '@p2p/noise'
import { createMemoryNetwork } from '@p2p/transport/memory'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createIdentity,
  createMesh,
  type Mesh,
  MeshError,
  type MeshOptions,
  plaintext,
} from '../src/index.ts'
import { addressOf } from './network.ts'

const transport = createMemoryNetwork().transport()
const nodes: Mesh[] = []
const create = async (options: Partial<MeshOptions> = {}): Promise<Mesh> => {
  const mesh = await createMesh({
    network: 'refusals',
    transports: [transport],
    listen: ['memory://*'],
    ...options,
  })
  nodes.push(mesh)
  return mesh
}
afterEach(async () => {
  await Promise.all(nodes.splice(0).map(node => node.close()))
})

const failure = (connecting: Promise<unknown>): Promise<unknown> =>
  connecting.then(
    () => 'connected',
    (error: unknown) => error,
  )

/** A node whose only place is taken. */
const full = async (): Promise<Mesh> => {
  const [one, guest] = [await create({ limits: { links: 1 } }), await create({ listen: [] })]
  await guest.connect(addressOf(one))
  return one
}

const secret = new Uint8Array(32).fill(1)

describe('connecting to a contact', () => {
  it.each<[string, Partial<MeshOptions>, Partial<MeshOptions>, typeof MeshError | typeof NoiseError]>([
    ['P2P_WRONG_SECRET', { secret }, { secret: secret.map(byte => ~byte) }, NoiseError],
    ['P2P_WRONG_NETWORK', {}, { network: 'another' }, NoiseError],
    [
      'P2P_WRONG_NETWORK',
      { security: plaintext() },
      { security: plaintext(), network: 'another' },
      MeshError,
    ],
    ['P2P_NOT_ADMITTED', {}, { admit: () => false }, MeshError],
    ['P2P_WRONG_SECURITY', { security: plaintext() }, { signed: false }, MeshError],
    ['P2P_PLAINTEXT', { signed: false }, { security: plaintext() }, NoiseError],
    ['P2P_WRONG_SIGNING', { signed: false }, { signed: true }, MeshError],
  ])('rejects with %s as dialling its address does (case %#)', async (code, ours, theirs, Kind) => {
    const [one, other] = [await create(ours), await create(theirs)]
    for (const to of [addressOf(other), other.self]) {
      const error = await failure(one.connect(to))
      expect(error).toBeInstanceOf(Kind)
      expect(error).toMatchObject({ code })
    }
  })

  it('rejects with P2P_LIMIT_REACHED where it is full, and with P2P_UNEXPECTED_ID where another one answers', async () => {
    const [one, taken] = [await create(), await full()]
    expect(await failure(one.connect(taken.self))).toMatchObject({ code: 'P2P_LIMIT_REACHED' })
    const other = await create()
    const contact = { id: createIdentity().id, addresses: other.addresses }
    expect(await failure(one.connect(contact))).toMatchObject({ code: 'P2P_UNEXPECTED_ID' })
  })

  it('says of several addresses what the node itself says', async () => {
    const [one, other, taken] = [await create(), await create(), await full()]
    const addresses = [
      'memory://nobody',
      addressOf(other),
      addressOf(taken),
      'memory://nobody-either',
    ] as const
    expect(await failure(one.connect({ id: taken.id, addresses }))).toMatchObject({
      code: 'P2P_LIMIT_REACHED',
    })
  })

  it('rejects with P2P_PEER_UNREACHABLE where nobody answers', async () => {
    const one = await create()
    const { id } = createIdentity()
    for (const addresses of [
      [],
      ['memory://nobody'],
      ['memory://nobody', 'memory://nobody-either'],
    ] as const) {
      const error = await failure(one.connect({ id, addresses }))
      expect(error).toMatchObject({ code: 'P2P_PEER_UNREACHABLE' })
    }
  })

  it('changes nothing for a request, whose message could not be delivered, whatever the reason', async () => {
    const [one, other] = [await create(), await create({ admit: () => false })]
    const error = await failure(one.request(other.self, '/echo', 0))
    expect(error).toMatchObject({ code: 'P2P_PEER_UNREACHABLE', cause: { code: 'P2P_NOT_ADMITTED' } })
  })
})

describe('a mesh is not made', () => {
  it('with a secret that is undefined, as a variable of the environment that is not set', async () => {
    const options = { network: 'refusals', transports: [], secret: process.env['P2P_NOT_SET'] }
    const error = await failure(createMesh(options as MeshOptions))
    expect(error).toMatchObject({ code: 'P2P_BAD_OPTION' })
  })

  it.each([
    ['P2P_UNKNOWN_SCHEME', 'tcp://127.0.0.1:1'],
    ['P2P_BAD_ADDRESS', 'memory:/nobody'],
  ])('with a seed that cannot be dialled: %s', async (code, seed) => {
    const options = { network: 'refusals', transports: [transport], seeds: ['memory://nobody', seed] }
    expect(await failure(createMesh(options as MeshOptions))).toMatchObject({ code })
    expect(await failure(create({ listen: [seed as `tcp://${string}`] }))).toMatchObject({ code })
  })
})
