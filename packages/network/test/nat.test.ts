import type { Clock } from '@p2p/interfaces'
import { describe, expect, it } from 'vitest'
import { toEndpoint } from '../src/index.ts'
import {
  assumedNat,
  type Dependence,
  detectNat,
  type DetectOptions,
  type NatReport,
  type Sockets,
  type UdpSocket,
} from '../src/nat.ts'
import { Host } from './simulator/host.ts'
import { Firewall, Nat, type NatOptions } from './simulator/nat.ts'
import { stunServer } from './simulator/stun-server.ts'
import { createWorld, type World, type WorldOptions } from './simulator/world.ts'

const detectFrom = (world: World, host: Host, options: Partial<DetectOptions> = {}): Promise<NatReport> => {
  const { clock, random, server } = world
  return clock.run(detectNat({ servers: [server], sockets: host.sockets, clock, random, ...options }))
}

const behind = async (
  nat: Parameters<World['behind']>[0],
  worldOptions: WorldOptions = {},
  options: Partial<DetectOptions> = {},
) => {
  const world = await createWorld(worldOptions)
  const host = world.behind(nat)
  const report = await detectFrom(world, host, options)
  expect(host.open, 'sockets that are left').toBe(0)
  return report
}

const dependences: readonly Dependence[] = [
  'endpoint-independent',
  'address-dependent',
  'address-and-port-dependent',
]
const kinds = ['equal', 'offset', 'sequential', 'dependent', 'random'] as const

/** RFC 3489, 5: what the behaviours were called. */
const classic = (mapping: Dependence, filtering: Dependence) => {
  if (mapping !== 'endpoint-independent') return 'symmetric'
  return {
    'endpoint-independent': 'full-cone',
    'address-dependent': 'restricted-cone',
    'address-and-port-dependent': 'port-restricted-cone',
  }[filtering]
}

describe('every kind of NAT is told', () => {
  const cases = dependences.flatMap(mapping =>
    dependences.flatMap(filtering =>
      kinds.flatMap(allocation =>
        [false, true].map(hairpin => ({ mapping, filtering, allocation, hairpin })),
      ),
    ),
  )
  it.each(cases)('$mapping × $filtering × $allocation, hairpin $hairpin', async nat => {
    const step = { equal: 0, offset: 5_000, sequential: -2, dependent: 10, random: 0 }[nat.allocation]
    const report = await behind({ ...nat, step })
    expect(report).toMatchObject({
      status: 'measured',
      translated: true,
      mapping: nat.mapping,
      filtering: nat.filtering,
      // Through one that maps and filters by the peer, two machines do not reach each other even where it loops back
      hairpin: nat.hairpin && [nat.mapping, nat.filtering].includes('endpoint-independent'),
      classic: classic(nat.mapping, nat.filtering),
      portAllocation: { kind: nat.allocation, step },
      unknown: [],
    })
    expect(report.public?.address).toBe('203.0.113.1')
    expect(report.ms).toBeLessThanOrEqual(1_100)
  })

  it('also behind another NAT, of which the stricter behaviour counts', async () => {
    const world = await createWorld()
    const { clock, random, internet: outside } = world
    const carrier = world.realm()
    const home = world.realm()
    const shared: Pick<NatOptions, 'outside' | 'inside' | 'address'> = {
      inside: carrier,
      outside,
      address: '203.0.113.9',
    }
    new Nat({ ...shared, mapping: 'address-and-port-dependent', allocation: 'random' })
    new Nat({ inside: home, outside: carrier, address: '100.64.0.2', filtering: 'endpoint-independent' })
    const host = new Host(home, '192.168.1.2')
    const report = await clock.run(
      detectNat({ servers: [world.server], sockets: host.sockets, clock, random }),
    )
    expect(report).toMatchObject({ classic: 'symmetric', portAllocation: { kind: 'random' } })
  })
})

describe('what is no NAT', () => {
  it('is open', async () => {
    const world = await createWorld()
    const report = await detectFrom(world, new Host(world.internet, '203.0.113.77'))
    expect(report).toMatchObject({ status: 'measured', classic: 'open', translated: false })
    expect(report.hairpin).toBeUndefined()
    expect(report.ms).toBeLessThanOrEqual(1_100)
  })

  it('is a firewall, where only answers come in', async () => {
    const world = await createWorld()
    const inside = world.realm()
    new Firewall(inside, world.internet, ['203.0.113.77'])
    const report = await detectFrom(world, new Host(inside, '203.0.113.77'))
    expect(report).toMatchObject({ status: 'measured', classic: 'udp-firewall', translated: false })
    expect(report.ms).toBeLessThanOrEqual(1_100)
  })

  it('is blocked UDP, where TCP gets through', async () => {
    const report = await behind({ udp: false })
    expect(report).toMatchObject({
      status: 'measured',
      classic: 'blocked',
      reachable: { udp: false, tcp: true },
    })
    expect(report.ms).toBeLessThanOrEqual(1_100)
  })

  it('is a silence, of which nothing more can be said', async () => {
    const report = await behind({}, {}, { servers: [toEndpoint('198.51.100.99', 3_478)] })
    expect(report).toMatchObject({
      status: 'partial',
      classic: 'blocked',
      reachable: { udp: false, tcp: false },
    })
    expect(report.unknown).toHaveLength(1)
  })

  it('is no network, which is an error at once', async () => {
    const world = await createWorld()
    const host = new Host(world.internet, '203.0.113.77')
    const six = detectFrom(world, host, { servers: ['[2606:4700::1]:3478'], family: 6 })
    await expect(six).rejects.toMatchObject({ code: 'P2P_HOST_UNREACHABLE' })
    expect(world.clock.monotonic()).toBe(0)
  })
})

describe('IPv6', () => {
  it('is told the same way: a firewall, and a NAT of addresses', async () => {
    const world = await createWorld()
    const server = await stunServer(new Host(world.internet, '2001:db8::10', '2001:db8::11'))
    const inside = world.realm()
    new Firewall(inside, world.internet, ['2001:db8:1::7'])
    const firewalled = await detectFrom(world, new Host(inside, '2001:db8:1::7'), {
      servers: [server],
      family: 6,
    })
    expect(firewalled).toMatchObject({
      family: 6,
      classic: 'udp-firewall',
      portAllocation: { kind: 'equal' },
    })
    const private6 = world.realm()
    new Nat({
      inside: private6,
      outside: world.internet,
      address: '2001:db8:2::1',
      filtering: 'address-dependent',
    })
    const translated = await detectFrom(world, new Host(private6, 'fd00::7'), {
      servers: [server],
      family: 6,
    })
    expect(translated).toMatchObject({
      family: 6,
      classic: 'restricted-cone',
      public: { address: '2001:db8:2::1' },
    })
  })
})

describe('with 30 % of the packets lost each way', () => {
  it.each(Array.from({ length: 20 }, (_, seed) => seed))('it is right all the same, seed %i', async seed => {
    const some = [dependences[seed % 3] as Dependence, dependences[(seed + 1) % 3] as Dependence]
    for (const filtering of some) {
      const report = await behind({ filtering, hairpin: seed % 2 === 0 }, { seed, loss: 0.3 })
      expect(report).toMatchObject({ status: 'measured', filtering, hairpin: seed % 2 === 0 })
      expect(report.mapping).toBe('endpoint-independent')
      expect(report.ms).toBeLessThanOrEqual(6_000)
    }
    const mapping = dependences[1 + (seed % 2)] as Dependence
    const symmetric = await behind({ mapping }, { seed, loss: 0.3 })
    expect(symmetric).toMatchObject({ status: 'measured', mapping, classic: 'symmetric' })
    expect(symmetric.ms).toBeLessThanOrEqual(6_000)
  })
})

describe('a process that is held up', () => {
  /** As an event loop is after it: all timers that were due meanwhile come first, then the packets that came meanwhile. */
  const heldUp = (
    clock: Clock,
    sockets: Sockets,
    until: number,
  ): Pick<DetectOptions, 'clock' | 'sockets'> => {
    const left = () => Math.max(0, until - clock.monotonic())
    const late = (listener: Parameters<UdpSocket['onMessage']>[0]): typeof listener => {
      return (bytes, from) => {
        if (left() === 0) listener(bytes, from)
        else clock.after(left() + 1, () => listener(bytes, from))
      }
    }
    return {
      clock: {
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        after: (delay, run) => clock.after(Math.max(delay, left()), run),
      },
      sockets: {
        ...sockets,
        udp: async local => {
          const socket = await sockets.udp(local)
          return { ...socket, onMessage: listener => socket.onMessage(late(listener)) }
        },
      },
    }
  }

  it.each([900, 1_500, 4_000])('for %i ms does not take that for silence', async until => {
    const world = await createWorld()
    const host = world.behind({ filtering: 'address-dependent' })
    const report = await detectFrom(world, host, heldUp(world.clock, host.sockets, until))
    expect(report).toMatchObject({ status: 'measured', classic: 'restricted-cone' })
  })
})

describe('servers', () => {
  it('of RFC 3489 tell the same', async () => {
    const report = await behind({ filtering: 'address-dependent' }, { classic: true })
    expect(report).toMatchObject({ status: 'measured', classic: 'restricted-cone' })
  })

  it('that answer from the wrong address leave open how is filtered', async () => {
    const report = await behind({}, { stubborn: true })
    expect(report).toMatchObject({ status: 'partial', mapping: 'endpoint-independent' })
    expect(report.filtering).toBeUndefined()
    expect(report.classic).toBeUndefined()
    expect(report.unknown.join()).toMatch(/^filtering: .*other address/)
  })

  it('with one address each tell how is mapped if there are two of them', async () => {
    const world = await createWorld()
    const servers = await Promise.all(
      ['198.51.100.20', '198.51.100.30'].map(address => stunServer(new Host(world.internet, address))),
    )
    const host = world.behind({ mapping: 'address-and-port-dependent', allocation: 'random' })
    const report = await detectFrom(world, host, { servers })
    expect(report).toMatchObject({ status: 'partial', classic: 'symmetric' })
    const [only] = servers
    const one = await detectFrom(world, host, { servers: [only as (typeof servers)[number]] })
    expect(one).toMatchObject({ status: 'partial', translated: true, portAllocation: { kind: 'random' } })
    expect(one.mapping).toBeUndefined()
  })

  it('that nobody knows do not disturb those that answer', async () => {
    const report = await behind(
      {},
      {},
      {
        servers: ['nowhere.invalid', '198.51.100.99', toEndpoint('198.51.100.10', 3_478)],
        resolver: () => Promise.reject(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' })),
      },
    )
    expect(report).toMatchObject({ status: 'measured', classic: 'port-restricted-cone' })
    expect(report.servers).toMatchObject(
      [
        { server: 'nowhere.invalid', error: /unknown/ as unknown },
        { server: '198.51.100.99' },
        { server: '198.51.100.10:3478', other: { address: '198.51.100.11' } },
      ].map(({ server }) => ({ server })),
    )
    expect(report.ms).toBeLessThanOrEqual(1_100)
  })

  it('must be named', async () => {
    await expect(behind({}, {}, { servers: [] })).rejects.toMatchObject({ code: 'P2P_NO_SERVER' })
    await expect(behind({}, {}, { servers: ['a:b:c'] })).rejects.toMatchObject({ code: 'P2P_BAD_ADDRESS' })
    const resolver = () => Promise.reject(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }))
    await expect(behind({}, {}, { servers: ['a'], resolver })).rejects.toMatchObject({
      code: 'P2P_HOST_UNKNOWN',
    })
  })
})

describe('the lifetime of a mapping', () => {
  it('is between the longest time that it outlived and the shortest that it did not', async () => {
    const report = await behind({ timeout: 30_000 }, {}, { lifetime: [10_000, 20_000, 40_000, 60_000] })
    expect(report).toMatchObject({ status: 'measured', lifetime: { atLeast: 20_000, below: 40_000 } })
    const long = await behind({ timeout: 300_000 }, {}, { lifetime: [10_000] })
    expect(long.lifetime).toEqual({ atLeast: 10_000 })
  })
})

describe('a measurement', () => {
  it('ends with its signal, and leaves nothing behind', async () => {
    const world = await createWorld()
    const host = world.behind({})
    const { clock, random, server } = world
    const controller = new AbortController()
    const detected = detectNat({
      servers: [server],
      sockets: host.sockets,
      clock,
      random,
      signal: controller.signal,
    })
    const refused = expect(detected).rejects.toMatchObject({ code: 'P2P_ABORTED' })
    await clock.advance(400)
    controller.abort()
    await refused
    expect(host.open).toBe(0)
    await clock.runUntilIdle()
  })

  it('ends in its deadline', async () => {
    const late = behind({}, { latency: 900 }, { timeout: 500 })
    await expect(late).rejects.toMatchObject({ code: 'P2P_TIMEOUT' })
  })

  it('is not to be mistaken for an assumption', () => {
    expect(assumedNat()).toMatchObject({ status: 'assumed', classic: 'port-restricted-cone', servers: [] })
    expect(assumedNat(6).family).toBe(6)
  })
})
