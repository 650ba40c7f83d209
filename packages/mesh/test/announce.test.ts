import type { Address } from '@p2p/interfaces'
import { listInterfaces } from '@p2p/network'
import { type AnnounceReport, autoAnnounce } from '@p2p/network/announce'
import { tcp } from '@p2p/transport/tcp'
import { describe, expect, it, vi } from 'vitest'
import {
  type AnnounceContext,
  type Announcer,
  createMesh,
  type Mesh,
  type MeshOptions,
} from '../src/index.ts'
import { addressOf, at, TestNetwork } from './network.ts'

const create = (options: Partial<MeshOptions> = {}): Promise<Mesh> =>
  createMesh({ network: 'announce', transports: [tcp()], listen: ['tcp://127.0.0.1:0'], ...options })

/** An announcer that says what it is told to. */
const byHand = () => {
  let context: AnnounceContext | undefined
  let ended = false
  const announcer: Announcer = async given => {
    context = given
    await new Promise<void>(resolve => given.signal.addEventListener('abort', () => resolve()))
    ended = true
  }
  return {
    announcer,
    listeners: () => context?.listeners.map(({ address }) => address),
    say: (...addresses: Address[]) => context?.announce(addresses),
    hasEnded: () => ended,
  }
}

describe('addresses that are found out', () => {
  it('replace where the node listens, which is announced until then', async () => {
    await using network = new TestNetwork()
    const { announcer, say, listeners } = byHand()
    const node = await network.add({ announce: announcer })
    expect(node.addresses).toEqual(['memory://node-0'])
    expect(listeners()).toEqual(['memory://node-0'])
    say('memory://outside', 'memory://node-0')
    expect(node.self.addresses).toEqual(['memory://outside', 'memory://node-0'])
  })

  it('are told at once to those who are linked, on both ends of a link', async () => {
    await using network = new TestNetwork()
    const { announcer, say } = byHand()
    const node = await network.add({ announce: announcer })
    const [dialler, listener] = [await network.add(), await network.add()]
    await network.run(dialler.connect(addressOf(node)))
    await network.run(node.connect(addressOf(listener)))
    await network.settle()
    say('memory://elsewhere')
    await network.settle()
    for (const other of [dialler, listener]) {
      const known = other.peers.find(({ id }) => id === node.id)
      expect(known?.addresses).toEqual(['memory://elsewhere'])
    }
  })

  it('reach those too whose link was on its way when they changed', async () => {
    await using network = new TestNetwork(1, 50)
    const { announcer, say } = byHand()
    const node = await network.add({ announce: announcer })
    const other = await network.add()
    const address = addressOf(node)
    const connecting = other.connect(address)
    // HELLO takes 50 ms each way, and the confirmation another 50
    for (const step of [1, 2, 3, 4, 5, 6, 7, 8]) {
      await network.clock.advance(25)
      say(`memory://place-${step}`, address)
    }
    await network.run(connecting)
    await network.settle()
    expect(at(other.peers, 0).addresses).toEqual(['memory://place-8', address])
  })

  it('are addresses: anything else is refused where it is said', async () => {
    await using network = new TestNetwork()
    const { announcer, say } = byHand()
    const node = await network.add({ announce: announcer })
    expect(() => say('nowhere' as Address)).toThrow(expect.objectContaining({ code: 'P2P_BAD_ADDRESS' }))
    expect(node.addresses).toEqual(['memory://node-0'])
  })

  it('a failure to find them is an event, and the node goes on', async () => {
    await using network = new TestNetwork()
    const node = await network.add({ announce: () => Promise.reject(new Error('no router')) })
    await network.settle()
    expect(node.errors.map(({ code, message }) => [code, message])).toEqual([
      ['P2P_HANDLER_FAILED', 'what finds the addresses to announce failed: no router'],
    ])
    expect(node.addresses).toEqual(['memory://node-0'])
  })

  it('are looked for until the node is closed, which waits for the end of it', async () => {
    await using network = new TestNetwork()
    const { announcer, say, hasEnded } = byHand()
    const node = await network.add({ announce: announcer })
    await network.run(node.close())
    expect(hasEnded()).toBe(true)
    say('memory://late')
    expect(node.addresses).toEqual(['memory://node-0'])
  })
})

describe('autoAnnounce of @p2p/network, over real sockets', () => {
  it('announces the addresses of the interfaces of this machine for a wildcard', async () => {
    const reports: AnnounceReport[] = []
    const announce = autoAnnounce({ mapPorts: false, onReport: report => reports.push(report) })
    await using node = await create({ listen: ['tcp://0.0.0.0:0'], announce })
    await vi.waitFor(() => expect(reports).toHaveLength(1))
    const own = (await listInterfaces())
      .flatMap(({ addresses }) => addresses)
      .filter(({ family, scope }) => family === 4 && scope !== 'link-local')
      .map(({ address }) => address)
    const hosts = node.addresses.map(address => address.slice('tcp://'.length, address.lastIndexOf(':')))
    expect(hosts.toSorted()).toEqual((own.length > 0 ? own : ['127.0.0.1']).toSorted())
    expect(at(reports, 0)).toMatchObject({ addresses: node.addresses, errors: [] })
    await using other = await create()
    expect((await other.connect(addressOf(node))).id).toBe(node.id)
  })

  it('leaves the loopback as it is', async () => {
    const reports: AnnounceReport[] = []
    await using node = await create({ announce: autoAnnounce({ onReport: report => reports.push(report) }) })
    await vi.waitFor(() => expect(reports).toHaveLength(1))
    expect(node.addresses).toHaveLength(1)
    expect(addressOf(node)).toContain('tcp://127.0.0.1:')
  })
})
