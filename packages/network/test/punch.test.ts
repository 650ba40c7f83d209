import { describe, expect, it } from 'vitest'
import { toEndpoint } from '../src/index.ts'
import { detectNat, type NatReport } from '../src/nat.ts'
import { type Exchange, punch, type Punched, type PunchOffer, type PunchOptions } from '../src/punch.ts'
import { encodeStun } from '../src/stun.ts'
import { Host } from './simulator/host.ts'
import { createWorld, type World, type WorldOptions } from './simulator/world.ts'

/** Hands two offers to each other: one takes 10 ms, as across the simulated Internet. */
const exchanges = (world: World): [Exchange, Exchange] => {
  const offers: PunchOffer[] = []
  const waiting: (() => void)[] = []
  const one =
    (mine: number): Exchange =>
    async offer => {
      offers[mine] = offer
      for (const wake of waiting.splice(0)) wake()
      while (offers[1 - mine] === undefined) await new Promise<void>(wake => waiting.push(wake))
      await new Promise<void>(done => world.clock.after(10, done))
      // As it would come over a wire
      return JSON.parse(JSON.stringify(offers[1 - mine])) as unknown
    }
  return [one(0), one(1)]
}

type Nat = Parameters<World['behind']>[0]

interface Outcome {
  readonly world: World
  readonly hosts: readonly [Host, Host]
  readonly results: readonly [PromiseSettledResult<Punched>, PromiseSettledResult<Punched>]
}

const meet = async (
  nats: readonly [Nat, Nat],
  options: Partial<PunchOptions> & { readonly measured?: boolean } = {},
  worldOptions: WorldOptions = {},
): Promise<Outcome> => {
  const world = await createWorld(worldOptions)
  const { clock, random, server } = world
  const hosts = [world.behind(nats[0]), world.behind(nats[1])] as const
  const { measured = false, ...rest } = options
  const reports: (NatReport | undefined)[] = []
  for (const host of hosts) {
    const report = measured
      ? await clock.run(detectNat({ servers: [server], sockets: host.sockets, clock, random }))
      : undefined
    reports.push(report)
  }
  const exchange = exchanges(world)
  const both = hosts.map((host, index) => {
    const nat = reports[index]
    const own = {
      sockets: host.sockets,
      clock,
      random,
      servers: [server],
      exchange: exchange[index] as Exchange,
    }
    return punch({ ...own, ...rest, ...(nat === undefined ? {} : { nat }) })
  })
  const results = await clock.run(Promise.allSettled(both))
  return { world, hosts, results: results as unknown as Outcome['results'] }
}

/** What came about must work in both directions. */
const proveUdp = async ({ world, results, hosts }: Outcome): Promise<number> => {
  const [a, b] = results.map(result => {
    if (result.status === 'rejected') throw result.reason
    if (result.value.transport !== 'udp') throw new Error('another transport')
    return result.value
  }) as [Punched & { transport: 'udp' }, Punched & { transport: 'udp' }]
  const heard: string[] = []
  for (const each of [a, b])
    each.socket.onMessage((bytes, from) => {
      expect(from).toEqual(each.remote)
      heard.push(new TextDecoder().decode(bytes))
    })
  for (let times = 0; times < 20; times++) {
    await a.socket.send(new TextEncoder().encode('from a'), a.remote)
    await b.socket.send(new TextEncoder().encode('from b'), b.remote)
  }
  await world.clock.advance(500)
  expect(new Set(heard)).toEqual(new Set(['from a', 'from b']))
  await Promise.all([a.socket.close(), b.socket.close()])
  expect(hosts.map(host => host.open)).toEqual([0, 0])
  return Math.max(a.ms, b.ms)
}

const cones = {
  full: { filtering: 'endpoint-independent' },
  restricted: { filtering: 'address-dependent' },
  'port-restricted': { filtering: 'address-and-port-dependent' },
  symmetric: {
    mapping: 'address-and-port-dependent',
    filtering: 'address-and-port-dependent',
    allocation: 'random',
  },
} as const
const names = Object.keys(cones) as (keyof typeof cones)[]
const cells = names.flatMap(a => names.map(b => [a, b] as const))
/** Ford, Srisuresh, Kegel 2005, and facts/p2pd.md 5.3. */
const isImpossible = ([a, b]: readonly [string, string]) =>
  [a, b].includes('symmetric') && [a, b].every(each => ['symmetric', 'port-restricted'].includes(each))

describe('punching over UDP', () => {
  it.each(cells.filter(cell => !isImpossible(cell)))('%s with %s opens within 250 ms', async (a, b) => {
    for (const seed of [1, 2, 3]) {
      expect(await proveUdp(await meet([cones[a], cones[b]], {}, { seed }))).toBeLessThanOrEqual(250)
    }
  })

  it.each(cells.filter(isImpossible))('%s with %s ends with an error, in bounded time', async (a, b) => {
    const { results, hosts, world } = await meet([cones[a], cones[b]])
    for (const result of results)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'P2P_NO_PATH' } })
    expect(world.clock.monotonic()).toBeLessThanOrEqual(3_500)
    expect(hosts.map(host => host.open)).toEqual([0, 0])
  })

  const predictable = (allocation: 'sequential' | 'equal' | 'offset', step: number) =>
    ({ ...cones.symmetric, allocation, step }) as const
  it.each([
    ['sequential and port-restricted', predictable('sequential', 1), cones['port-restricted']],
    ['sequential and sequential', predictable('sequential', 1), predictable('sequential', 2)],
    ['sequential downwards and sequential', predictable('sequential', -3), predictable('sequential', 1)],
    ['equal and port-restricted', predictable('equal', 0), cones['port-restricted']],
    ['equal and sequential', predictable('equal', 0), predictable('sequential', 1)],
  ] as const)('opens by prediction: %s', async (_, a, b) => {
    for (const seed of [1, 2, 3]) {
      expect(await proveUdp(await meet([a, b], { measured: true }, { seed }))).toBeLessThanOrEqual(250)
      expect(await proveUdp(await meet([b, a], { measured: true }, { seed }))).toBeLessThanOrEqual(250)
    }
  })

  it('does not open without a prediction where one is needed', async () => {
    const { results } = await meet([predictable('sequential', 1), cones['port-restricted']])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  it.each([1, 2, 3, 4, 5])('opens where a fifth of the packets get lost, seed %i', async seed => {
    const cone = cones['port-restricted']
    expect(await proveUdp(await meet([cone, cone], {}, { seed, loss: 0.2 }))).toBeLessThanOrEqual(2_000)
  })

  it('is direct within one network', async () => {
    const world = await createWorld()
    const { clock, random } = world
    const hosts = [new Host(world.internet, '203.0.113.50'), new Host(world.internet, '203.0.113.51')]
    const exchange = exchanges(world)
    const both = hosts.map(({ sockets }, index) =>
      punch({ sockets, clock, random, exchange: exchange[index] as Exchange }),
    )
    const [a, b] = await clock.run(Promise.all(both))
    expect([a?.path, b?.path]).toEqual(['direct', 'direct'])
    expect(a?.remote).toEqual(b?.socket.local)
  })
})

describe('punching over TCP', () => {
  it.each([
    ['full', 'full'],
    ['port-restricted', 'port-restricted'],
    ['restricted', 'port-restricted'],
  ] as const)('%s with %s opens within 500 ms, and bytes flow', async (a, b) => {
    const { results, world, hosts } = await meet([cones[a], cones[b]], { transports: ['tcp'] })
    const sockets = results.map(result => {
      if (result.status === 'rejected') throw result.reason
      expect(result.value).toMatchObject({ transport: 'tcp', path: 'punched' })
      expect(result.value.ms).toBeLessThanOrEqual(500)
      return result.value.transport === 'tcp' ? result.value.socket : undefined
    })
    const heard: string[] = []
    for (const socket of sockets)
      socket?.onData(bytes => bytes !== undefined && heard.push(new TextDecoder().decode(bytes)))
    sockets[0]?.write(new TextEncoder().encode('from a'))
    sockets[1]?.write(new TextEncoder().encode('from b'))
    await world.clock.advance(100)
    expect(heard.sort()).toEqual(['from a', 'from b'])
    for (const socket of sockets) await socket?.close()
    await world.clock.runUntilIdle()
    expect(hosts.map(host => host.open)).toEqual([0, 0])
  })

  it('ends with an error where ports are chosen at random', async () => {
    const { results, hosts } = await meet([cones.symmetric, cones['port-restricted']], {
      transports: ['tcp'],
    })
    for (const result of results)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'P2P_NO_PATH' } })
    expect(hosts.map(host => host.open)).toEqual([0, 0])
  })

  it('is tried beside UDP, and is what opens where UDP is blocked', async () => {
    const cone = { ...cones['port-restricted'], udp: false }
    const { results } = await meet([cone, cone], { transports: ['udp', 'tcp'] })
    expect(results).toMatchObject([{ value: { transport: 'tcp' } }, { value: { transport: 'tcp' } }])
  })
})

describe('an attempt', () => {
  const alone = async (theirs: unknown, options: Partial<PunchOptions> = {}) => {
    const world = await createWorld()
    const { clock, random, server } = world
    const host = world.behind({})
    const exchange = options.exchange ?? (async () => theirs)
    const punched = punch({ sockets: host.sockets, clock, random, servers: [server], exchange, ...options })
    const outcome = clock.run(punched)
    await outcome.catch(() => undefined)
    expect(host.open).toBe(0)
    return { outcome, world }
  }
  const honest = { version: 1, id: 'a'.repeat(22), password: 'b'.repeat(22), candidates: [] }

  it.each([
    ['nothing', undefined],
    ['another version', { ...honest, version: 2 }],
    ['a short id', { ...honest, id: 'a' }],
    ['no password', { ...honest, password: undefined }],
    ['a candidate that is none', { ...honest, candidates: ['udp host nowhere'] }],
    ['more candidates than can be honest', { ...honest, candidates: Array(33).fill('udp host 10.0.0.1:1') }],
  ])('refuses an offer with %s', async (_, offer) => {
    const { outcome } = await alone(offer)
    await expect(outcome).rejects.toMatchObject({
      code: expect.stringMatching(/^P2P_(PROTOCOL_ERROR|BAD_ADDRESS)$/) as unknown,
    })
  })

  it('does not knock where nobody may send it', async () => {
    const forbidden = ['127.0.0.1:9', '224.0.0.1:9', '0.0.0.0:9', '10.0.0.1:0']
    const { outcome } = await alone({ ...honest, candidates: forbidden.map(place => `udp host ${place}`) })
    await expect(outcome).rejects.toThrow(/tried nothing/)
  })

  it('passes on why the exchange failed', async () => {
    const { outcome } = await alone(undefined, { exchange: () => Promise.reject(new Error('no mesh')) })
    await expect(outcome).rejects.toThrow('no mesh')
  })

  it('ends with its signal and its deadline, and leaves nothing behind', async () => {
    const never: Exchange = () => new Promise(() => undefined)
    const world = await createWorld()
    const { clock, random, server } = world
    const host = world.behind({})
    const controller = new AbortController()
    const exchange: Exchange = (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
    const common = { sockets: host.sockets, clock, random, servers: [server] }
    const punched = punch({ ...common, exchange, signal: controller.signal })
    const refused = expect(punched).rejects.toMatchObject({ code: 'P2P_ABORTED' })
    await clock.advance(500)
    controller.abort()
    await refused
    expect(host.open).toBe(0)
    const late = clock.run(punch({ ...common, exchange: never, timeout: 700 }))
    await expect(late).rejects.toMatchObject({ code: 'P2P_TIMEOUT' })
    expect(host.open).toBe(0)
  })

  it('is not deceived by somebody who has not seen the offers', async () => {
    const world = await createWorld()
    const { clock, random, server } = world
    const host = world.behind(cones.full)
    const attacker = new Host(world.internet, '198.51.100.66')
    const socket = await attacker.sockets.udp(toEndpoint('198.51.100.66', 9_999))
    // Answers every check, and nominates itself, with a key of its own
    socket.onMessage((bytes, from) => {
      const transaction = bytes.slice(8, 20)
      const key = new TextEncoder().encode('guessed')
      void socket.send(encodeStun({ kind: 'success', transaction, key, fingerprint: true }), from)
      const attributes = { username: 'x:y', useCandidate: true }
      void socket.send(encodeStun({ kind: 'request', transaction, key, attributes, fingerprint: true }), from)
    })
    const theirs = { ...honest, candidates: ['udp mapped 198.51.100.66:9999'] }
    for (const id of ['-'.repeat(22), 'z'.repeat(22)]) {
      const exchange = async () => ({ ...theirs, id })
      const punched = punch({ sockets: host.sockets, clock, random, servers: [server], exchange })
      await expect(clock.run(punched)).rejects.toMatchObject({ code: 'P2P_NO_PATH' })
    }
  })
})
