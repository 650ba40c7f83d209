import type { CloseInfo, Connection } from '@p2p/interfaces'
import {
  type MediumOptions,
  type NetworkHost,
  SeededRandom,
  SimulatedNetwork,
  type SimulationError,
  VirtualClock,
} from '@p2p/simulation'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const setUp = (options: MediumOptions = {}, seed = 1) => {
  const clock = new VirtualClock()
  const random = new SeededRandom(seed)
  const network = new SimulatedNetwork({ clock, random, latency: 10, jitter: 0, ...options })
  return { clock, random, network }
}

/** A host `b` that listens at port 1, a host `a` that has dialled it, and both ends. */
const connect = async (options: MediumOptions = {}, seed = 1) => {
  const world = setUp(options, seed)
  const a = world.network.host('a')
  const b = world.network.host('b')
  const inbounds: Connection[] = []
  await b.transport.listen('sim://b:1', connection => inbounds.push(connection))
  const outbound = await world.clock.run(a.transport.dial('sim://b:1'))
  const inbound = inbounds[0]
  if (inbound === undefined) throw new Error('b has not accepted')
  return { ...world, a, b, outbound, inbound }
}

/** Collects what a connection delivers: how often, when, and all of it in one. */
const collect = (connection: Connection, clock: VirtualClock) => {
  const bytes: number[] = []
  const times: number[] = []
  connection.onData(chunk => {
    bytes.push(...chunk)
    times.push(clock.monotonic())
  })
  return { bytes, times }
}

const codeOf = async (promise: Promise<unknown>) => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return (error as SimulationError | undefined)?.code
}

/** How the connection ended, if it has. */
const watch = (connection: Connection) => {
  const state: { info?: CloseInfo; at?: number } = {}
  void connection.closed.then(info => (state.info = info))
  return state
}
const codeOfEnd = (state: { info?: CloseInfo }) => (state.info?.error as SimulationError | undefined)?.code

const bytes = (...values: number[]) => Uint8Array.from(values)

describe('a connection of SimulatedNetwork', () => {
  it('is made after one round trip and knows both ends', async () => {
    const { clock, outbound, inbound } = await connect({ latency: 25 })
    expect(clock.monotonic()).toBe(50)
    expect(outbound.direction).toBe('outbound')
    expect(inbound.direction).toBe('inbound')
    expect(outbound.remote).toBe('sim://b:1')
    expect(inbound.local).toBe('sim://b:1')
    expect(inbound.remote).toBe(outbound.local)
    expect(outbound.local).toMatch(/^sim:\/\/a:\d+$/)
  })

  it('delivers what is written in one instant as one chunk, one latency later', async () => {
    const { clock, outbound, inbound } = await connect({ latency: 10 })
    const got = collect(inbound, clock)
    const start = clock.monotonic()
    outbound.write(bytes(1, 2))
    outbound.write(bytes(3))
    await clock.advance(1)
    outbound.write(bytes(4))
    await clock.advance(100)
    expect(got.bytes).toEqual([1, 2, 3, 4])
    expect(got.times).toEqual([start + 10, start + 11])
  })

  it('copies what is written, gives the chunk back at once, and once', async () => {
    const { clock, outbound, inbound } = await connect()
    const got = collect(inbound, clock)
    const chunk = bytes(1, 2, 3)
    let released = 0
    outbound.write(chunk, () => (released += 1))
    chunk.fill(9)
    await clock.advance(100)
    expect(got.bytes).toEqual([1, 2, 3])
    expect(released).toBe(1)
    outbound.abort()
    outbound.write(chunk, () => (released += 1))
    expect(released).toBe(2)
  })

  it('keeps the order and loses nothing, whatever the medium loses and delays', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 3000 })), {
          maxLength: 60,
        }),
        async (seed, writes) => {
          // Of 60 segments none is lost three times in a row in most of the runs; where one is, what came is a prefix.
          const options = {
            loss: 0.2,
            latency: { min: 1, max: 80 },
            jitter: 40,
            window: 4096,
            bandwidth: 100_000,
          }
          const { clock, network, outbound, inbound } = await connect({ ...options, loss: 0 }, seed)
          network.loss = options.loss
          const got = collect(inbound, clock)
          const end = watch(outbound)
          const sent: number[] = []
          let next = 0
          for (const [wait, length] of writes) {
            await clock.advance(wait)
            const chunk = Uint8Array.from({ length }, () => next++)
            if (end.info === undefined) sent.push(...chunk)
            outbound.write(chunk)
          }
          await clock.advance(120_000)
          expect(got.bytes).toEqual(sent.slice(0, got.bytes.length))
          if (end.info === undefined) expect(got.bytes.length).toBe(sent.length)
          else expect(codeOfEnd(end)).toBe('P2P_TIMEOUT')
        },
      ),
      { numRuns: 50 },
    )
  })

  it('pays 200 ms for a lost segment, twice that for the next loss, and what is behind it waits', async () => {
    // the medium loses exactly what it is told to: the loss is asked for once a segment that arrives
    const losses = [1, 1, 0, 0]
    const { clock, network, outbound, inbound } = await connect()
    network.loss = () => losses.shift() ?? 0
    const got = collect(inbound, clock)
    const start = clock.monotonic()
    outbound.write(bytes(1))
    await clock.advance(5)
    outbound.write(bytes(2))
    await clock.advance(2000)
    expect(got.bytes).toEqual([1, 2])
    expect(got.times).toEqual([start + 10 + 200 + 400, start + 10 + 200 + 400])
  })

  it('breaks at the writer when a segment is lost three times in a row, and only there', async () => {
    const { clock, network, outbound, inbound } = await connect()
    const [writer, reader] = [watch(outbound), watch(inbound)]
    inbound.onData(() => undefined)
    network.loss = 1
    const start = clock.monotonic()
    outbound.write(bytes(1))
    await clock.runUntil(() => writer.info !== undefined)
    expect(clock.monotonic() - start).toBe(10 + 200 + 400 + 800)
    expect(codeOfEnd(writer)).toBe('P2P_TIMEOUT')
    expect(writer.info?.by).toBe('remote')
    network.loss = 0
    await clock.advance(3_600_000)
    expect(reader.info).toBeUndefined()
    // The end that is left over learns of it when it writes.
    inbound.write(bytes(2))
    await clock.advance(100)
    expect(codeOfEnd(reader)).toBe('P2P_CONNECTION_RESET')
  })

  it('delivers in the order of writing what arrives at the instant of a resume', async () => {
    const { clock, b, outbound, inbound } = await connect()
    const got = collect(inbound, clock)
    inbound.pause()
    b.clock.after(15, () => inbound.resume())
    outbound.write(bytes(1))
    await clock.advance(5)
    outbound.write(bytes(2))
    await clock.advance(10)
    expect(got.bytes).toEqual([1, 2])
  })

  it('keeps apart what many write in turn in one instant', async () => {
    const { clock, network, b } = await connect()
    const c = network.host('c')
    const dials = Array.from({ length: 5 }, () => c.transport.dial('sim://b:2'))
    const got: { bytes: number[]; times: number[] }[] = []
    await b.transport.listen('sim://b:2', connection => got.push(collect(connection, clock)))
    const connections = await clock.run(Promise.all(dials))
    for (let round = 1; round <= 50; round++) {
      connections.forEach((connection, index) => connection.write(new Uint8Array(round).fill(index)))
    }
    await clock.advance(100)
    expect(got.map(({ times }) => times.length)).toEqual([1, 1, 1, 1, 1])
    got.forEach(({ bytes }, index) => {
      expect(bytes).toEqual(new Array<number>((50 * 51) / 2).fill(index))
    })
  })

  it('takes the time that the bandwidth says', async () => {
    const { clock, outbound, inbound } = await connect({ bandwidth: 10_000, latency: 10 })
    const got = collect(inbound, clock)
    const start = clock.monotonic()
    outbound.write(new Uint8Array(500))
    outbound.write(new Uint8Array(500))
    await clock.advance(60)
    outbound.write(new Uint8Array(1000))
    await clock.advance(1000)
    expect(got.bytes.length).toBe(2000)
    expect(got.times).toEqual([start + 110, start + 210])
  })

  it('feels back-pressure when the reader pauses, and goes on when it resumes', async () => {
    const { clock, outbound, inbound } = await connect({ window: 1000, highWaterMark: 1500 })
    const got = collect(inbound, clock)
    inbound.pause()
    expect(outbound.write(new Uint8Array(1000))).toBe(true)
    // what is written leaves when the turn is over
    expect(outbound.queued).toBe(1000)
    await clock.advance(100)
    expect(outbound.queued).toBe(0)
    expect(outbound.write(new Uint8Array(1499))).toBe(true)
    expect(outbound.write(bytes(1))).toBe(false)
    expect(outbound.queued).toBe(1500)
    let drained = false
    const waiting = outbound.drained().then(() => (drained = true))
    await clock.advance(60_000)
    expect(drained).toBe(false)
    expect(got.bytes.length).toBe(0)
    inbound.resume()
    const start = clock.monotonic()
    await clock.run(waiting)
    // the news that there is room travels back
    expect(clock.monotonic() - start).toBe(10)
    await clock.advance(100)
    expect(got.bytes.length).toBe(2500)
    expect(outbound.queued).toBe(0)
  })

  it('cuts long writes into segments of 64 KiB at most', async () => {
    const { clock, outbound, inbound } = await connect()
    const lengths: number[] = []
    inbound.onData(chunk => lengths.push(chunk.length))
    outbound.write(new Uint8Array(150_000))
    await clock.advance(100)
    expect(lengths).toEqual([65_536, 65_536, 18_928])
  })

  it('aborts a writer that ignores back-pressure', async () => {
    const { clock, outbound } = await connect()
    const end = watch(outbound)
    const chunk = new Uint8Array(4_194_304)
    for (let index = 0; index < 17; index++) outbound.write(chunk)
    await clock.advance(1)
    expect(codeOfEnd(end)).toBe('P2P_QUEUE_LIMIT')
  })

  it('ends in order: what was written comes first, then both ends say so', async () => {
    const { clock, outbound, inbound } = await connect({ window: 1000 })
    const got = collect(inbound, clock)
    const back = collect(outbound, clock)
    const [ours, theirs] = [watch(outbound), watch(inbound)]
    outbound.write(new Uint8Array(5000))
    inbound.write(bytes(7))
    await clock.run(outbound.close())
    expect(got.bytes.length).toBe(5000)
    expect(back.bytes).toEqual([7])
    expect(ours.info).toEqual({ by: 'local' })
    expect(theirs.info).toEqual({ by: 'remote' })
    expect(await codeOf(inbound.drained())).toBe('P2P_CONNECTION_CLOSED')
    expect(inbound.write(bytes(1))).toBe(false)
  })

  it('gives up closing after its deadline when the other end reads nothing', async () => {
    const { clock, outbound, inbound } = await connect({ window: 1000 })
    inbound.pause()
    inbound.onData(() => undefined)
    const theirs = watch(inbound)
    outbound.write(new Uint8Array(5000))
    const start = clock.monotonic()
    await clock.run(outbound.close({ timeout: 300 }))
    expect(clock.monotonic() - start).toBe(300)
    await clock.advance(100)
    expect(codeOfEnd(theirs)).toBe('P2P_CONNECTION_RESET')
  })

  it('does not wait for ever for a peer that ends and takes nothing more', async () => {
    const { clock, outbound, inbound } = await connect({ window: 1000 })
    outbound.onData(() => undefined)
    inbound.onData(() => undefined)
    const theirs = watch(inbound)
    inbound.write(new Uint8Array(5000))
    const closing = outbound.close({ timeout: 60_000 })
    outbound.pause()
    await clock.advance(10 + 4999)
    expect(theirs.info).toBeUndefined()
    await clock.advance(1)
    expect(theirs.info?.by).toBe('local')
    expect(codeOfEnd(theirs)).toBe('P2P_TIMEOUT')
    await clock.run(closing)
  })

  it('is not told of an abort that gets lost, until it writes', async () => {
    const { clock, network, outbound, inbound } = await connect()
    inbound.onData(() => undefined)
    const theirs = watch(inbound)
    const cut = network.partition(['a'])
    outbound.abort()
    await clock.advance(100)
    cut.repair()
    await clock.advance(3_600_000)
    expect(theirs.info).toBeUndefined()
    inbound.write(bytes(1))
    await clock.advance(20)
    expect(codeOfEnd(theirs)).toBe('P2P_CONNECTION_RESET')
  })

  it('fails at the other end when it is aborted, one latency later', async () => {
    const { clock, outbound, inbound } = await connect()
    const [ours, theirs] = [watch(outbound), watch(inbound)]
    const reason = new Error('enough')
    outbound.abort(reason)
    await clock.advance(9)
    expect(ours.info).toEqual({ by: 'local', error: reason })
    expect(theirs.info).toBeUndefined()
    await clock.advance(1)
    expect(codeOfEnd(theirs)).toBe('P2P_CONNECTION_RESET')
  })

  it('is aborted by a consumer that throws', async () => {
    const { clock, outbound, inbound } = await connect()
    const theirs = watch(inbound)
    inbound.onData(() => {
      throw new Error('cannot read this')
    })
    outbound.write(bytes(1))
    await clock.advance(100)
    expect(theirs.info?.by).toBe('local')
    expect(theirs.info?.error?.message).toBe('cannot read this')
  })
})

describe('dialling', () => {
  it('is refused where nobody listens, and by a host that nobody knows', async () => {
    const { clock, network } = setUp()
    const a = network.host('a')
    network.host('b')
    const start = clock.monotonic()
    expect(await codeOf(clock.run(a.transport.dial('sim://b:1')))).toBe('P2P_CONNECTION_REFUSED')
    expect(clock.monotonic() - start).toBe(20)
    expect(await codeOf(a.transport.dial('sim://nobody:1'))).toBe('P2P_HOST_UNKNOWN')
    expect(await codeOf(a.transport.dial('sim://b:0'))).toBe('P2P_BAD_ADDRESS')
    expect(await codeOf(a.transport.dial('tcp://b:1'))).toBe('P2P_BAD_ADDRESS')
    expect(await codeOf(a.transport.dial('sim://b:65536'))).toBe('P2P_BAD_ADDRESS')
  })

  it('times out when the host is down or cut off, and not before', async () => {
    const { clock, network } = setUp()
    const a = network.host('a')
    const b = network.host('b')
    await b.transport.listen('sim://b:1', () => undefined)
    const cut = network.partition(['a'])
    const start = clock.monotonic()
    expect(await codeOf(clock.run(a.transport.dial('sim://b:1')))).toBe('P2P_TIMEOUT')
    expect(clock.monotonic() - start).toBe(10_000)
    cut.repair()
    b.crash()
    expect(await codeOf(clock.run(a.transport.dial('sim://b:1', { timeout: 500 })))).toBe('P2P_TIMEOUT')
    expect(clock.monotonic() - start).toBe(10_500)
    expect(await codeOf(b.transport.dial('sim://a:1'))).toBe('P2P_HOST_UNREACHABLE')
    expect(await codeOf(b.transport.listen('sim://b:2', () => undefined))).toBe('P2P_HOST_UNREACHABLE')
  })

  it('goes on asking while it is cut off', async () => {
    const { clock, network } = setUp()
    const a = network.host('a')
    const b = network.host('b')
    await b.transport.listen('sim://b:1', () => undefined)
    const cut = network.partition(['a'])
    const dialled = a.transport.dial('sim://b:1')
    clock.after(2000, () => cut.repair())
    const connection = await clock.run(dialled)
    // asked at 0, 200, 600, 1400 and 3000 ms, each 10 ms from the other host
    expect(clock.monotonic()).toBe(3000 + 10 + 10)
    await clock.run(connection.close())
  })

  it('outlasts the loss of the answer', async () => {
    let lost = 0
    const { clock, network } = setUp({ loss: (_, to) => (to === 'a' && lost++ < 4 ? 1 : 0) })
    const a = network.host('a')
    await network.host('b').transport.listen('sim://b:1', () => undefined)
    await clock.run(a.transport.dial('sim://b:1'))
    expect(clock.monotonic()).toBe(20 + 200 + 400 + 800 + 1600)
  })

  it('asks no more once it is given up', async () => {
    const { clock, network } = setUp()
    const a = network.host('a')
    network.host('b').crash()
    expect(await codeOf(clock.run(a.transport.dial('sim://b:1')))).toBe('P2P_TIMEOUT')
    await clock.runUntilIdle()
  })

  it('leaves nothing at the other host when it is given up', async () => {
    const { clock, network } = setUp({ latency: 100 })
    const a = network.host('a')
    const b = network.host('b')
    const accepted: Connection[] = []
    await b.transport.listen('sim://b:1', connection => accepted.push(connection))
    const controller = new AbortController()
    const dialled = codeOf(a.transport.dial('sim://b:1', { signal: controller.signal }))
    await clock.advance(150)
    controller.abort()
    expect(await dialled).toBe('P2P_ABORTED')
    const inbound = accepted[0]
    expect(inbound).toBeDefined()
    const end = watch(inbound as Connection)
    await clock.runUntilIdle()
    expect(codeOfEnd(end)).toBe('P2P_CONNECTION_RESET')
  })

  it('aborts a connection whose accept throws, and the listener lives on', async () => {
    const { clock, network } = setUp()
    const a = network.host('a')
    const b = network.host('b')
    let calls = 0
    const listener = await b.transport.listen('sim://b:0', () => {
      calls += 1
      throw new Error('not you')
    })
    expect(listener.address).toMatch(/^sim:\/\/b:\d+$/)
    expect(listener.reachable).toEqual([listener.address])
    for (const _ of [1, 2]) {
      const end = watch(await clock.run(a.transport.dial(listener.address)))
      await clock.advance(100)
      expect(codeOfEnd(end)).toBe('P2P_CONNECTION_RESET')
    }
    expect(calls).toBe(2)
    await listener.close()
    expect(await codeOf(clock.run(a.transport.dial(listener.address)))).toBe('P2P_CONNECTION_REFUSED')
  })

  it('reaches a port of its own host at once', async () => {
    const { clock, network } = setUp()
    const a = network.host('a')
    await a.transport.listen('sim://a:1', connection => connection.onData(chunk => connection.write(chunk)))
    const connection = await clock.run(a.transport.dial('sim://a:1'))
    const got = collect(connection, clock)
    network.loss = 1
    connection.write(bytes(5))
    await clock.advance(1)
    expect(got).toEqual({ bytes: [5], times: [0] })
  })

  it('listens once a port, and only as its own host', async () => {
    const { network } = setUp()
    const a = network.host('a')
    await a.transport.listen('sim://a:1', () => undefined)
    expect(await codeOf(a.transport.listen('sim://a:1', () => undefined))).toBe('P2P_ADDRESS_IN_USE')
    expect(await codeOf(a.transport.listen('sim://b:1', () => undefined))).toBe('P2P_ADDRESS_NOT_AVAILABLE')
    expect(() => network.host('a')).toThrow(expect.objectContaining({ code: 'P2P_ADDRESS_IN_USE' }))
  })
})

describe('a partition', () => {
  it('is only a delay for a connection when it is short', async () => {
    const { clock, network, outbound, inbound } = await connect()
    const got = collect(inbound, clock)
    const cut = network.partition(['a'], ['b'])
    outbound.write(bytes(1))
    const start = clock.monotonic()
    await clock.advance(500)
    expect(got.bytes).toEqual([])
    cut.repair()
    await clock.advance(500)
    expect(got.bytes).toEqual([1])
    expect(got.times).toEqual([start + 10 + 600])
  })

  it('goes unnoticed by who writes nothing, however long it is', async () => {
    const { clock, network, outbound, inbound } = await connect()
    const [ours, theirs] = [watch(outbound), watch(inbound)]
    const got = collect(inbound, clock)
    const cut = network.partition(['a'])
    await clock.advance(86_400_000)
    cut.repair()
    outbound.write(bytes(1))
    await clock.advance(100)
    expect(got.bytes).toEqual([1])
    expect(ours.info ?? theirs.info).toBeUndefined()
  })

  it('separates each group from each other, and from the hosts that are not named', async () => {
    const { clock, network } = setUp()
    const names = ['a', 'b', 'c', 'd', 'e']
    const hosts = names.map(name => network.host(name))
    for (const host of hosts) await host.transport.listen(`sim://${host.name}:1`, () => undefined)
    network.partition(['a', 'b'], ['c'])
    const reached: string[] = []
    const dials = hosts.flatMap(host =>
      names.map(async name => {
        const code = await codeOf(host.transport.dial(`sim://${name}:1`))
        if (code === undefined) reached.push(host.name + name)
        else expect(code).toBe('P2P_TIMEOUT')
      }),
    )
    await clock.run(Promise.all(dials))
    expect(reached.sort()).toEqual(['aa', 'ab', 'ba', 'bb', 'cc', 'dd', 'de', 'ed', 'ee'])
    network.repair()
    expect(await codeOf(clock.run((hosts[0] as NetworkHost).transport.dial('sim://e:1')))).toBeUndefined()
  })

  it('in one direction breaks the connection at either writer, though one of them is heard', async () => {
    const { clock, network, outbound, inbound } = await connect()
    const [a, b] = [collect(outbound, clock), collect(inbound, clock)]
    const [ours, theirs] = [watch(outbound), watch(inbound)]
    const cut = network.block(['a'], ['b'])
    const start = clock.monotonic()
    inbound.write(bytes(1))
    outbound.write(bytes(2))
    await clock.runUntil(() => ours.info !== undefined && theirs.info !== undefined)
    expect(a.bytes).toEqual([1])
    expect(b.bytes).toEqual([])
    expect(clock.monotonic() - start).toBe(10 + 1400)
    expect([codeOfEnd(ours), codeOfEnd(theirs)]).toEqual(['P2P_TIMEOUT', 'P2P_TIMEOUT'])
    cut.repair()
  })

  it('in one direction counts on where the losses before it stopped', async () => {
    let lost = 0
    const { clock, network, outbound, inbound } = await connect()
    network.loss = (_, to) => (to === 'b' && lost++ < 2 ? 1 : 0)
    network.block(['b'], ['a'])
    const got = collect(inbound, clock)
    const ours = watch(outbound)
    const start = clock.monotonic()
    outbound.write(bytes(1))
    await clock.runUntil(() => ours.info !== undefined)
    expect(got).toEqual({ bytes: [1], times: [start + 10 + 600] })
    expect(clock.monotonic() - start).toBe(10 + 1400)
  })

  it('in one direction that is short is heard once, not twice', async () => {
    const { clock, network, outbound, inbound } = await connect()
    const got = collect(outbound, clock)
    const cut = network.block(['a'], ['b'])
    inbound.write(bytes(1))
    await clock.advance(100)
    inbound.write(bytes(2))
    await clock.advance(300)
    cut.repair()
    await clock.advance(10_000)
    expect(got.bytes).toEqual([1, 2])
    expect(watch(inbound).info ?? watch(outbound).info).toBeUndefined()
  })

  it('that holds stops everything and loses nothing', async () => {
    const { clock, network, outbound, inbound } = await connect()
    const got = collect(inbound, clock)
    const cut = network.hold(['a'], ['b'])
    outbound.write(bytes(1))
    await clock.advance(5_000)
    outbound.write(bytes(2))
    await clock.advance(5_000)
    expect(got.bytes).toEqual([])
    const start = clock.monotonic()
    cut.repair()
    cut.repair()
    await clock.advance(100)
    expect(got).toEqual({ bytes: [1, 2], times: [start, start] })
  })
})

describe('a crash', () => {
  it('is noticed by who writes, 1.4 s later, and by nobody else', async () => {
    const { clock, network, a, b, outbound, inbound } = await connect()
    const c = network.host('c')
    const quiet = watch(await clock.run(c.transport.dial('sim://b:1')))
    const [ours, theirs] = [watch(outbound), watch(inbound)]
    b.crash()
    expect([a.up, b.up]).toEqual([true, false])
    outbound.write(bytes(1))
    await clock.advance(10 + 1399)
    expect(ours.info).toBeUndefined()
    await clock.advance(1)
    expect(codeOfEnd(ours)).toBe('P2P_TIMEOUT')
    await clock.advance(3_600_000)
    expect(quiet.info).toBeUndefined()
    // Nothing that ran at b runs on.
    expect(theirs.info).toBeUndefined()
  })

  it('is noticed by a writer that waits for room, too', async () => {
    const { clock, b, outbound, inbound } = await connect({ window: 1000 })
    inbound.pause()
    outbound.write(new Uint8Array(5000))
    await clock.advance(1000)
    const ours = watch(outbound)
    b.crash()
    await clock.advance(1400)
    expect(codeOfEnd(ours)).toBe('P2P_TIMEOUT')
  })

  it('lets arrive what had left, and nothing else', async () => {
    const { clock, a, outbound, inbound } = await connect({ window: 1000 })
    const got = collect(inbound, clock)
    outbound.write(bytes(1))
    await clock.advance(5)
    a.clock.after(3, () => outbound.write(bytes(2)))
    a.crash()
    await clock.advance(1000)
    expect(got.bytes).toEqual([1])
  })

  it('does not send again what got lost', async () => {
    const { clock, network, a, outbound, inbound } = await connect()
    const got = collect(inbound, clock)
    const cut = network.partition(['a'])
    outbound.write(bytes(1))
    a.crash()
    await clock.advance(100)
    cut.repair()
    await clock.advance(10_000)
    expect(got.bytes).toEqual([])
  })

  it('ends with a reset once the host is back', async () => {
    const { clock, network, b, outbound } = await connect()
    const ours = watch(outbound)
    b.crash()
    await clock.advance(100)
    const again = network.host('b')
    outbound.write(bytes(1))
    await clock.advance(20)
    expect(codeOfEnd(ours)).toBe('P2P_CONNECTION_RESET')
    expect([b.up, again.up]).toEqual([false, true])
    await again.transport.listen('sim://b:1', () => undefined)
  })

  it('of the process alone is told to the other end', async () => {
    const { clock, b, outbound } = await connect()
    const ours = watch(outbound)
    b.kill()
    await clock.advance(10)
    expect(codeOfEnd(ours)).toBe('P2P_CONNECTION_RESET')
  })
})

describe('a pause of a host', () => {
  it('holds what comes, while its kernel still answers, and hands it over afterwards, timers first', async () => {
    const { clock, network, b, outbound, inbound } = await connect()
    const seen: string[] = []
    inbound.onData(chunk => seen.push(`data ${chunk.join()}`))
    b.clock.pause()
    b.clock.after(300, () => seen.push('timer'))
    outbound.write(bytes(1))
    await clock.advance(100)
    outbound.write(bytes(2))
    const c = network.host('c')
    // The kernel accepts though the process does not run.
    const late = await clock.run(c.transport.dial('sim://b:1'))
    await clock.advance(60_000)
    expect(seen).toEqual([])
    expect(watch(outbound).info ?? watch(late).info).toBeUndefined()
    b.clock.resume()
    await clock.advance(0)
    expect(seen).toEqual(['timer', 'data 1', 'data 2'])
  })

  it('holds the news of an end, of room and of a refusal', async () => {
    const { clock, network, a, b, outbound, inbound } = await connect({ window: 1000, highWaterMark: 100 })
    inbound.onData(() => undefined)
    const end = watch(outbound)
    const c = network.host('c')
    const events: string[] = []
    outbound.write(new Uint8Array(2000))
    void outbound.drained().then(() => events.push('drained'))
    void codeOf(a.transport.dial('sim://c:9')).then(code => events.push(String(code)))
    a.clock.pause()
    await clock.advance(5_000)
    expect(events).toEqual([])
    a.clock.resume()
    await clock.advance(0)
    expect(events.sort()).toEqual(['P2P_CONNECTION_REFUSED', 'drained'])
    a.clock.pause()
    b.kill()
    await clock.advance(1000)
    expect(end.info).toBeUndefined()
    a.clock.resume()
    await clock.advance(0)
    expect(codeOfEnd(end)).toBe('P2P_CONNECTION_RESET')
    expect(c.up).toBe(true)
  })

  it('in which a listener is closed aborts what was to be accepted', async () => {
    const { clock, network } = setUp()
    const a = network.host('a')
    const b = network.host('b')
    let accepted = 0
    const listener = await b.transport.listen('sim://b:1', () => (accepted += 1))
    b.clock.pause()
    // overdue when the host runs on, so that it is before the accept
    b.clock.after(100, () => void listener.close())
    const end = watch(await clock.run(a.transport.dial('sim://b:1')))
    await clock.advance(1000)
    b.clock.resume()
    await clock.advance(100)
    expect(accepted).toBe(0)
    expect(codeOfEnd(end)).toBe('P2P_CONNECTION_RESET')
  })

  it('longer than the deadline of a dial ends the dial, though the answer lies in the socket', async () => {
    const { clock, network } = setUp()
    const a = network.host('a')
    const b = network.host('b')
    const accepted: Connection[] = []
    await b.transport.listen('sim://b:1', connection => accepted.push(connection))
    const dialled = codeOf(a.transport.dial('sim://b:1', { timeout: 1000 }))
    a.clock.pause()
    await clock.advance(2000)
    a.clock.resume()
    expect(await clock.run(dialled)).toBe('P2P_TIMEOUT')
    const end = watch(accepted[0] as Connection)
    await clock.advance(100)
    expect(codeOfEnd(end)).toBe('P2P_CONNECTION_RESET')
  })
})

describe('the medium', () => {
  it('gives each pair of hosts its own latency, the same both ways and whenever they meet', async () => {
    const trips = async (order: string[]) => {
      const { clock, network } = setUp({ latency: { min: 10, max: 100 } })
      const hosts = ['a', 'b', 'c'].map(name => network.host(name))
      const hostOf = (name: string) => hosts.find(host => host.name === name) as NetworkHost
      for (const host of hosts) await host.transport.listen(`sim://${host.name}:1`, () => undefined)
      const measured: Record<string, number> = {}
      for (const pair of order) {
        const start = clock.monotonic()
        await clock.run(hostOf(pair.charAt(0)).transport.dial(`sim://${pair.charAt(1)}:1`))
        measured[pair] = Math.round((clock.monotonic() - start) * 1e6) / 1e6
      }
      return measured
    }
    const one = await trips(['ab', 'ba', 'ac', 'bc'])
    expect(one['ab']).toBe(one['ba'])
    expect(one['ab']).not.toBe(one['ac'])
    for (const trip of Object.values(one)) expect(trip >= 20 && trip < 200).toBe(true)
    expect(await trips(['bc', 'ac', 'ab', 'ba'])).toEqual(one)
  })

  it('takes latency and loss by pair', async () => {
    const { clock, network } = setUp({
      latency: (from, to) => (from + to === 'ab' ? 7 : 70),
      loss: (from, to) => (to === 'c' ? 1 : 0),
    })
    const a = network.host('a')
    for (const name of ['b', 'c', 'd']) {
      await network.host(name).transport.listen(`sim://${name}:1`, () => undefined)
    }
    await clock.run(a.transport.dial('sim://b:1'))
    expect(clock.monotonic()).toBe(14)
    expect(await codeOf(clock.run(a.transport.dial('sim://c:1', { timeout: 500 })))).toBe('P2P_TIMEOUT')
    await clock.run(a.transport.dial('sim://d:1'))
    expect(clock.monotonic()).toBe(14 + 500 + 140)
  })
})
