import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import type { Connection, Transport } from '@p2p/interfaces'
import { createNoise } from '@p2p/noise'
import { SeededRandom } from '@p2p/simulation'
import { createMemoryNetwork } from '@p2p/transport/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { createIdentity, createMesh, type Mesh, type MeshOptions, plaintext } from '../src/index.ts'
import { encodeHello, networkTag } from '../src/wire/hello.ts'
import { addressOf } from './network.ts'
import { codeOf, refusal, refusalCode } from './refusal.ts'
import { transports } from './transports.ts'

const secret = new Uint8Array(32).fill(5)

/** A connection of which each write is passed through a function first. */
const through = (connection: Connection, change: (chunk: Uint8Array) => Uint8Array): Connection =>
  new Proxy(connection, {
    get: (target, name) => {
      if (name === 'write') {
        return (chunk: Uint8Array, release?: () => void) => target.write(change(chunk), release)
      }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })

const dialling = (transport: Transport, change: (chunk: Uint8Array) => Uint8Array): Transport => ({
  scheme: transport.scheme,
  listen: (address, accept, options) => transport.listen(address, accept, options),
  dial: async (address, options) => through(await transport.dial(address, options), change),
})

/** The first message of noise as a next version of it would begin: packages/noise/PROTOCOL.md, "Frames". */
const nextVersion = (chunk: Uint8Array): Uint8Array => {
  if (chunk[0] !== 0xd5 || chunk[4] !== 1) return chunk
  const changed = chunk.slice()
  changed[7] = 2
  const checked = changed.subarray(0, changed.length - 4)
  changed.set(createHash('sha256').update(checked).digest().subarray(0, 4), checked.length)
  return changed
}

/** What somebody who belongs to the network says first. */
const openingTo = async (transport: Transport, listen: `${string}://${string}`): Promise<Uint8Array> => {
  let said: (bytes: Uint8Array) => void
  const heard = new Promise<Uint8Array>(resolve => (said = resolve))
  const listener = await transport.listen(listen, connection => {
    connection.onData(chunk => {
      said(chunk.slice())
      connection.abort()
    })
  })
  const raw = await transport.dial(listener.address)
  await createNoise({ identity: createIdentity(), network: 'closed' })
    .secure(raw)
    .catch(() => undefined)
  await listener.close()
  return heard
}

describe.each(transports)('a mesh over %s', (_name, createTransport, listen) => {
  const transport: Transport = createTransport()
  const nodes: Mesh[] = []
  const create = async (options: Partial<MeshOptions> = {}): Promise<Mesh> => {
    const mesh = await createMesh({
      network: 'closed',
      transports: [transport],
      listen: [listen],
      ...options,
    })
    nodes.push(mesh)
    return mesh
  }
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(node => node.close()))
  })

  it.each<[string, Partial<MeshOptions>, Partial<MeshOptions>, string, string, string?]>([
    ['another network', {}, { network: 'another' }, 'P2P_WRONG_NETWORK', 'P2P_WRONG_NETWORK'],
    [
      'another secret',
      { secret },
      { secret: secret.map(byte => ~byte) },
      'P2P_WRONG_SECRET',
      'P2P_WRONG_SECRET',
    ],
    ['a secret where there is none', {}, { secret }, 'P2P_WRONG_SECRET', 'P2P_WRONG_SECRET'],
    ['no secret where there is one', { secret: 'a text' }, {}, 'P2P_WRONG_SECRET', 'P2P_WRONG_SECRET'],
    [
      'another version',
      {},
      { transports: [dialling(transport, nextVersion)] },
      'P2P_WRONG_VERSION',
      'P2P_WRONG_VERSION',
    ],
    ['who expects another node', {}, {}, 'P2P_UNEXPECTED_ID', 'P2P_UNEXPECTED_ID', createIdentity().id],
    ['no protection', {}, { security: plaintext() }, 'P2P_WRONG_SECURITY', 'P2P_PLAINTEXT'],
    ['protection where there is none', { security: plaintext() }, {}, 'P2P_PLAINTEXT', 'P2P_MALFORMED'],
  ])('refuses %s, tells both ends why, and there is no link', async (_what, ours, theirs, code, told, id) => {
    const [one, other] = [await create(ours), await create(theirs)]
    const events: string[] = []
    for (const node of [one, other]) {
      node.on('peer:connect', () => events.push('connected')).on('message', () => events.push('message'))
    }
    const refused = refusalCode(one)
    const connecting = other.connect(addressOf(one), id === undefined ? {} : { id })
    expect(await connecting.then(() => 'nothing', codeOf)).toBe(code)
    expect(await refused).toBe(told)
    expect(events).toEqual([])
    for (const node of [one, other]) expect([node.links, node.status, node.poll()]).toEqual([[], 'alone', []])
  })

  it('refuses another node than the expected one before it says who it is', async () => {
    const seen: Uint8Array[] = []
    const spying = dialling(transport, chunk => {
      seen.push(chunk.slice())
      return chunk
    })
    const [one, two] = [await create(), await create({ transports: [spying] })]
    const refused = refusalCode(one)
    const connecting = two.connect(addressOf(one), { id: createIdentity().id })
    expect(await connecting.then(() => 'nothing', codeOf)).toBe('P2P_UNEXPECTED_ID')
    expect(await refused).toBe('P2P_UNEXPECTED_ID')
    // The opening, which holds a key made for it, and the refusal: kinds 1 and 15
    expect(seen.map(chunk => chunk[4])).toEqual([1, 15])
    expect([one.links, two.links]).toEqual([[], []])
  })

  it.each([
    ['nothing that is said', {}, false],
    ['all that is said, where it was asked not to protect', { security: plaintext() }, true],
  ] as const)('shows those on the way %s', async (_what, options, shown) => {
    const seen: Buffer[] = []
    const spying = dialling(transport, chunk => {
      seen.push(Buffer.from(chunk))
      return chunk
    })
    const [one, two] = [await create(options), await create({ ...options, transports: [spying] })]
    await two.connect(addressOf(one))
    await two.send(one.id, '/word', 'a word among friends')
    expect((await one.recv()).body).toBe('a word among friends')
    const all = Buffer.concat(seen)
    expect(all.includes('a word among friends')).toBe(shown)
    expect(all.includes(createHash('sha256').update('@p2p/mesh network\nclosed').digest())).toBe(shown)
  })

  it('connects those who know the same secret, as text or as bytes', async () => {
    for (const same of ['summer roof', secret]) {
      const [one, two] = [await create({ secret: same }), await create({ secret: same })]
      expect((await two.connect(addressOf(one), { id: one.id })).id).toBe(one.id)
    }
  })

  it('refuses who names another key than it has proved', async () => {
    const [one, victim] = [await create(), createIdentity()]
    const raw = await transport.dial(addressOf(one))
    const connection = await createNoise({ identity: createIdentity(), network: 'closed' }).secure(raw)
    const hello = encodeHello({
      oldest: 1,
      newest: 1,
      network: networkTag('closed'),
      publicKey: victim.publicKey,
      incarnation: new Uint8Array(8),
      serial: 1,
      nonce: new Uint8Array(8),
      epoch: 0,
      sequence: 0,
      signed: true,
      addresses: [],
      held: undefined,
    })
    const refused = refusalCode(one)
    connection.write(Buffer.concat([Uint8Array.of(0, 0, hello.length >> 8, hello.length & 0xff), hello]))
    expect(await refused).toBe('P2P_UNEXPECTED_ID')
    connection.abort()
  })

  it('with a limit reached tells so, protected or not', async () => {
    for (const options of [{}, { security: plaintext() }]) {
      const full = await create({ ...options, limits: { links: 1 } })
      const [first, second] = [await create(options), await create(options)]
      await first.connect(addressOf(full))
      const refused = refusalCode(full)
      const connecting = second.connect(addressOf(full))
      expect(await connecting.then(() => 'nothing', codeOf)).toBe('P2P_LIMIT_REACHED')
      expect(await refused).toBe('P2P_LIMIT_REACHED')
    }
  })

  describe('with the option admit', () => {
    it('lets in whom it says, and turns away the others, who are told', async () => {
      const friend = createIdentity()
      const asked: string[] = []
      const one = await create({
        admit: ({ id }) => {
          asked.push(id)
          return id === friend.id
        },
      })
      const [welcome, other] = [await create({ identity: friend }), await create()]
      await welcome.connect(addressOf(one))
      const refused = refusalCode(one)
      const connecting = other.connect(addressOf(one))
      expect(await connecting.then(() => 'nothing', codeOf)).toBe('P2P_NOT_ADMITTED')
      expect(await refused).toBe('P2P_NOT_ADMITTED')
      expect(one.links.map(({ peer }) => peer.id)).toEqual([friend.id])
      expect(new Set(asked)).toEqual(new Set([friend.id, other.id]))
    })

    it('turns away whom it has dialled itself, too, and does not dial whom it would turn away', async () => {
      let dials = 0
      const counting: Transport = {
        ...dialling(transport, chunk => chunk),
        dial: (address, options) => {
          dials++
          return transport.dial(address, options)
        },
      }
      const [one, picky] = [await create(), await create({ transports: [counting], admit: () => false })]
      const refused = refusalCode(one)
      const connecting = picky.connect(addressOf(one))
      expect(await connecting.then(() => 'nothing', codeOf)).toBe('P2P_NOT_ADMITTED')
      expect(await refused).toBe('P2P_NOT_ADMITTED')
      expect(await picky.connect(one.self).then(() => 'nothing', codeOf)).toBe('P2P_NOT_ADMITTED')
      expect(dials).toBe(1)
    })

    it.each([
      [
        'fails',
        () => {
          throw new Error('the list is lost')
        },
      ],
      ['answers with a promise, which is no answer', (() => Promise.resolve(true)) as never],
    ] as [string, () => boolean][])('lets nobody in where it %s', async (_what, admit) => {
      const [one, two] = [await create({ admit }), await create()]
      const refused = refusal(one)
      const failure: unknown = await two.connect(addressOf(one)).catch((error: unknown) => error)
      expect(codeOf(failure)).toBe('P2P_NOT_ADMITTED')
      expect(String(failure)).not.toContain('the list is lost')
      expect(codeOf(await refused)).toBe('P2P_NOT_ADMITTED')
    })
  })

  it('ends the connection of who speaks nonsense before or within the handshake with a coded error, and no other', async () => {
    const [one, honest] = [await create(), await create()]
    await honest.connect(addressOf(one))
    const codes: string[] = []
    one.on('refused', (_, error) => codes.push(codeOf(error)))
    const random = new SeededRandom(1)
    const opening = await openingTo(transport, listen)
    for (let count = 0; count < 200; count++) {
      const connection = await transport.dial(addressOf(one))
      connection.onData(() => undefined)
      const bytes = random.chance(0.5)
        ? opening.slice()
        : random.fill(new Uint8Array(1 + random.integer(300)))
      for (let flips = random.integer(3); flips > 0; flips--) {
        bytes[random.integer(bytes.length)] = random.integer(256)
      }
      connection.write(bytes)
      // Behind a right opening too: then it is the proof that is none
      connection.write(random.fill(new Uint8Array(7 + random.integer(300))))
      await connection.closed
    }
    await honest
      .request(one.id, '/none', 0)
      .catch((error: unknown) => expect(codeOf(error)).toBe('P2P_NO_HANDLER'))
    expect(codes).toHaveLength(200)
    expect(codes.filter(code => !code.startsWith('P2P_'))).toEqual([])
    expect(one.links.map(({ peer }) => peer.id)).toEqual([honest.id])
    expect(one.stats()).toMatchObject({ links: 1, handshakes: 0 })
  })
})

describe('a secret of a mesh', () => {
  it('is in nothing that is printed: not the mesh, not its errors', async () => {
    const transport = createMemoryNetwork().transport()
    const text = 'the cat sleeps at noon'
    const bytes = Uint8Array.from({ length: 32 }, (_, index) => 100 + 3 * index)
    const create = (own: string | Uint8Array) =>
      createMesh({ network: 'quiet', transports: [transport], listen: ['memory://*'], secret: own })
    const [one, two] = [await create(text), await create(bytes)]
    const refused = refusal(one)
    const failure: unknown = await two.connect(addressOf(one)).catch((error: unknown) => error)
    const bad = await create('').catch((error: unknown) => error)
    const short = await create(bytes.subarray(1)).catch((error: unknown) => error)
    const everything = { depth: Infinity, showHidden: true, maxArrayLength: Infinity } as const
    const printed = [one, two, failure, await refused, bad, short, one.errors, two.errors]
      .map(value => `${inspect(value, everything)} ${JSON.stringify(value)}`)
      .join('\n')
      .replaceAll(/\s/gu, '')
    const traces = [
      text.replaceAll(' ', ''),
      Array.from(bytes.subarray(1, 9)).join(','),
      Array.from(bytes.subarray(1, 9), (byte, index) => `"${index + 1}":${byte}`).join(','),
      Buffer.from(bytes.subarray(1, 9)).toString('hex'),
    ]
    expect([bad, short].map(codeOf)).toEqual(['P2P_BAD_OPTION', 'P2P_BAD_OPTION'])
    for (const trace of traces) expect(printed).not.toContain(trace)
    const shown = `${inspect({ text, bytes }, everything)} ${JSON.stringify({ bytes })}`.replaceAll(
      /\s/gu,
      '',
    )
    for (const trace of traces.slice(0, 3)) expect(shown).toContain(trace)
    await Promise.all([one.close(), two.close()])
  })

  it('is not taken with another security than the one that uses it', async () => {
    const options = { network: 'quiet', transports: [], secret, security: plaintext() }
    await expect(createMesh(options)).rejects.toMatchObject({ code: 'P2P_BAD_OPTION' })
  })
})
