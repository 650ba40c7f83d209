import { describe, expect, it } from 'vitest'
import {
  type AnnounceReport,
  type AnnounceTask,
  autoAnnounce,
  type AutoAnnounceOptions,
} from '../src/announce.ts'
import type { Machine } from '../src/index.ts'
import { laptop, unplugged } from './machines/linux.ts'
import { recorded } from './machines/machine.ts'
import { home } from './simulator/home.ts'
import { createWorld, type World } from './simulator/world.ts'

const wildcard = { address: 'tcp://0.0.0.0:4444', reachable: ['tcp://192.168.1.20:4444'] } as const

/** The laptop's own addresses of IPv4, those of the default route first. */
const own = ['192.168.1.20', '10.9.0.4', '10.0.0.7', '100.64.0.9'].map(
  address => `tcp://${address}:4444` as const,
)

/** An announcer at work in a simulated network. */
const begin = (
  { clock, random }: Pick<World, 'clock' | 'random'>,
  options: AutoAnnounceOptions,
  listeners: AnnounceTask['listeners'] = [wildcard],
) => {
  const controller = new AbortController()
  const said: (readonly string[])[] = []
  const reports: AnnounceReport[] = []
  const ended = autoAnnounce({ clock, random, onReport: report => reports.push(report), ...options })({
    listeners,
    announce: addresses => said.push(addresses),
    signal: controller.signal,
  })
  return {
    said,
    /** The next report. */
    report: async () => {
      await clock.runUntil(() => reports.length > 0)
      return reports.shift() as AnnounceReport
    },
    end: () => {
      controller.abort()
      return clock.run(ended)
    },
  }
}

const codes = ({ errors }: AnnounceReport) => errors.map(error => (error as { code?: string }).code)

describe('a node at home', () => {
  it('announces its own addresses at once, and the port that the router maps as soon as that is known; it gives the port back', async () => {
    const { world, host, mapped } = await home()
    const node = begin(world, {
      machine: laptop,
      sockets: host.sockets,
      mapPorts: { protocols: ['nat-pmp'] },
    })
    const { addresses, errors, mappings } = await node.report()
    expect(node.said).toEqual([own, ['tcp://203.0.113.7:4444', ...own]])
    expect(addresses).toEqual(node.said.at(-1))
    expect(errors).toEqual([])
    expect(mappings.map(({ protocol }) => protocol)).toEqual(['nat-pmp'])
    expect(mapped.size).toBe(1)
    await node.end()
    expect([mapped.size, host.open]).toEqual([0, 0])
  })

  it('keeps the port while nothing changes, and asks for another one when the way to the network is another', async () => {
    const { clock, world, host, mapped, state } = await home()
    let machine: Machine = laptop
    const changing: Machine = {
      ...laptop,
      interfaces: () => machine.interfaces(),
      read: path => machine.read(path),
      list: path => machine.list(path),
    }
    const node = begin(world, {
      machine: changing,
      interval: 60_000,
      sockets: host.sockets,
      mapPorts: { protocols: ['nat-pmp'] },
    })
    await node.report()
    const heard = state.heard
    await clock.advance(700_000)
    expect((await node.report()).mappings).toHaveLength(1)
    expect(state.heard).toBe(heard)
    machine = unplugged
    const { addresses, errors } = await node.report()
    expect(addresses).toEqual(['tcp://10.0.0.7:4444', 'tcp://100.64.0.9:4444'])
    expect(errors).toHaveLength(1)
    expect(mapped.size).toBe(0)
    await node.end()
  })

  it('tells when the router no longer keeps the port, and announces it no more', async () => {
    const { world, host, state } = await home({ grants: 60 })
    const node = begin(world, {
      machine: laptop,
      sockets: host.sockets,
      mapPorts: { protocols: ['nat-pmp'] },
    })
    await node.report()
    state.silent = true
    const { addresses, errors } = await node.report()
    expect(addresses).toEqual(own)
    expect(errors.length).toBeGreaterThan(0)
    await node.end()
  })

  it('does not announce a port of a router that is behind another NAT', async () => {
    const { world, host, state } = await home()
    // 100.64.0.2
    state.address = '64400002'
    const node = begin(world, {
      machine: laptop,
      sockets: host.sockets,
      mapPorts: { protocols: ['nat-pmp'] },
    })
    const report = await node.report()
    expect(report.addresses).toEqual(own)
    expect(codes(report)).toEqual(['P2P_NO_PATH'])
    await node.end()
  })

  it('asks nobody for what cannot be reached from outside: the loopback, memory, files', async () => {
    const { world, host, state } = await home()
    const listeners = ['tcp://127.0.0.1:1', 'memory://a', 'unix:///run/a'].map(
      address => ({ address, reachable: [address] }) as AnnounceTask['listeners'][number],
    )
    const node = begin(world, { machine: laptop, sockets: host.sockets }, listeners)
    const { addresses } = await node.report()
    expect(addresses).toEqual(['tcp://127.0.0.1:1', 'memory://a', 'unix:///run/a'])
    expect(state.heard).toBe(0)
    await node.end()
  })

  it('announces no mapped port where it must not ask for one', async () => {
    const { world, host, state } = await home()
    const node = begin(world, { machine: laptop, sockets: host.sockets, mapPorts: false })
    expect((await node.report()).addresses).toEqual(own)
    expect(state.heard).toBe(0)
    await node.end()
  })
})

it('announces public addresses first, and no temporary ones; IPv4 only where it listens at IPv4 only', async () => {
  const world = await createWorld()
  const machine = recorded({
    platform: 'linux',
    files: {
      '/proc/net/if_inet6':
        '260647000000000000000000000000a1 03 40 00 00 eth0\n' +
        '260647000000000000000000000000a2 03 40 00 01 eth0\n',
    },
    addresses: { eth0: ['10.0.0.7/24', 'fd00::7/64', '2606:4700::a1/64', '2606:4700::a2/64', '9.9.9.9/24'] },
  })
  const both = { address: 'ws://[::]:80/p2p', reachable: [] } as const
  const node = begin(world, { machine, mapPorts: false }, [both, wildcard])
  expect((await node.report()).addresses).toEqual([
    'ws://[2606:4700::a1]:80/p2p',
    'ws://9.9.9.9:80/p2p',
    'tcp://9.9.9.9:4444',
    'ws://10.0.0.7:80/p2p',
    'ws://[fd00::7]:80/p2p',
    'tcp://10.0.0.7:4444',
  ])
  await node.end()
})

describe('what STUN servers see', () => {
  const machine = recorded({ platform: 'linux', addresses: { eth0: ['10.0.1.2/24'] } })
  const near = 'tcp://10.0.1.2:4444'

  it.each([
    ['endpoint-independent', ['tcp://203.0.113.1:4444', near]],
    ['address-dependent', [near]],
    ['address-and-port-dependent', [near]],
  ] as const)('is announced if the NAT lets everybody in: it filters %s', async (filtering, expected) => {
    const world = await createWorld()
    const host = world.behind({ mapping: 'endpoint-independent', filtering, allocation: 'equal' })
    const node = begin(world, { machine, sockets: host.sockets, mapPorts: false, servers: [world.server] })
    const { addresses, nat } = await node.report()
    expect(addresses).toEqual(expected)
    expect(nat?.filtering).toBe(filtering)
    await node.end()
    expect(host.open).toBe(0)
  })

  it('is not announced if the NAT chooses other ports', async () => {
    const world = await createWorld()
    const filtering = 'endpoint-independent'
    const host = world.behind({ mapping: filtering, filtering, allocation: 'random' })
    const node = begin(world, { machine, sockets: host.sockets, mapPorts: false, servers: [world.server] })
    expect((await node.report()).addresses).toEqual([near])
    await node.end()
  })

  it('is unknown if none answers, which is told and takes nothing away', async () => {
    const world = await createWorld()
    const host = world.behind({
      mapping: 'endpoint-independent',
      filtering: 'endpoint-independent',
      allocation: 'equal',
    })
    const servers = ['198.51.100.99']
    const node = begin(world, { machine, sockets: host.sockets, mapPorts: false, servers })
    const report = await node.report()
    expect(report.addresses).toEqual([near])
    expect(report.nat?.public).toBeUndefined()
    await node.end()
  })
})

it('a machine that tells nothing of its network leaves it at what was announced, and says so', async () => {
  const world = await createWorld()
  const machine: Machine = {
    ...laptop,
    platform: 'win32',
    run: () => Promise.reject(new Error('no PowerShell')),
  }
  const node = begin(world, { machine })
  const report = await node.report()
  expect(node.said).toEqual([])
  expect(new Set(codes(report))).toEqual(new Set(['P2P_NETWORK_UNKNOWN']))
  await node.end()
})
