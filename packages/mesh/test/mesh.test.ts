import type { Connection, Contact } from '@p2p/interfaces'
import { beforeEach, describe, expect, it } from 'vitest'
import { createIdentity, type Identity, identityFromKey, type Mesh, type Message } from '../src/index.ts'
import { encodeBroadcast, nameOffset } from '../src/wire/broadcast.ts'
import { sendHead } from '../src/wire/direct.ts'
import { Kind, Reason } from '../src/wire/header.ts'
import { begin, decodeHello, encodeFarewell, encodeHello, networkTag } from '../src/wire/hello.ts'
import { encodeMembership } from '../src/wire/membership.ts'
import { addressOf, at, TestNetwork } from './network.ts'
import { SimulatedMesh } from './simulated.ts'

/** What each node's application gets of a protocol. */
const listen = (nodes: readonly Mesh[], protocol: string) =>
  nodes.map(node => {
    const messages: Message[] = []
    node.handle(protocol, message => void messages.push(message))
    return messages
  })

const ids = (contacts: readonly Contact[]) => contacts.map(({ id }) => id).sort()

describe('a mesh', () => {
  let network: TestNetwork
  beforeEach(() => {
    network = new TestNetwork()
    return () => network[Symbol.asyncDispose]()
  })

  describe('becoming a network', () => {
    it('of seven nodes that know one of them each ends as a full mesh', async () => {
      const nodes = await network.grow(7)
      await network.clock.advance(10_000)
      for (const node of nodes)
        expect(ids(node.peers)).toEqual(ids(nodes.filter(other => other !== node).map(n => n.self)))
    })

    it('keeps the number of neighbours bounded in a larger one, and nobody alone', async () => {
      const nodes = await network.grow(24)
      await network.clock.advance(60_000)
      for (const node of nodes) {
        expect(node.peers.length).toBeGreaterThanOrEqual(3)
        expect(node.peers.length).toBeLessThanOrEqual(6)
      }
    })

    it('has neighbours that agree on being neighbours', async () => {
      const nodes = await network.grow(16)
      await network.clock.advance(60_000)
      const byId = new Map(nodes.map(node => [node.id, node]))
      for (const node of nodes)
        for (const { id } of node.peers) expect(ids(byId.get(id)?.peers ?? [])).toContain(node.id)
    })

    it('tells when neighbours come and go, and that its status follows', async () => {
      const [one, two] = [await network.add(), await network.add()]
      const told: string[] = []
      one.on('peer:connect', ({ id }) => told.push(`up ${id}`))
      one.on('peer:disconnect', ({ id }, reason) => told.push(`down ${id} ${String(reason)}`))
      expect(one.status).toBe('alone')
      expect((await network.run(two.connect(addressOf(one)))).id).toBe(one.id)
      await network.settle()
      expect(one.status).toBe('connected')
      await network.run(two.close())
      await network.settle()
      expect(told).toEqual([`up ${two.id}`, `down ${two.id} undefined`])
      expect([one.status, two.status]).toEqual(['alone', 'closed'])
    })

    it('does not come back to a node that has left', async () => {
      const nodes = await network.grow(4)
      const left = at(nodes, 1)
      await network.run(left.close())
      await network.clock.advance(30_000)
      for (const node of nodes) if (node !== left) expect(ids(node.peers)).not.toContain(left.id)
    })

    it('can end the link to a peer', async () => {
      const [one, two] = [await network.add(), await network.add()]
      await network.run(two.connect(addressOf(one)))
      await network.settle()
      const gone = new Promise<Contact>(resolve => one.once('peer:disconnect', resolve))
      two.disconnect(one.id)
      expect((await network.run(gone)).id).toBe(two.id)
      two.disconnect(one.id)
    })
  })

  describe('refusals', () => {
    it('tells a node of another network that it is one', async () => {
      const [one, other] = [await network.add(), await network.add({ network: 'another' })]
      const refused = new Promise<Error>(resolve => one.once('refused', (_, error) => resolve(error)))
      await expect(network.run(other.connect(addressOf(one)))).rejects.toMatchObject({
        code: 'P2P_WRONG_NETWORK',
      })
      expect(await network.run(refused)).toMatchObject({ code: 'P2P_WRONG_NETWORK' })
      expect(one.links).toEqual([])
    })

    it('tells that another node than the expected one answered', async () => {
      const [one, two] = [await network.add(), await network.add()]
      const id = createIdentity(network.random).id
      await expect(network.run(two.connect(addressOf(one), { id }))).rejects.toMatchObject({
        code: 'P2P_UNEXPECTED_ID',
      })
      await network.settle()
      expect([one.links, two.links]).toEqual([[], []])
    })

    it('does not connect to itself', async () => {
      const one = await network.add()
      await expect(network.run(one.connect(addressOf(one)))).rejects.toMatchObject({
        code: 'P2P_CONNECTED_TO_SELF',
      })
    })

    it.each([
      ['nobody there', 'memory://nobody', 'P2P_CONNECTION_REFUSED'],
      ['an unknown scheme', 'carrier-pigeon://loft', 'P2P_UNKNOWN_SCHEME'],
      ['no address at all', 'loft', 'P2P_BAD_ADDRESS'],
    ])('tells of %s', async (_, address, code) => {
      const one = await network.add()
      await expect(network.run(one.connect(address as never))).rejects.toMatchObject({ code })
    })

    it.each([
      ['an unknown scheme to listen at', { listen: ['gopher://hole'] }, 'P2P_UNKNOWN_SCHEME'],
      ['an address that is taken', { listen: ['memory://taken'] }, 'P2P_ADDRESS_IN_USE'],
      ['a network without a name', { network: '' }, 'P2P_BAD_OPTION'],
      ['a seed that is no address', { seeds: ['nowhere'] }, 'P2P_BAD_ADDRESS'],
      ['a limit of nothing', { limits: { links: 0 } }, 'P2P_BAD_OPTION'],
    ])('are coded errors at start: %s', async (_, options, code) => {
      await network.add({ listen: ['memory://taken'] })
      await expect(network.add(options as never)).rejects.toMatchObject({ code })
    })

    it('ends a connect at its deadline and when it is aborted, and leaves nothing behind', async () => {
      const silent = await network.transport().listen('memory://silent', () => undefined)
      const one = await network.add()
      await expect(network.run(one.connect('memory://silent', { timeout: 700 }))).rejects.toMatchObject({
        code: 'P2P_TIMEOUT',
      })
      const abort = new AbortController()
      const connecting = one.connect('memory://silent', { signal: abort.signal })
      connecting.catch(() => undefined)
      await network.clock.advance(100)
      abort.abort(new Error('changed my mind'))
      await expect(connecting).rejects.toMatchObject({
        code: 'P2P_ABORTED',
        cause: { message: 'changed my mind' },
      })
      await network.settle()
      expect(one.stats()).toMatchObject({ links: 0, handshakes: 0 })
      await silent.close()
    })

    it('keeps the names of the mesh for the mesh', async () => {
      const one = await network.add()
      for (const use of [
        () => one.broadcast('/mesh/x', 1),
        () => one.whisper('/mesh/x', 1),
        () => one.send(one.id, '/mesh/x', 1),
        () => one.handle('/mesh/x', () => undefined),
      ]) {
        expect(use).toThrow(expect.objectContaining({ code: 'P2P_RESERVED_PROTOCOL' }))
      }
    })

    it('refuses a message above the limit at the sender', async () => {
      const one = await network.add({ limits: { message: 1000 } })
      expect(() => one.broadcast('/a', new Uint8Array(1000))).toThrow(
        expect.objectContaining({ code: 'P2P_MESSAGE_TOO_LONG' }),
      )
      one.broadcast('/a', new Uint8Array(800))
    })

    it('does nothing any more once it is closed', async () => {
      const one = await network.add()
      await network.run(one.close())
      await network.run(one.close())
      expect(() => one.broadcast('/a', 1)).toThrow(expect.objectContaining({ code: 'P2P_CLOSED' }))
      await expect(one.connect('memory://x')).rejects.toMatchObject({ code: 'P2P_CLOSED' })
      await expect(one.recv()).rejects.toMatchObject({ code: 'P2P_CLOSED' })
    })
  })

  describe('to all', () => {
    it('reaches every application once over many hops', async () => {
      const nodes = await network.grow(16)
      const messages = listen(nodes, '/news')
      const id = at(nodes, 11).broadcast('/news', { text: 'all' })
      await network.settle()
      messages.forEach((got, index) => {
        if (index === 11) expect(got).toEqual([])
        else
          expect(got.map(message => [message.id, message.from.id, message.body])).toEqual([
            [id, at(nodes, 11).id, { text: 'all' }],
          ])
      })
      expect(at(nodes, 11).peers.length).toBeLessThan(15)
    })

    it('takes the same payload twice for two messages', async () => {
      const nodes = await network.grow(3)
      const messages = listen(nodes, '/news')
      at(nodes, 0).broadcast('/news', 'same')
      at(nodes, 0).broadcast('/news', 'same')
      await network.settle()
      expect(at(messages, 2).map(({ body }) => body)).toEqual(['same', 'same'])
    })

    it('whispers to the neighbours and to nobody else', async () => {
      const nodes = await network.grow(16)
      const messages = listen(nodes, '/near')
      const speaker = at(nodes, 5)
      const near = ids(speaker.peers)
      speaker.whisper('/near', 'psst')
      await network.settle()
      const heard = nodes.filter((_, index) => at(messages, index).length > 0)
      expect(ids(heard.map(node => node.self))).toEqual(near)
    })

    it('says when a message was made, whatever its way', async () => {
      const nodes = await network.grow(2)
      const messages = listen(nodes, '/news')
      const sent = network.clock.now()
      at(nodes, 0).broadcast('/news', 'now')
      await network.settle()
      expect(Math.abs(at(at(messages, 1), 0).time - sent)).toBeLessThan(20)
    })

    it('is heard from a node that was restarted with the same identity', async () => {
      const nodes = await network.grow(3)
      const messages = listen(nodes, '/news')
      const key = new Uint8Array(32).fill(7)
      for (const text of ['first life', 'second life']) {
        const mortal = await network.add({ identity: identityFromKey(key), listen: ['memory://mortal'] })
        await network.run(mortal.connect(addressOf(at(nodes, 0))))
        await network.settle()
        mortal.broadcast('/news', text)
        await network.settle()
        await network.run(mortal.close())
        await network.settle()
      }
      expect(at(messages, 2).map(({ body }) => body)).toEqual(['first life', 'second life'])
    })

    /** A node with a wall clock that begins at the same time at each start. */
    const forgetful = () => {
      const { clock } = network
      const began = clock.now()
      return network.add({
        identity: identityFromKey(new Uint8Array(32).fill(8)),
        listen: ['memory://forgetful'],
        clock: {
          now: () => 1_763_719_200_000 + clock.now() - began,
          monotonic: () => clock.monotonic(),
          after: (delay, callback) => clock.after(delay, callback),
        },
      })
    }

    it('brings what a restarted node said before its first neighbour, though its clock began where it did in its former life', async () => {
      const nodes = await network.grow(3)
      const messages = listen(nodes, '/news')
      for (const life of ['first', 'second']) {
        const mortal = await forgetful()
        for (const number of [1, 2]) mortal.broadcast('/news', `${life} life, ${number}`)
        await network.run(mortal.connect(addressOf(at(nodes, 0))))
        await network.clock.advance(2_000)
        await network.run(mortal.close())
        await network.settle()
      }
      const expected = ['first life, 1', 'first life, 2', 'second life, 1', 'second life, 2']
      for (const heard of messages) expect(heard.map(({ body }) => body)).toEqual(expected)
    })

    it('brings what a restarted node says once it meets those who know its former life, though it met others before', async () => {
      const nodes = await network.grow(3)
      const messages = listen(nodes, '/news')
      const first = await forgetful()
      await network.run(first.connect(addressOf(at(nodes, 0))))
      for (let number = 0; number < 5; number++) first.broadcast('/news', `former ${number}`)
      await network.settle()
      await network.run(first.close())
      const second = await forgetful()
      await network.run(second.connect(addressOf(await network.add())))
      second.broadcast('/news', 'to a stranger')
      await network.settle()
      await network.run(second.connect(addressOf(at(nodes, 0))))
      second.broadcast('/news', 'to everybody')
      await network.settle()
      expect(at(messages, 2).map(({ body }) => body)).toContain('to everybody')
    })
  })

  describe('to one', () => {
    it('reaches a node to which there is no link, and keeps the link only while it is used', async () => {
      const nodes = await network.grow(20)
      await network.clock.advance(30_000)
      const asker = at(nodes, 3)
      const far = nodes.find(node => node !== asker && !asker.links.some(({ peer }) => peer.id === node.id))
      if (far === undefined) throw new Error('no node is without a link to the asker')
      far.handle('/echo', message => message.body)
      expect(await network.run(asker.request(far.id, '/echo', { deep: [1, 'two', null] }))).toEqual({
        deep: [1, 'two', null],
      })
      expect(asker.links.some(({ peer }) => peer.id === far.id)).toBe(true)
      // Others may link the two for reasons of their own, as probes do: so it is gone at some moment
      const linked = () => asker.links.some(({ peer, neighbour }) => peer.id === far.id && !neighbour)
      await network.clock.advance(59_000)
      expect(asker.links.some(({ peer }) => peer.id === far.id)).toBe(true)
      await network.clock.runUntil(() => !linked(), { limit: 20_000 })
    })

    it('finds a node by its id anywhere in the network', async () => {
      const nodes = await network.grow(20)
      const sought = at(nodes, 17)
      expect(await network.run(at(nodes, 2).find(sought.id))).toEqual(sought.self)
      const nobody = createIdentity(network.random).id
      await expect(network.run(at(nodes, 2).find(nobody))).rejects.toMatchObject({
        code: 'P2P_PEER_NOT_FOUND',
      })
      await expect(network.run(at(nodes, 2).send(nobody, '/a', 1))).rejects.toMatchObject({
        code: 'P2P_PEER_UNREACHABLE',
      })
    })

    it('lets the receiver of a broadcast reply to its origin over any distance', async () => {
      const nodes = await network.grow(20)
      const replies = at(listen([at(nodes, 4)], '/who'), 0)
      at(nodes, 19).handle('/who', message => message.reply('me'))
      at(nodes, 4).broadcast('/who', 'is there?')
      await network.clock.advance(2_000)
      expect(replies.map(({ body, from }) => [body, from.id])).toEqual([['me', at(nodes, 19).id]])
    })

    it('tells who waits that the peer is gone', async () => {
      const [one, two] = await network.grow(2)
      two?.handle('/slow', () => new Promise(() => undefined))
      const asking = one?.request(two?.self ?? '', '/slow', null, { timeout: Infinity })
      asking?.catch(() => undefined)
      await network.settle()
      await network.run(Promise.resolve(two?.close()))
      await expect(network.run(asking ?? Promise.resolve())).rejects.toMatchObject({
        code: 'P2P_PEER_UNREACHABLE',
      })
    })

    it('keeps the messages of a sender in order while links come and go', async () => {
      const nodes = await network.grow(12)
      const got = at(listen([at(nodes, 0)], '/count'), 0)
      const sender = at(nodes, 11)
      for (let index = 0; index < 50; index++)
        await network.run(sender.send(at(nodes, 0).id, '/count', index))
      await network.settle()
      expect(got.map(({ body }) => body)).toEqual(Array.from({ length: 50 }, (_, index) => index))
    })
  })

  describe('what no handler takes', () => {
    it('is read with recv, poll and iteration, and told as an event', async () => {
      const [one, two] = await network.grow(2)
      if (one === undefined || two === undefined) throw new Error('no nodes')
      const told: unknown[] = []
      one.on('message', ({ body }) => told.push(body))
      expect(one.poll()).toEqual([])
      for (const body of ['a', 'b', 'c', 'd']) await network.run(two.send(one.self, '/free', body))
      await network.settle()
      expect((await one.recv()).body).toBe('a')
      expect(one.poll(2).map(({ body }) => body)).toEqual(['b', 'c'])
      for await (const { body, kind, protocol } of one) {
        expect([body, kind, protocol]).toEqual(['d', 'send', '/free'])
        break
      }
      expect(told).toEqual(['a', 'b', 'c', 'd'])
      await expect(network.run(one.recv({ timeout: 50 }))).rejects.toMatchObject({ code: 'P2P_TIMEOUT' })
      const reading = one.recv()
      await network.run(two.send(one.self, '/free', 'e'))
      expect((await network.run(reading)).body).toBe('e')
    })

    it('gives way, oldest first, to newer ones when nobody reads', async () => {
      const [one, two] = await network.grow(2, { limits: { inbox: 3 } })
      for (let index = 0; index < 5; index++) two?.broadcast('/free', index)
      await network.settle()
      expect(one?.poll(9).map(({ body }) => body)).toEqual([2, 3, 4])
      expect(one?.stats().unreadDropped).toBe(2)
    })

    it('goes through the chain until somebody takes it, requests too', async () => {
      const [one, two] = await network.grow(2)
      if (one === undefined || two === undefined) throw new Error('no nodes')
      const asked: string[] = []
      one.use(message => {
        asked.push(`first ${String(message.body)}`)
        return message.body === 1
      })
      using _second = one.use(async message => {
        asked.push(`second ${String(message.body)}`)
        await message.reply('from the chain')
        return true
      })
      two.broadcast('/any', 1)
      expect(await network.run(two.request(one.self, '/any', 2))).toBe('from the chain')
      await network.settle()
      expect(asked).toEqual(['first 1', 'first 2', 'second 2'])
      expect(one.poll()).toEqual([])
    })
  })

  describe('errors', () => {
    it('of handlers and listeners are events, and harm nobody', async () => {
      const [one, two] = await network.grow(2)
      if (one === undefined || two === undefined) throw new Error('no nodes')
      const errors: (string | undefined)[] = []
      one.on('error', error => errors.push(error.code))
      one.on('message', () => {
        throw new Error('a listener that throws')
      })
      const later: unknown[] = []
      one.on('message', ({ body }) => later.push(body))
      one.handle('/sync', () => {
        throw new Error('a handler that throws')
      })
      one.handle('/async', async () => Promise.reject(new Error('a handler that rejects')))
      for (const protocol of ['/sync', '/async', '/free']) two.broadcast(protocol, protocol)
      await network.settle()
      expect(errors).toEqual(['P2P_HANDLER_FAILED', 'P2P_HANDLER_FAILED', 'P2P_HANDLER_FAILED'])
      expect(one.errors).toHaveLength(3)
      expect(later).toEqual(['/free'])
      expect(one.status).toBe('connected')
    })

    it('refuses bodies that cannot be sent, at the sender', async () => {
      const one = await network.add()
      for (const body of [() => 1, Symbol('x'), '\ud800', new Date(0)]) {
        expect(() => one.broadcast('/a', body)).toThrow(TypeError)
      }
    })
  })

  describe('what went wrong once', () => {
    it('a node passed on a broadcast that its neighbours refuse, and lost them', async () => {
      const nodes = await network.grow(3)
      const [victim, witness] = [at(nodes, 0), at(nodes, 2)]
      const lost: string[] = []
      witness.on('peer:disconnect', ({ id }) => lost.push(id))
      // A name that is not UTF-8: found by fuzzing
      const liar = await liarNextTo(victim, network)
      const name = Uint8Array.of(0xff, 0xfe)
      const broadcast = encodeBroadcast(liar.id, 1, 1, 'ab', Uint8Array.of(0xc0))
      broadcast.set(name, nameOffset(0))
      liar.say(begin(Kind.join).done())
      liar.say(broadcast)
      await network.settle()
      expect(lost).toEqual([])
      expect(witness.peers.map(({ id }) => id)).toContain(victim.id)
    })

    it('what was broadcast right after connect was lost, for the link was not between neighbours yet', async () => {
      for (let trial = 0; trial < 10; trial++) {
        const [one, two] = [await network.add(), await network.add()]
        const heard = one.recv()
        await network.run(two.connect(addressOf(one)))
        two.broadcast('/early', trial)
        expect((await network.run(heard)).body).toBe(trial)
      }
    })

    it('a node that had just come was not found, for it was asked for once and too early', async () => {
      const nodes = await network.grow(12)
      const late = await network.add({ listen: ['memory://late'] })
      const asking = at(nodes, 5).find(late.id)
      asking.catch(() => undefined)
      await network.clock.advance(300)
      await network.run(late.connect(addressOf(at(nodes, 0))))
      expect((await network.run(asking)).addresses).toEqual(['memory://late'])
    })

    it('a search went on after close', async () => {
      const nodes = await network.grow(2)
      const asking = at(nodes, 0).find(createIdentity(network.random).id)
      asking.catch(() => undefined)
      await network.run(at(nodes, 0).close())
      await expect(asking).rejects.toMatchObject({ code: 'P2P_CLOSED' })
    })

    it('a neighbour could make a node dial any number of addresses at once', async () => {
      const victim = at(await network.grow(1), 0)
      const silent = await network.transport().listen('memory://silent', () => undefined)
      const liar = await liarNextTo(victim, network)
      liar.say(begin(Kind.join).done())
      for (let count = 0; count < 300; count++) {
        const contact = { id: createIdentity(network.random).id, addresses: ['memory://silent'] as const }
        liar.say(encodeMembership({ type: 'forwardJoin', hops: 0, contact }))
      }
      await network.clock.advance(50)
      expect(victim.stats().handshakes).toBeLessThanOrEqual(6)
      await silent.close()
    })

    it('a broadcast of an origin that has had three lives was delivered again once the second one was forgotten (seed 1018)', async () => {
      const victim = at(await network.grow(1), 0)
      const heard: unknown[] = []
      victim.handle('/news', ({ body }) => void heard.push(body))
      const liar = await liarNextTo(victim, network)
      liar.say(begin(Kind.join).done())
      const origin = createIdentity(network.random).id
      const say = (epoch: number, sequence: number) =>
        liar.say(encodeBroadcast(origin, epoch, sequence, '/news', Uint8Array.of(10 * epoch + sequence)))
      const pass = async (milliseconds: number) => {
        for (let left = milliseconds; left > 0; left -= 5_000) {
          await network.clock.advance(5_000)
          liar.say(begin(Kind.pong).u32(0).done())
        }
      }
      say(1, 1)
      say(2, 1)
      await pass(100_000)
      say(1, 2)
      say(3, 1)
      await pass(40_000)
      say(1, 2)
      say(3, 2)
      await pass(5_000)
      expect(heard).toEqual([11, 21, 12, 31, 32])
    })

    it('what could not be taken on a link that was given up was told to nobody', async () => {
      const world = new SimulatedMesh(1, { latency: from => (from === 'slow' ? 500 : 5), jitter: 0 })
      const { mesh: victim } = await world.start('n0', { network: 'test' })
      const errors: unknown[] = []
      victim.on('error', ({ code }) => errors.push(code))
      const liar = await liarNextTo(victim, {
        random: world.random,
        transport: () => world.network.host('slow').transport,
        run: promise => world.clock.run(promise),
      })
      await world.clock.advance(4_000)
      await world.clock.runUntil(() => victim.links.length === 0)
      const halfText = 0xa5
      liar.say(Uint8Array.of(...sendHead('/letter'), halfText))
      await world.clock.advance(1_500)
      expect(errors).toEqual(['P2P_MALFORMED'])
      expect(victim.errors).toMatchObject([{ code: 'P2P_MALFORMED' }])
    })

    it('what was written to a link that was given up came after what was written to the next one (seed 2128)', async () => {
      const latency = (from: string) => (from === 'slow' ? 500 : 5)
      const world = new SimulatedMesh(1, { latency, jitter: 0 })
      const { mesh: victim } = await world.start('n0', { network: 'test' })
      const heard: unknown[] = []
      victim.handle('/letter', ({ body }) => void heard.push(body))
      const letter = (number: number) => Uint8Array.of(...sendHead('/letter'), number)
      const identity = createIdentity(world.random)
      const speaker = (host: string) =>
        liarNextTo(
          victim,
          {
            random: world.random,
            transport: () => world.network.host(host).transport,
            run: promise => world.clock.run(promise),
          },
          identity,
        )
      const first = await speaker('slow')
      await world.clock.advance(4_000)
      expect(victim.links).toHaveLength(1)
      await world.clock.runUntil(() => victim.links.length === 0)
      first.say(letter(1))
      const second = await speaker('fast')
      second.say(letter(2))
      await world.clock.advance(400)
      expect([victim.links.length, heard]).toEqual([0, []])
      await world.clock.advance(1_000)
      expect([victim.links.length, heard]).toEqual([1, [1, 2]])
    })

    it('connecting failed when the other end gave the link up for another one at that moment (seed 3193)', async () => {
      const mesh = await network.add({ listen: [] })
      const identity = createIdentity(network.random)
      let dials = 0
      await network.transport().listen('memory://fickle', connection => {
        const say = (payload: Uint8Array) => void connection.write(framed(payload))
        const dial = dials++
        connection.onData(chunk => {
          if (chunk[5] === Kind.hello) {
            const { nonce, held } = decodeHello(chunk, 4, chunk.length)
            const fields = { ...helloOf(identity, network), nonce }
            if (held === undefined) say(encodeHello({ ...fields, serial: dial + 1 }))
          }
          if (chunk.at(-3) !== Kind.join) return
          if (dial === 0) say(encodeFarewell(Kind.goodbye, { reason: Reason.replaced, text: '' }))
          else say(encodeMembership({ type: 'neighbourReply', accepted: true, contacts: [] }))
        })
      })
      const { id } = await network.run(mesh.connect('memory://fickle'))
      expect([id, dials]).toEqual([identity.id, 2])
    })

    it('a node that was dialled again before it knew that its link had been given up ended both links (seed 82)', async () => {
      const world = new SimulatedMesh(1, { latency: 100, jitter: 0 })
      const { mesh } = await world.start('n0', { network: 'test' })
      const identity = createIdentity(world.random)
      const open = new Set<Connection>()
      const most: number[] = []
      await world.clock.run(
        world.network.host('other').transport.listen('sim://other:1', connection => {
          open.add(connection)
          most.push(open.size)
          void connection.closed.then(() => open.delete(connection))
          connection.onData(chunk => {
            if (chunk[5] !== Kind.hello) return
            const { nonce, held } = decodeHello(chunk, 4, 4 + (chunk[3] ?? 0))
            // It does not read on for a while, and so does not learn of the end
            if (held !== undefined) connection.pause()
            if (held !== undefined) return
            const hello = { ...helloOf(identity, world), nonce, serial: most.length }
            connection.write(framed(encodeHello(hello)))
          })
          const live = () => {
            connection.write(framed(begin(Kind.pong, 8).u32(0).done()))
            world.clock.after(3_000, live)
          }
          world.clock.after(3_000, live)
        }),
      )
      const contact = { id: identity.id, addresses: ['sim://other:1'] as const }
      await world.clock.run(mesh.send(contact, '/letter', 1))
      await world.clock.runUntil(() => mesh.links.length === 0, { limit: 100_000 })
      world.clock.after(500, () => open.forEach(connection => connection.resume()))
      await world.clock.run(mesh.send(contact, '/letter', 2))
      expect(most).toEqual([1, 1])
    })

    it('errors of a listener of errors were kept without end', async () => {
      const [one, two] = await network.grow(2)
      one?.on('error', () => {
        throw new Error('again')
      })
      one?.handle('/bad', () => {
        throw new Error('bad')
      })
      for (let count = 0; count < 50; count++) two?.broadcast('/bad', count)
      await network.settle()
      expect(one?.errors).toHaveLength(16)
    })
  })
})

const framed = (payload: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(4 + payload.length)
  new DataView(frame.buffer).setUint32(0, payload.length)
  frame.set(payload, 4)
  return frame
}

/** What somebody says of himself, but for the number of the HELLO. */
const helloOf = ({ publicKey }: Identity, { random }: Pick<TestNetwork, 'random'>) => ({
  oldest: 1,
  newest: 1,
  network: networkTag('test'),
  publicKey,
  incarnation: new Uint8Array(8),
  nonce: random.fill(new Uint8Array(8)),
  epoch: 0,
  sequence: 0,
  signed: false,
  addresses: [],
  held: undefined,
})

/** Somebody who says HELLO to a node in order, and then whatever it is told to. */
const liarNextTo = async (
  victim: Mesh,
  network: Pick<TestNetwork, 'random' | 'run' | 'transport'>,
  identity = createIdentity(network.random),
) => {
  const connection = await network.run(network.transport().dial(addressOf(victim)))
  const say = (payload: Uint8Array) => void connection.write(framed(payload))
  connection.onData(() => undefined)
  const fields = helloOf(identity, network)
  say(encodeHello({ ...fields, serial: 1 }))
  say(encodeHello({ ...fields, serial: 2 }))
  return { id: identity.id, say }
}
