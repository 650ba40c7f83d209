import type { Address, PeerId } from '@p2p/interfaces'
import { SeededRandom } from '@p2p/simulation'
import { describe, expect, it, vi } from 'vitest'
import { Book } from '../src/core/book.ts'
import { createIdentity, plaintext } from '../src/index.ts'
import { Kind } from '../src/wire/header.ts'
import { encodeProbe } from '../src/wire/membership.ts'
import { addressOf, at, TestNetwork } from './network.ts'
import { RawPeer } from './raw-peer.ts'
import { SimulatedMesh } from './simulated.ts'

const minute = 60_000

describe('a node that looks after its links', () => {
  it('tells that a look failed, and looks again', async () => {
    const world = new SimulatedMesh(5)
    const random = new SeededRandom('one')
    const one = await world.start('n0', { random })
    const two = await world.start('n1')
    await world.clock.advance(20_000)
    const errors: unknown[] = []
    one.mesh.on('error', ({ code }) => errors.push(code))
    const next = vi.spyOn(random, 'next').mockImplementationOnce(() => {
      throw new Error('no dice')
    })
    await world.clock.advance(5_000)
    next.mockRestore()
    expect(errors).toEqual(['P2P_HANDLER_FAILED'])
    two.host.crash()
    await world.clock.advance(10_000)
    expect(one.mesh.peers).toEqual([])
  })

  it('gives a silent peer up within 10 s though it stood still for some of them', async () => {
    for (const stop of [500, 1_500, 2_500, 3_500, 4_500]) {
      await using world = new TestNetwork(stop, 1, { security: plaintext(), signed: true })
      const host = world.clock.host({ name: 'victim' })
      const victim = await world.add({ clock: host })
      const connection = await world.run(world.transport().dial(addressOf(victim)))
      const silent = new RawPeer(connection, createIdentity(), 'test')
      await world.clock.advance(stop)
      expect(victim.peers).toHaveLength(1)
      host.pause()
      await world.clock.advance(4_000)
      host.resume()
      await world.clock.advance(10_000 - stop - 4_000)
      expect(victim.peers, `stopped after ${stop} ms`).toEqual([])
      silent.leave()
    }
  })

  // Sync seed 1046: one end had lost the link, and the other read nothing from the better one until it gave up the silent one
  it('gives signs of life also on a link that it has left for a better one: whoever has lost it answers them by a reset', async () => {
    await using world = new TestNetwork(1, 1, { security: plaintext(), signed: true })
    const victim = await world.add()
    const identity = createIdentity()
    const [worse, better] = [new Uint8Array(8).fill(9), new Uint8Array(8).fill(1)]
    const dial = () => world.run(world.transport().dial(addressOf(victim)))
    const first = new RawPeer(await dial(), identity, 'test', {}, { nonce: worse })
    await world.clock.advance(100)
    const second = new RawPeer(
      await dial(),
      identity,
      'test',
      { held: [worse] },
      { nonce: better, serial: 3 },
    )
    await world.run(first.next(Kind.moved))
    first.heard.length = 0
    await world.clock.advance(4_000)
    expect(first.heard.map(message => message[1])).toContain(Kind.pong)
    first.leave()
    await world.clock.advance(100)
    expect(victim.peers).toEqual([])
    second.leave()
  })

  it('gives no false alarm though all nodes were stopped at once, for a minute', async () => {
    const world = new SimulatedMesh(6, { latency: { min: 10, max: 80 } })
    const nodes = await world.grow(6)
    let alarms = 0
    for (const { mesh } of nodes) mesh.on('peer:disconnect', () => alarms++)
    for (const { host } of nodes) host.clock.pause()
    await world.clock.advance(minute)
    for (const { host } of nodes) host.clock.resume()
    await world.clock.advance(minute)
    expect(alarms).toBe(0)
  })
})

describe('probes', () => {
  const settings = {
    limit: 1024,
    probe: 6_000,
    calmProbe: 24_000,
    idleProbe: 96_000,
    firstRetry: 500,
    lastRetry: 6_000,
  }

  it('become rare though a fifth of those that are remembered are gone for good', () => {
    const book = new Book([], settings, new SeededRandom(5))
    const gone = (id: PeerId) => id.endsWith('0') || id.endsWith('5')
    for (let index = 0; index < 100; index++) book.meet({ id: `n${index}`, addresses: ['sim://a:1'] })
    const targetsIn = (from: number, to: number) => {
      let count = 0
      for (let now = from; now < to; now += 100) {
        for (const target of book.due(now, false, () => false)) {
          count++
          if ('contact' in target && gone(target.contact.id)) book.failed(target, now)
          else book.calm()
        }
      }
      return count
    }
    targetsIn(0, 60 * minute)
    const rare = targetsIn(60 * minute, 120 * minute)
    expect(3_600 / rare).toBeGreaterThan(20)
  })

  it('become rarest while nobody is missed, and come four times as often while one is, though nothing else is wrong', () => {
    const book = new Book([], settings, new SeededRandom(5))
    for (let index = 0; index < 20; index++) book.meet({ id: `n${index}`, addresses: ['sim://a:1'] })
    const missed = new Set<PeerId>()
    const probesIn = (from: number, to: number) => {
      let count = 0
      for (let now = from; now < to; now += 100) {
        for (const target of book.due(now, false, () => false)) {
          count++
          if ('contact' in target && missed.has(target.contact.id)) book.failed(target, now)
          else book.calm()
        }
      }
      return count
    }
    probesIn(0, 60 * minute)
    // An hour of pauses of 96 s, give or take a third
    expect(probesIn(60 * minute, 120 * minute)).toBeLessThan(3_600 / 96 / 0.9)
    missed.add('n7')
    // Within twenty of the long pauses it is its turn
    probesIn(120 * minute, 160 * minute)
    expect(probesIn(160 * minute, 220 * minute)).toBeGreaterThan((3_600 / 24) * 0.9)
  })

  it('come no more rarely because of answers that nobody has asked for', async () => {
    await using world = new TestNetwork(1, 1, { security: plaintext(), signed: true })
    const dials: Address[] = []
    const transport = world.transport()
    const nobody: Address = 'memory://nobody'
    const victim = await world.add({
      seeds: [nobody],
      transports: [
        { ...transport, dial: (address, options) => (dials.push(address), transport.dial(address, options)) },
      ],
    })
    const connection = await world.run(world.transport().dial(addressOf(victim)))
    const liar = new RawPeer(connection, createIdentity(), 'test')
    await world.settle()
    expect(victim.peers).toHaveLength(1)
    dials.length = 0
    for (let second = 0; second < 600; second++) {
      liar.say(encodeProbe({ asks: false, belonging: undefined }))
      await world.clock.advance(1_000)
    }
    expect(victim.peers).toHaveLength(1)
    // Every other turn is the liar's own, who is a neighbour
    expect(dials.length).toBeGreaterThan(600 / 24)
    liar.leave()
  })
})

describe('a link that nobody uses', () => {
  it('is given up also while a dial waits for an address that does not answer', async () => {
    await using world = new TestNetwork()
    const transport = world.transport()
    const silent: Address = 'memory://silent'
    const dial: typeof transport.dial = (address, options) =>
      address === silent
        ? new Promise((_, reject) =>
            options?.signal?.addEventListener('abort', () => reject(new Error('given up'))),
          )
        : transport.dial(address, options)
    const nodes = await world.grow(12, { transports: [{ ...transport, dial }] })
    const node = at(nodes, 0)
    const strangers = nodes.filter(({ id }) => id !== node.id && !node.peers.some(peer => peer.id === id))
    const stranger = at(strangers, 0)
    await world.run(node.request(stranger.self, '/nothing', null).catch(() => undefined))
    expect(node.links.some(({ peer }) => peer.id === stranger.id)).toBe(true)
    for (let count = 0; count < 9; count++) {
      for (const end of [node, stranger]) void end.connect(silent).catch(() => undefined)
      await world.clock.advance(9_999)
    }
    expect(node.links.some(({ peer }) => peer.id === stranger.id)).toBe(false)
  })
})
