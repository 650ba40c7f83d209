import type { Connection, Listener } from '@p2p/interfaces'
import { describe, expect, it } from 'vitest'
import { createMemoryNetwork, type MemoryNetworkOptions } from '../src/memory.ts'
import { turn, VirtualClock } from './virtual-clock.ts'

/** One connection in a network of its own, and its clock. */
const pair = async (options: MemoryNetworkOptions = {}) => {
  const clock = new VirtualClock()
  const transport = createMemoryNetwork({ clock, ...options }).transport()
  let accepted: Connection | undefined
  const listener = await transport.listen('memory://alice', connection => (accepted = connection))
  const dialling = transport.dial('memory://alice')
  await clock.advance(2 * (options.latency ?? 0))
  const outbound = await dialling
  return { outbound, inbound: accepted as Connection, listener, transport, clock }
}

const coded = (code: string) => expect.objectContaining({ code }) as unknown

describe('names', () => {
  it('a listener has the name that it asked for, or one that is made up', async () => {
    const transport = createMemoryNetwork().transport()
    const listeners: Listener[] = []
    for (const address of ['memory://a-B_9.x', 'memory://~2', 'memory://*', 'memory://*'] as const) {
      listeners.push(await transport.listen(address, () => undefined))
    }
    expect(listeners.map(({ address }) => address)).toEqual([
      'memory://a-B_9.x',
      'memory://~2',
      'memory://~1',
      'memory://~3',
    ])
    expect(listeners[0]?.reachable).toEqual(['memory://a-B_9.x'])
  })

  it('the transports of one network meet, two networks do not', async () => {
    const network = createMemoryNetwork()
    await network.transport().listen('memory://alice', () => undefined)
    expect((await network.transport().dial('memory://alice')).remote).toBe('memory://alice')
    const elsewhere = createMemoryNetwork().transport().dial('memory://alice')
    await expect(elsewhere).rejects.toEqual(coded('P2P_CONNECTION_REFUSED'))
  })

  it('who dials gets a name too, at which nobody listens', async () => {
    const { inbound, transport } = await pair()
    expect(inbound.remote).toBe('memory://~1')
    await expect(transport.dial(inbound.remote)).rejects.toEqual(coded('P2P_CONNECTION_REFUSED'))
  })
})

describe('delivery', () => {
  it('the receiver gets the very memory that was written, and release comes after its callback', async () => {
    const { outbound, inbound } = await pair()
    const chunk = Uint8Array.of(1, 2, 3)
    const events: unknown[] = []
    inbound.onData(bytes => events.push(bytes))
    outbound.write(chunk, () => events.push('released'))
    events.push('written')
    await turn()
    expect(events).toEqual(['written', chunk, 'released'])
    expect(events[1]).toBe(chunk)
  })

  it('without latency everything happens within the turn, and no timer is set for it', async () => {
    const { outbound, inbound, clock } = await pair()
    let come = 0
    inbound.onData(chunk => (come += chunk.length))
    outbound.write(new Uint8Array(10))
    for (let microtasks = 0; microtasks < 5; microtasks++) await Promise.resolve()
    expect(come).toBe(10)
    expect(clock.timersSet).toBe(0)
  })

  it('with latency everything takes that long, a dial twice as long, and order stays', async () => {
    const { outbound, inbound, clock } = await pair({ latency: 50 })
    expect(clock.now()).toBe(100)
    const events: string[] = []
    inbound.onData(chunk => events.push(`${clock.now()}: ${chunk.join()}`))
    outbound.write(Uint8Array.of(1))
    outbound.write(Uint8Array.of(2))
    await clock.advance(10)
    outbound.write(Uint8Array.of(3))
    expect(events).toEqual([])
    await clock.advance(100)
    expect(events).toEqual(['150: 1', '150: 2', '160: 3'])
  })

  it('a run is the same every time', async () => {
    const story = async () => {
      const { outbound, inbound, clock } = await pair({ latency: 7, highWaterMark: 100 })
      const events: string[] = []
      const note = (event: string) => events.push(`${clock.now()} ${event}`)
      inbound.onData(chunk => {
        note(`in ${chunk.length}`)
        inbound.write(chunk.slice(1), () => note('in released'))
      })
      outbound.onData(chunk => note(`out ${chunk.length}`))
      for (const length of [90, 60, 30]) {
        outbound.write(new Uint8Array(length), () => note(`out released ${length}`))
        await clock.advance(3)
      }
      void outbound.drained().then(() => note('drained'))
      void outbound.close().then(() => note('closed'))
      void inbound.closed.then(({ by }) => note(`ended by ${by}`))
      await clock.advance(10_000)
      return events
    }
    const first = await story()
    expect(first.length).toBeGreaterThan(10)
    expect(await story()).toEqual(first)
  })

  it('a hundred thousand chunks in one queue take no longer each than a few do', async () => {
    const { outbound, inbound } = await pair()
    let next = 0
    let inOrder = true
    inbound.onData(chunk => {
      inOrder &&= (chunk[0] ?? 0) + 256 * (chunk[1] ?? 0) + 65_536 * (chunk[2] ?? 0) === next++
    })
    for (let index = 0; index < 100_000; index++)
      outbound.write(Uint8Array.of(index, index >> 8, index >> 16))
    await turn()
    expect(next).toBe(100_000)
    expect(inOrder).toBe(true)
    expect(outbound.queued).toBe(0)
  })
})

describe('ends', () => {
  it('an end that nobody reads is sent all the same, once close has waited 5 s for the answer', async () => {
    const { outbound, inbound, clock } = await pair()
    const closed = outbound.close()
    await clock.advance(5_000)
    await closed
    expect(await outbound.closed).toEqual({ by: 'local' })
    inbound.onData(() => undefined)
    expect(await inbound.closed).toEqual({ by: 'remote' })
    expect(clock.pending).toBe(0)
  })

  it('writing to an end that has gone is a failure', async () => {
    const { outbound, inbound, clock } = await pair()
    const closed = outbound.close()
    await clock.advance(5_000)
    await closed
    let released = 0
    inbound.write(new Uint8Array(10), () => released++)
    expect((await inbound.closed).error).toEqual(coded('P2P_CONNECTION_RESET'))
    expect(released).toBe(1)
  })

  it('what is under way to an end that goes breaks its writer', async () => {
    const { outbound, inbound, clock } = await pair({ latency: 20 })
    const closed = outbound.close()
    await clock.advance(4_990)
    inbound.write(new Uint8Array(10))
    await clock.advance(30)
    await closed
    expect(await outbound.closed).toEqual({ by: 'local' })
    expect((await inbound.closed).error).toEqual(coded('P2P_CONNECTION_RESET'))
    await clock.advance(100)
    expect(clock.pending).toBe(0)
  })

  it('a reset takes as long as everything else', async () => {
    const { outbound, inbound, clock } = await pair({ latency: 20 })
    let ended = -1
    void inbound.closed.then(() => (ended = clock.now()))
    outbound.abort()
    await clock.advance(100)
    expect(ended).toBe(60)
  })

  it('a writer that ignores back-pressure is aborted at the limit of the queue', async () => {
    const { outbound, inbound } = await pair({ highWaterMark: 100, queueLimit: 1_000 })
    let released = 0
    for (let count = 0; count < 20; count++) outbound.write(new Uint8Array(100), () => released++)
    expect((await outbound.closed).error).toEqual(coded('P2P_QUEUE_LIMIT'))
    expect((await inbound.closed).error).toEqual(coded('P2P_CONNECTION_RESET'))
    expect(released).toBe(20)
  })
})

describe('dials that come to nothing', () => {
  it('a dial takes at most 10 s, or what was asked for', async () => {
    const clock = new VirtualClock()
    const transport = createMemoryNetwork({ clock, latency: 6_000 }).transport()
    let accepted: Connection | undefined
    const listener = await transport.listen('memory://far', connection => (accepted = connection))
    const patient = transport.dial('memory://far').catch((error: unknown) => error)
    const hasty = transport.dial('memory://far', { timeout: 10 }).catch((error: unknown) => error)
    await clock.advance(10)
    expect(await hasty).toEqual(coded('P2P_TIMEOUT'))
    await clock.advance(9_990)
    expect(await patient).toEqual(coded('P2P_TIMEOUT'))
    await clock.advance(6_000)
    expect(await accepted?.closed).toHaveProperty('error')
    const insistent = transport.dial('memory://far', { timeout: Infinity })
    await clock.advance(12_000)
    ;(await insistent).abort()
    await listener.close()
    await clock.advance(12_000)
    expect(clock.pending).toBe(0)
  })

  it('a refusal takes as long as a connection', async () => {
    const clock = new VirtualClock()
    const transport = createMemoryNetwork({ clock, latency: 30 }).transport()
    let refused = -1
    const dialling = transport.dial('memory://nobody').catch(() => (refused = clock.now()))
    await clock.advance(100)
    await dialling
    expect(refused).toBe(60)
  })

  it.each([['highWaterMark'], ['queueLimit'], ['connectTimeout'], ['closeTimeout']])(
    'a %s of nothing is refused',
    name => {
      expect(() => createMemoryNetwork({ [name]: 0 })).toThrow(RangeError)
    },
  )
})
