import { msgpack } from '@p2p/framing'
import { SeededRandom } from '@p2p/simulation'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createIdentity,
  createMesh,
  type Identity,
  type Mesh,
  type MeshOptions,
  type Message,
  plaintext,
} from '../src/index.ts'
import { Signing, Turn } from '../src/signing.ts'
import { encodeBroadcast } from '../src/wire/broadcast.ts'
import { Kind, Reason } from '../src/wire/header.ts'
import { type Hello } from '../src/wire/hello.ts'
import { idFromBytes, idToBytes } from '../src/wire/ids.ts'
import { encodeTree } from '../src/wire/tree.ts'
import { addressOf, TestNetwork } from './network.ts'
import { RawPeer } from './raw-peer.ts'
import { codeOf, refusalCode } from './refusal.ts'
import { soon } from './soon.ts'
import { transports } from './transports.ts'

const network = 'test'
const codec = msgpack()
const random = new SeededRandom('signing')
const someone = () => createIdentity(random)

/** What an origin has said in one turn. */
const said = (
  origin: Identity,
  epoch: number,
  sequence: number,
  words: readonly unknown[],
  where = network,
) => {
  const turn = new Turn(sequence, 2 ** 22)
  for (const word of words) turn.add('/news', codec.encode(word))
  const message = turn.take()
  new Signing(origin, where).seal(message, epoch, sequence)
  return message
}

/** Announces messages of an origin. */
const announced = (origin: Identity, epoch: number, first: number, last: number) => {
  const key = Buffer.alloc(54)
  key.set(idToBytes(origin.id))
  key.writeUIntBE(epoch, 48, 6)
  return encodeTree({ type: 'ihave', ranges: [{ key: key.toString('latin1'), first, last }] })
}

const changed = (message: Uint8Array, index: number, by = 1): Uint8Array => {
  const copy = message.slice()
  copy[index] = (copy[index] as number) ^ by
  return copy
}

/** Where the fields of a SIGNED are: PROTOCOL.md. */
const fields = { age: 4, origin: 8, epoch: 56, sequence: 62, key: 68, signature: 100, entries: 164 } as const

/** A question for a sign of life: when its answer comes, all that was said before has been dealt with. */
const question = Uint8Array.of(1, Kind.ping, 0, 0, 0, 0, 0, 1)

describe.each(transports)('signed origins over %s', (_name, createTransport, listen) => {
  const transport = createTransport()
  const nodes: Mesh[] = []
  const create = async (options: Partial<MeshOptions> = {}): Promise<Mesh> => {
    const mesh = await createMesh({
      network,
      transports: [transport],
      listen: [listen],
      security: plaintext(),
      signed: true,
      ...options,
    })
    nodes.push(mesh)
    return mesh
  }
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(node => node.close()))
  })

  /** A node, what it has heard, and a member that is linked to it and does not keep to the rules. */
  const attack = async (claims: Partial<Hello> = {}, identity = someone()) => {
    const victim = await create()
    const heard: unknown[] = []
    victim.handle('/news', ({ body }) => void heard.push(body))
    const liar = new RawPeer(await transport.dial(addressOf(victim)), identity, network, claims)
    return { victim, heard, liar, identity }
  }

  const alice = someone()
  const genuine = said(alice, 7, 1, ['the truth'])

  it.each([
    [
      'another origin',
      () => {
        const mine = said(someone(), 7, 1, ['a lie'])
        mine.set(idToBytes(alice.id), fields.origin)
        return mine
      },
    ],
    [
      'another origin and its key',
      () => {
        const mine = said(someone(), 7, 1, ['a lie'])
        mine.set(idToBytes(alice.id), fields.origin)
        mine.set(alice.publicKey, fields.key)
        return mine
      },
    ],
    ['another body', () => changed(genuine, genuine.length - 1)],
    ['another name', () => changed(genuine, fields.entries + 2)],
    ['another epoch', () => changed(genuine, fields.epoch + 5)],
    ['another number', () => changed(genuine, fields.sequence + 5, 2)],
    ['another signature', () => changed(genuine, fields.signature)],
    ['one message more', () => Buffer.concat([genuine, genuine.subarray(fields.entries)])],
    ['another network', () => said(alice, 7, 1, ['said elsewhere'], 'another')],
    ['nobody’s signature', () => encodeBroadcast(alice.id, 7, 1, '/news', codec.encode('unsigned'))],
  ] as [string, () => Uint8Array][])('ends the link of who passes on what has %s', async (_what, forge) => {
    const { victim, heard, liar } = await attack()
    const lost = soon<string>('the event peer:disconnect', come =>
      victim.once('peer:disconnect', (_, error) => come(codeOf(error))),
    )
    liar.say(forge())
    expect(await liar.farewell()).toMatchObject({ reason: Reason.forged })
    expect(await lost).toBe('P2P_FORGED')
    expect(heard).toEqual([])
    expect(victim.status).toBe('alone')
  })

  it('takes what is genuine, once, from whoever brings it', async () => {
    const { victim, heard, liar } = await attack()
    const messages: Message[] = []
    victim.on('message', message => void messages.push(message))
    liar.say(genuine)
    liar.say(genuine)
    // The age is the relays' word
    liar.say(changed(said(alice, 7, 2, ['more', 'and more']), fields.age + 3, 50))
    liar.say(question)
    await liar.next(Kind.pong)
    expect(heard).toEqual(['the truth', 'more', 'and more'])
  })

  it('does not look into what is not genuine: a changed bit anywhere is noticed', async () => {
    const victim = await create()
    const heard: unknown[] = []
    victim.handle('/news', ({ body }) => void heard.push(body))
    const identity = someone()
    const reasons = new Set<number>()
    for (let index = fields.origin; index < genuine.length; index += 3) {
      const liar = new RawPeer(await transport.dial(addressOf(victim)), identity, network)
      liar.say(changed(genuine, index, 1 << (index % 8)))
      reasons.add((await liar.farewell()).reason)
      liar.leave()
    }
    expect(Array.from(reasons).sort((a, b) => a - b)).toEqual([Reason.malformed, Reason.forged])
    expect(heard).toEqual([])
  })

  it('one signature is enough for a thousand messages of one turn, and everybody gets them in order', async () => {
    const identity = someone()
    let signatures = 0
    const counting: Identity = {
      ...identity,
      sign: message => {
        signatures++
        return identity.sign(message)
      },
    }
    const speaker = await create({ identity: counting })
    const [relay, listener] = [await create(), await create()]
    await relay.connect(addressOf(speaker))
    const heard: Message[] = []
    const all = soon<undefined>('a thousand messages', come =>
      listener.handle('/news', message => {
        if (heard.push(message) === 1_000) come(undefined)
      }),
    )
    await listener.connect(addressOf(relay))
    const before = signatures
    const ids = Array.from({ length: 1_000 }, (_, index) => speaker.broadcast('/news', index))
    await all
    // Its own broadcasts, such as a pulse, it signs too, in turns of their own
    const pulses = signatures - before - 1
    expect(pulses).toBeLessThanOrEqual(1)
    expect(heard.map(({ body }) => body)).toEqual(ids.map((_, index) => index))
    expect(heard.map(({ id }) => id)).toEqual(ids)
    expect(new Set(ids).size).toBe(1_000)
    expect(heard.every(({ from }) => from.id === speaker.id)).toBe(true)
  })

  it('what is said to one does not overtake what was said to all before', async () => {
    const [one, two] = [await create(), await create()]
    await two.connect(addressOf(one))
    const heard: unknown[] = []
    const done = soon<undefined>('four messages', come => {
      for (const protocol of ['/news', '/letter']) {
        two.handle(protocol, ({ body }) => {
          if (heard.push(body) === 4) come(undefined)
        })
      }
    })
    one.broadcast('/news', 1)
    void one.send(two.id, '/letter', 2)
    one.broadcast('/news', 3)
    one.whisper('/letter', 4)
    await done
    expect(heard).toEqual([1, 2, 3, 4])
  })

  it('what is said in the turn in which a node closes is said', async () => {
    const [one, two] = [await create(), await create()]
    await two.connect(addressOf(one))
    const heard = soon('the last words', come => two.handle('/news', ({ body }) => come(body)))
    one.broadcast('/news', 'goodbye')
    await one.close()
    expect(await heard).toBe('goodbye')
  })

  it('verifies what it has asked for: a lie is refused, the truth delivered', async () => {
    const { heard, liar, victim } = await attack()
    const honest = new RawPeer(await transport.dial(addressOf(victim)), someone(), network)
    for (const peer of [liar, honest]) {
      await peer.next(Kind.ihave)
      // What the first neighbour has said before is not asked for
      peer.say(encodeTree({ type: 'ihave', ranges: [] }))
    }
    liar.say(announced(alice, 7, 2, 2))
    await liar.next(Kind.graft)
    liar.say(changed(said(alice, 7, 2, ['asked for']), fields.entries + 10))
    expect(await liar.farewell()).toMatchObject({ reason: Reason.forged })
    honest.say(announced(alice, 7, 2, 2))
    await honest.next(Kind.graft)
    honest.say(said(alice, 7, 2, ['asked for']))
    honest.say(question)
    await honest.next(Kind.pong)
    expect(heard).toEqual(['asked for'])
  })

  it('refuses the word of others for what it has said itself', async () => {
    const { liar, victim } = await attack({
      epoch: 2 ** 46,
      sequence: 1,
      proof: { digest: new Uint8Array(32), signature: new Uint8Array(64) },
    })
    const refused = refusalCode(victim)
    expect(await liar.farewell()).toMatchObject({ reason: Reason.forged })
    expect(await refused).toBe('P2P_FORGED')
  })

  it.each([
    ['signed', 'not', true, false],
    ['not signed', '', false, true],
  ])(
    'a network where broadcasts are %s is closed to those who would have them %s',
    async (_a, _b, ours, theirs) => {
      const [one, two] = [await create({ signed: ours }), await create({ signed: theirs })]
      const refused = refusalCode(one)
      const failure: unknown = await two.connect(addressOf(one)).catch((error: unknown) => error)
      expect(codeOf(failure)).toBe('P2P_WRONG_SIGNING')
      expect(await refused).toBe('P2P_WRONG_SIGNING')
    },
  )

  it.each([
    ['a protected network without a secret signs', {}, true],
    ['one with a secret does not', { secret: new Uint8Array(32).fill(3) }, false],
    ['a plain one does not', { security: plaintext() }, false],
  ] as [string, Partial<MeshOptions>, boolean][])(
    '%s unless it is told otherwise',
    async (_what, options, signed) => {
      const make = async (more: Partial<MeshOptions>) => {
        const mesh = await createMesh({
          network,
          transports: [transport],
          listen: [listen],
          ...options,
          ...more,
        })
        nodes.push(mesh)
        return mesh
      }
      const one = await make({})
      await expect((await make({ signed })).connect(addressOf(one))).resolves.toMatchObject({ id: one.id })
      await expect((await make({ signed: !signed })).connect(addressOf(one))).rejects.toMatchObject({
        code: 'P2P_WRONG_SIGNING',
      })
    },
  )
})

describe('an epoch of an origin', () => {
  const signed = { security: plaintext(), signed: true }
  const alice = someone()

  /** A node that hears what a member brings. */
  const scene = async () => {
    const world = new TestNetwork(1, 1, signed)
    const victim = await world.add()
    const heard: unknown[] = []
    victim.handle('/news', ({ body }) => void heard.push(body))
    const meet = async (claims: Partial<Hello> = {}) => {
      const connection = await world.run(world.transport().dial(addressOf(victim)))
      const peer = new RawPeer(connection, someone(), network, claims)
      await world.settle()
      return peer
    }
    return { world, victim, heard, meet }
  }

  it('is over when a later one was heard, for those who did not hear it in its time', async () => {
    const { world, heard, meet } = await scene()
    await using _ = world
    const peer = await meet()
    peer.say(said(alice, 8, 1, ['new life']))
    peer.say(said(alice, 7, 1, ['former life']))
    await world.settle()
    expect(heard).toEqual(['new life'])
    // It may have come to the one who passes it on in time
    expect(peer.heard.some(message => message[1] === Kind.goodbye)).toBe(false)
  })

  it('is finished where it has begun', async () => {
    const { world, heard, meet } = await scene()
    await using _ = world
    const peer = await meet()
    peer.say(said(alice, 7, 1, ['former life']))
    peer.say(said(alice, 8, 1, ['new life']))
    peer.say(said(alice, 7, 2, ['last words']))
    await world.settle()
    expect(heard).toEqual(['former life', 'new life', 'last words'])
  })

  it('cannot be played again once it was forgotten, nor a former one', async () => {
    const { world, heard, meet } = await scene()
    await using _ = world
    const recorded = [
      said(alice, 7, 1, [1]),
      said(alice, 7, 2, [2]),
      said(alice, 8, 1, [3]),
      said(alice, 8, 2, [4]),
    ]
    const peer = await meet()
    for (const message of recorded) peer.say(message)
    await world.settle()
    expect(heard).toEqual([1, 2, 3, 4])
    peer.leave()
    await world.clock.advance(600_000)
    const again = await meet()
    for (const message of recorded) again.say(message)
    again.say(said(alice, 8, 3, ['news']))
    await world.settle()
    expect(heard).toEqual([1, 2, 3, 4, 'news'])
  })

  it('is not ended by the word of others for a later one', async () => {
    const { world, heard, meet } = await scene()
    await using _ = world
    const peer = await meet()
    peer.say(said(alice, 7, 1, [1]))
    for (const epoch of [8, 9, 2 ** 46, 2 ** 47 - 1]) peer.say(announced(alice, epoch, 1, 5))
    peer.say(said(alice, 7, 2, [2]))
    await world.settle()
    expect(heard).toEqual([1, 2])
  })

  it('is not silenced by who says first that all of it is past', async () => {
    const { world, heard, meet } = await scene()
    await using _ = world
    const liar = await meet()
    liar.say(announced(alice, 7, 1, 2 ** 40))
    await world.settle()
    const honest = await meet()
    honest.say(said(alice, 7, 4, [4]))
    honest.say(said(alice, 7, 6, [6]))
    honest.say(said(alice, 7, 5, [5]))
    await world.settle()
    expect(heard).toEqual([4, 6, 5])
  })

  it('does not begin with what others announce, however much that is', async () => {
    const { world, victim, heard, meet } = await scene()
    await using _ = world
    const peer = await meet()
    peer.say(said(alice, 7, 1, [1]))
    // More than are kept of what nobody has proven
    for (let count = 0; count < 3_000; count++) peer.say(announced(someoneCheap(count), 7, 1, 1))
    peer.say(said(alice, 7, 1, [1]))
    peer.say(said(alice, 7, 2, [2]))
    await world.settle()
    expect(heard).toEqual([1, 2])
    expect(victim.stats().repeated).toBe(1)
  })

  it('follows on the former life of a node whose clock stands still, proven by those who have heard it', async () => {
    await using world = new TestNetwork(1, 1, signed)
    const [one, two] = [await world.add(), await world.add()]
    const heard: unknown[] = []
    const listen = (mesh: Mesh) => mesh.handle('/news', ({ body, from }) => void heard.push([from.id, body]))
    listen(two)
    await world.run(two.connect(addressOf(one)))
    const identity = someone()
    const began = world.clock.now()
    const clock = {
      now: () => began,
      monotonic: () => world.clock.monotonic(),
      after: world.clock.after.bind(world.clock),
    }
    for (const life of ['first', 'second', 'third']) {
      const mesh = await world.add({ identity, clock })
      // Nobody is there yet who knows of a former life
      mesh.broadcast('/news', `${life} early`)
      await world.run(mesh.connect(addressOf(one)))
      mesh.broadcast('/news', life)
      await world.settle()
      await world.run(mesh.close())
      await world.settle()
    }
    const lives = ['first', 'second', 'third'].flatMap(life => [`${life} early`, life])
    // What was said before anybody could hear it comes when it is asked for
    expect(heard).toHaveLength(lives.length)
    expect(heard).toEqual(expect.arrayContaining(lives.map(life => [identity.id, life])))
  })
})

/** An origin of which nothing but the id is needed. */
const someoneCheap = (count: number): Identity => {
  const id = new Uint8Array(48).fill(count & 0xff)
  id[0] = count >>> 8
  return { id: idFromBytes(id), publicKey: new Uint8Array(32), sign: () => new Uint8Array(64) }
}
