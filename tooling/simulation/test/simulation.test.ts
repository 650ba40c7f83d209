import type { Connection } from '@p2p/interfaces'
import { type Machine, Simulation, type SimulationFailure, type SimulationOptions } from '@p2p/simulation'
import { describe, expect, it } from 'vitest'

const failureOf = async (promise: Promise<unknown>): Promise<SimulationFailure> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ code: 'P2P_SIMULATION_FAILED' })
  return error as SimulationFailure
}

/** Counts up and tells everybody who is connected; dials again whenever a connection is lost. */
const talker = async (machine: Machine<Map<string, unknown>>, peers: readonly string[]) => {
  const heard: number[] = []
  const connections = new Set<Connection>()
  const use = (connection: Connection, again?: () => void) => {
    connections.add(connection)
    connection.onData(chunk => heard.push(...chunk))
    void connection.closed.then(() => {
      connections.delete(connection)
      again?.()
    })
  }
  const dial = (peer: string) => {
    const again = () => void machine.clock.after(machine.random.exponential(500), () => dial(peer))
    machine.transport.dial(`sim://${peer}:1`).then(connection => use(connection, again), again)
  }
  await machine.transport.listen(`sim://${machine.name}:1`, connection => use(connection))
  for (const peer of peers) dial(peer)
  let count = Number(machine.store.get('count') ?? 0)
  const talk = () => {
    count += 1
    machine.store.set('count', count)
    for (const connection of connections) connection.write(Uint8Array.of(count & 255))
    machine.clock.after(100 + machine.random.next() * 100, talk)
  }
  talk()
  return { heard, count: () => count, connections }
}

const network = { latency: { min: 5, max: 50 }, jitter: 10, loss: 0.05 }
const faulty = async (options: SimulationOptions, extra = false) => {
  const simulation = new Simulation({ network, ...options })
  const names = ['a', 'b', 'c', 'd', 'e']
  for (const name of names)
    simulation.host(name, machine =>
      talker(
        machine,
        names.filter(peer => peer < name),
      ),
    )
  if (extra) simulation.host('f', () => undefined)
  const script = simulation.faults({
    duration: 60_000,
    partitions: { every: 20_000, lasts: { min: 100, max: 10_000 } },
    blocks: { every: 30_000, lasts: { min: 100, max: 5_000 } },
    crashes: { every: 15_000, lasts: { min: 10, max: 5_000 }, storeLost: 0.5, killed: 0.5 },
    pauses: { every: 15_000, lasts: { min: 10, max: 5_000 } },
    clockSteps: { every: 10_000, by: 3_600_000 },
    losses: { every: 30_000, lasts: { min: 100, max: 5_000 }, rate: 0.3 },
  })
  await simulation.advance(70_000)
  return { simulation, script, report: await simulation.end() }
}

describe('a run', () => {
  it('is the same for the same seed, faults and all, and another one for another seed', async () => {
    const [one, again, other] = [
      await faulty({ seed: 1 }),
      await faulty({ seed: 1 }),
      await faulty({ seed: 2 }),
    ]
    expect(again.report).toEqual(one.report)
    expect(again.simulation.timeline).toBe(one.simulation.timeline)
    expect(again.script).toEqual(one.script)
    expect(other.report.digest).not.toBe(one.report.digest)
    expect(one.report).toMatchObject({ seed: 1, time: 70_000 })
    expect(one.report.events).toBeGreaterThan(5_000)
  })

  it('keeps its digest only if each byte that is delivered stays the same', async () => {
    const run = async (text: string) => {
      const simulation = new Simulation({ seed: 1 })
      simulation.host('a', ({ transport }) =>
        transport.listen('sim://a:1', connection => connection.onData(() => undefined)),
      )
      simulation.host('b', async ({ transport }) => {
        const connection = await transport.dial('sim://a:1')
        connection.write(new TextEncoder().encode(text))
      })
      await simulation.advance(1000)
      return (await simulation.end()).digest
    }
    expect(await run('hello, world')).toBe(await run('hello, world'))
    expect(await run('hello, world')).not.toBe(await run('hello, worle'))
    expect(await run('hello, world')).not.toBe(await run('hello, world!'))
  })

  it('gives a host the same dice whoever else takes part', async () => {
    const dice = async (names: string[]) => {
      const simulation = new Simulation({ seed: 3 })
      const thrown = new Map<string, number>()
      for (const name of names) simulation.host(name, ({ random }) => thrown.set(name, random.next()))
      await simulation.ready()
      return thrown
    }
    expect((await dice(['x', 'a', 'y'])).get('a')).toBe((await dice(['a'])).get('a'))
    const two = await dice(['a', 'b'])
    expect(two.get('a')).not.toBe(two.get('b'))
  })

  it('heals when its faults are over', async () => {
    const { simulation, script } = await faulty({ seed: 5 })
    for (const fault of script) {
      expect(fault.at).toBeLessThan(60_000)
      if (fault.kind !== 'clock') expect(fault.at + fault.lasts).toBeLessThanOrEqual(60_000)
    }
    expect(simulation.hosts.every(host => host.up && !host.clock.paused)).toBe(true)
    expect(simulation.network.loss).toBe(0.05)
    for (const host of simulation.hosts) {
      const app = host.app as Awaited<ReturnType<typeof talker>>
      expect(app.connections.size).toBeGreaterThan(0)
    }
  })
})

describe('a failure', () => {
  it('of a check comes at the instant at which it fails, with the seed and what happened before', async () => {
    const simulation = new Simulation({ seed: 42 })
    let value = 0
    const host = simulation.host('counter', machine => {
      machine.clock.after(1500, () => {
        machine.trace('steps up')
        value = 7
      })
      machine.clock.after(1600, () => (value = 8))
    })
    simulation.always('the value stays low', () => {
      if (value > 5) throw new Error(`it is ${value}`)
    })
    const failure = await failureOf(simulation.advance(10_000))
    expect(failure.seed).toBe(42)
    expect(failure.time).toBe(1500)
    expect(failure.message.split('\n')).toEqual([
      'check "the value stays low" failed: it is 7',
      '  seed 42, at 1.500000 s',
      '      0.000000 s  counter  starts',
      '      1.500000 s  counter  steps up',
    ])
    expect(failure.entries).toEqual([
      { time: 0, host: 'counter', what: 'starts' },
      { time: 1500, host: 'counter', what: 'steps up' },
    ])
    expect(host.up).toBe(true)
    // A run that has failed does not go on.
    expect(await failureOf(simulation.advance(1000))).toBe(failure)
    expect(value).toBe(7)
    expect(await failureOf(simulation.end())).toBe(failure)
  })

  it('at the end comes at the end', async () => {
    const simulation = new Simulation({ seed: 'text' })
    simulation.atEnd('somebody came', () => {
      throw new Error('nobody')
    })
    await simulation.advance(100)
    const failure = await failureOf(simulation.end())
    expect(failure.message).toBe('check "somebody came" failed: nobody\n  seed "text", at 0.100000 s\n')
  })

  it('is what the code of a host throws, wherever it throws', async () => {
    const oops = () => {
      throw new Error('oops')
    }
    const places: Record<string, (machine: Machine<Map<string, unknown>>) => unknown> = {
      boot: oops,
      'async boot': async () => oops(),
      timer: ({ clock }) => clock.after(10, oops),
      microtask: ({ clock }) => clock.after(10, () => queueMicrotask(oops)),
      'next tick': ({ clock }) => clock.after(10, () => process.nextTick(oops)),
      'rejection that nobody handles': ({ clock }) =>
        clock.after(10, () => void Promise.resolve().then(oops)),
    }
    for (const [place, boot] of Object.entries(places)) {
      const simulation = new Simulation({ seed: 1 })
      simulation.host('quiet', ({ clock }) => clock.after(5, () => undefined))
      simulation.host('loud', machine => {
        boot(machine)
      })
      simulation.host('other', ({ clock }) => clock.after(10, () => undefined))
      const failure = await failureOf(
        place.endsWith('boot') ? simulation.ready() : simulation.advance(1000),
      ).catch((error: unknown) => {
        throw new Error(`in a ${place}`, { cause: error })
      })
      expect(failure.message).toMatch(/^loud: oops\n/)
      expect((failure.cause as Error).message).toBe('oops')
    }
  })

  it('is an action of the scenario that throws, and a condition that is never met', async () => {
    const throwing = new Simulation({ seed: 1 })
    throwing.at(50, 'the roof falls in', async () => {
      await Promise.resolve()
      throw new Error('ouch')
    })
    const failure = await failureOf(throwing.advance(100))
    expect(failure.message).toBe(
      'the scenario: ouch\n  seed 1, at 0.050000 s\n      0.050000 s    the roof falls in',
    )
    const waiting = new Simulation({ seed: 1 })
    waiting.host('busy', ({ clock }) => {
      const tick = () => void clock.after(10, tick)
      tick()
    })
    const timeout = await failureOf(waiting.runUntil(() => false, { limit: 1000 }))
    expect(timeout.message).toMatch(/^the scenario: the condition did not hold within 1000 ms/)
  })

  it('leaves the listeners of the process as they were', async () => {
    const ours = () => undefined
    process.on('unhandledRejection', ours)
    process.once('uncaughtException', ours)
    const listeners = () =>
      ['unhandledRejection', 'uncaughtException'].map(event => process.rawListeners(event))
    const before = listeners()
    const simulation = new Simulation({ seed: 1 })
    simulation.host('a', () => Promise.reject(new Error('no')))
    await failureOf(simulation.advance(1))
    expect(listeners()).toEqual(before)
    process.off('unhandledRejection', ours)
    process.off('uncaughtException', ours)
  })
})

describe('checks', () => {
  it('are made after each instant, when everything in it has settled, or as often as they say', async () => {
    const simulation = new Simulation({ seed: 1 })
    let [begun, done, checks, rare] = [0, 0, 0, 0]
    simulation.every(10, async () => {
      begun += 1
      for (let hop = 0; hop < 20; hop++) await Promise.resolve()
      done += 1
    })
    simulation.always('what has begun is done', () => {
      checks += 1
      expect(done).toBe(begun)
    })
    simulation.always('rarely', () => (rare += 1), { every: 100 })
    await simulation.advance(1000)
    expect(begun).toBe(100)
    // once before anything has happened, and once an instant
    expect(checks).toBe(101)
    expect(rare).toBe(11)
  })
})

describe('a host of a simulation', () => {
  const boots = () => {
    const simulation = new Simulation({ seed: 1 })
    const log: string[] = []
    const host = simulation.host(
      'a',
      async ({ store, starts, clock }) => {
        store.set('boots', Number(store.get('boots') ?? 0) + 1)
        log.push(`start ${starts}, boot ${String(store.get('boots'))} of its store`)
        await new Promise<void>(resolve => void clock.after(100, resolve))
        clock.after(1000, () => log.push(`timer of start ${starts}`))
        return { starts }
      },
      { offset: 5000 },
    )
    return { simulation, host, log }
  }

  it('boots, crashes and starts again, with its store or without', async () => {
    const { simulation, host, log } = boots()
    expect(host.booted).toBe(false)
    await simulation.ready()
    expect(simulation.clock.monotonic()).toBe(100)
    expect(host.app).toEqual({ starts: 0 })
    host.crash()
    expect([host.up, host.booted, host.app]).toEqual([false, false, undefined])
    await simulation.advance(5000)
    host.restart()
    await simulation.ready()
    expect(host.app).toEqual({ starts: 1 })
    host.kill()
    host.restart({ store: 'lost' })
    await simulation.ready()
    await simulation.advance(5000)
    expect(log).toEqual([
      'start 0, boot 1 of its store',
      'start 1, boot 2 of its store',
      'start 2, boot 1 of its store',
      'timer of start 2',
    ])
    expect(host.store.get('boots')).toBe(1)
  })

  it('that crashes while it boots is not booted by it', async () => {
    const { simulation, host, log } = boots()
    await simulation.advance(50)
    host.crash()
    host.crash()
    host.restart()
    host.restart()
    await simulation.advance(99)
    expect(host.booted).toBe(false)
    await simulation.advance(1)
    expect(host.app).toEqual({ starts: 1 })
    expect(log).toHaveLength(2)
  })

  it('has other dice after a restart', async () => {
    const simulation = new Simulation({ seed: 1 })
    const host = simulation.host('a', ({ random }) => random.next())
    await simulation.ready()
    const first = host.app
    host.crash()
    host.restart()
    await simulation.ready()
    expect(host.app).not.toBe(first)
  })

  it('that has crashed is not booted, and fails no more, by what comes too late', async () => {
    const simulation = new Simulation({ seed: 1 })
    const settle: ((outcome: Promise<string>) => void)[] = []
    const host = simulation.host('a', () => new Promise<string>(resolve => settle.push(resolve)))
    await simulation.advance(1)
    host.crash()
    host.restart()
    await simulation.advance(1)
    settle[0]?.(Promise.resolve('too late'))
    await simulation.advance(1)
    expect(host.booted).toBe(false)
    settle[1]?.(Promise.resolve('in time'))
    await simulation.ready()
    expect(host.app).toBe('in time')
    host.crash()
    host.restart()
    await simulation.advance(1)
    host.crash()
    settle[2]?.(Promise.reject(new Error('too late')))
    await simulation.advance(1)
    expect(await simulation.end()).toMatchObject({ time: 5 })
  })

  it('keeps its wrong clock over a restart, while its monotonic time begins anew', async () => {
    const { simulation, host } = boots()
    const truth = () => simulation.clock.now()
    await simulation.advance(1000)
    expect(host.clock.now()).toBe(truth() + 5000)
    host.stepClock(-3_600_000)
    host.crash()
    await simulation.advance(1000)
    host.restart()
    expect(host.clock.now()).toBe(truth() + 5000 - 3_600_000)
    expect(host.clock.monotonic()).toBe(0)
  })

  it('keeps what its clock has drifted over a restart', async () => {
    const simulation = new Simulation({ seed: 1 })
    const host = simulation.host('a', () => undefined, { drift: 0.01 })
    await simulation.advance(100_000)
    host.crash()
    host.restart()
    await simulation.advance(100_000)
    expect(host.clock.now() - simulation.clock.now()).toBe(2000)
  })

  it('stands still while it is paused', async () => {
    const { simulation, host, log } = boots()
    await simulation.ready()
    host.pause()
    host.pause()
    await simulation.advance(5000)
    expect(log).toHaveLength(1)
    host.resume()
    await simulation.advance(0)
    expect(log[1]).toBe('timer of start 0')
  })

  it('has a name of its own', () => {
    const { simulation } = boots()
    expect(() => simulation.host('a', () => undefined)).toThrow(
      expect.objectContaining({ code: 'P2P_ADDRESS_IN_USE' }),
    )
  })

  it('answers the scenario in virtual time', async () => {
    const simulation = new Simulation({ seed: 1, network: { latency: 10, jitter: 0 } })
    const server = simulation.host('server', ({ transport }) =>
      transport.listen('sim://server:1', connection => connection.onData(chunk => connection.write(chunk))),
    )
    const client = simulation.host('client', ({ transport }) => transport)
    await simulation.ready()
    expect(server.app?.address).toBe('sim://server:1')
    const connection = await simulation.run(
      (client.app as Machine<unknown>['transport']).dial('sim://server:1'),
    )
    const echo = new Promise<string>(resolve => connection.onData(chunk => resolve(chunk.join())))
    connection.write(Uint8Array.of(1, 2))
    expect(await simulation.run(echo)).toBe('1,2')
    expect(simulation.clock.monotonic()).toBe(40)
    await expect(simulation.run(Promise.reject(new Error('refused')))).rejects.toThrow('refused')
  })
})

describe('a script of faults', () => {
  it('happens as written, and is undone', async () => {
    const simulation = new Simulation({ seed: 1, network: { loss: 0.01 } })
    const hosts = ['a', 'b', 'c'].map(name => simulation.host(name, () => undefined))
    const [a, b, c] = hosts as [(typeof hosts)[0], (typeof hosts)[0], (typeof hosts)[0]]
    simulation.inject([
      { kind: 'crash', at: 100, lasts: 50, host: 'a', store: 'lost' },
      { kind: 'pause', at: 110, lasts: 50, host: 'b' },
      { kind: 'clock', at: 120, host: 'c', by: 777 },
      { kind: 'loss', at: 130, lasts: 20, rate: 0.9 },
      { kind: 'loss', at: 140, lasts: 90, rate: 0.5 },
      { kind: 'partition', at: 150, lasts: 20, groups: [['a'], ['b', 'c']] },
    ])
    const states: string[] = []
    const state = () => [a.up, b.clock.paused, c.clock.offset, simulation.network.loss].join(' ')
    for (const time of [99, 100, 110, 120, 130, 140, 150, 160, 230]) {
      await simulation.advance(time - simulation.clock.monotonic())
      states.push(`${time}: ${state()}`)
    }
    expect(states).toEqual([
      '99: true false 0 0.01',
      '100: false false 0 0.01',
      '110: false true 0 0.01',
      '120: false true 777 0.01',
      '130: false true 777 0.9',
      '140: false true 777 0.9',
      '150: true true 777 0.5',
      '160: true false 777 0.5',
      '230: true false 777 0.01',
    ])
    expect(simulation.timeline).toContain('partition: a | b c')
    expect(simulation.timeline).toContain('end of partition: a | b c')
  })

  it('is another one for each plan', () => {
    const simulation = new Simulation({ seed: 1 })
    const plan = { duration: 10_000, losses: { every: 100, lasts: { min: 1, max: 2 }, rate: 0.5 } }
    expect(simulation.faults(plan)).not.toEqual(simulation.faults(plan))
  })

  it('names only hosts that exist', async () => {
    const simulation = new Simulation({ seed: 1 })
    simulation.inject([{ kind: 'pause', at: 0, lasts: 1, host: 'nobody' }])
    expect((await failureOf(simulation.advance(1))).message).toMatch(/nobody/)
  })
})

describe('the timeline', () => {
  it('keeps as many lines as it is told to, and says how many came before', async () => {
    const simulation = new Simulation({ seed: 1, timeline: 3 })
    for (let index = 1; index <= 10; index++) simulation.trace(`line ${index}`)
    expect(simulation.timeline.split('\n').map(line => line.trim())).toEqual([
      '(7 entries before these)',
      '0.000000 s    line 8',
      '0.000000 s    line 9',
      '0.000000 s    line 10',
    ])
  })

  it('tells of connections that are made and lost', async () => {
    const simulation = new Simulation({ seed: 1, network: { latency: 10, jitter: 0 } })
    const server = simulation.host('server', ({ transport }) =>
      transport.listen('sim://server:1', () => undefined),
    )
    simulation.host('client', async ({ transport }) => {
      const connection = await transport.dial('sim://server:1')
      connection.onData(() => undefined)
    })
    await simulation.ready()
    server.kill()
    await simulation.advance(100)
    expect(simulation.timeline.split('\n').map(line => line.trim())).toEqual([
      '0.000000 s  server  starts',
      '0.000000 s  client  starts',
      '0.020000 s  client  connected to sim://server:1',
      '0.020000 s  server  is killed',
      '0.030000 s  client  sim://server:1 broke the connection',
    ])
  })
})
