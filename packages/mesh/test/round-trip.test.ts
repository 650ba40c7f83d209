import { describe, expect, it } from 'vitest'
import { RoundTrip } from '../src/core/round-trip.ts'
import { createIdentity, plaintext } from '../src/index.ts'
import { Kind } from '../src/wire/header.ts'
import { begin } from '../src/wire/hello.ts'
import { readU32 } from '../src/wire/reader.ts'
import { addressOf, TestNetwork } from './network.ts'
import { RawPeer } from './raw-peer.ts'

const settings = { samples: 4, first: 3_500, later: 120_000, unanswered: 30_000 }

const measure = (roundTrip: RoundTrip, begin: number, duration: number) =>
  roundTrip.answered(roundTrip.ask(begin), begin + duration)

describe('the round trip of a link', () => {
  it('is known after four measurements, as the least of the last four', () => {
    const roundTrip = new RoundTrip(settings)
    for (const duration of [80, 700, 90]) measure(roundTrip, 0, duration)
    expect(roundTrip.least).toBeUndefined()
    expect(roundTrip.last).toBe(90)
    measure(roundTrip, 0, 500)
    expect(roundTrip.least).toBe(80)
    measure(roundTrip, 0, 600)
    expect(roundTrip.least).toBe(90)
    measure(roundTrip, 0, 600)
    measure(roundTrip, 0, 600)
    expect(roundTrip.least).toBe(500)
  })

  it('is measured often first, then seldom, and not while an answer may still come', () => {
    const roundTrip = new RoundTrip(settings)
    const at = (now: number) => roundTrip.isDue(now)
    expect(at(0)).toBe(true)
    const first = roundTrip.ask(0)
    expect([at(3_500), at(29_999), at(30_000)]).toEqual([false, false, true])
    roundTrip.answered(first, 4_000)
    expect([at(3_499), at(4_000)]).toEqual([false, true])
    for (const begin of [4_000, 8_000, 12_000]) measure(roundTrip, begin, 50)
    expect([at(131_999), at(132_000)]).toEqual([false, true])
  })

  it('is not changed by an answer that came late, came twice, or was not asked for', () => {
    const roundTrip = new RoundTrip(settings)
    const late = roundTrip.ask(0)
    const asked = roundTrip.ask(30_000)
    for (const number of [late, 0, 77]) roundTrip.answered(number, 30_010)
    expect(roundTrip.last).toBeUndefined()
    roundTrip.answered(asked, 30_050)
    roundTrip.answered(asked, 40_000)
    expect(roundTrip.last).toBe(50)
  })
})

describe('the time-out of a link adapts to its round trip', () => {
  /** For how long a node keeps a peer that has answered its pings, and then falls silent. */
  const keptFor = async (latency: number) => {
    await using world = new TestNetwork(1, latency, { security: plaintext(), signed: true })
    const victim = await world.add()
    const connection = await world.run(world.transport().dial(addressOf(victim)))
    const peer = new RawPeer(connection, createIdentity(), 'test')
    let answered = 0
    while (answered < 4) {
      await world.clock.advance(5)
      for (const message of peer.heard.splice(0)) {
        if (message[1] !== Kind.ping) continue
        peer.say(begin(Kind.pong, 8).u32(readU32(message, 4)).done())
        answered++
      }
    }
    await world.clock.advance(latency)
    const begun = world.clock.monotonic()
    await world.clock.runUntil(() => victim.peers.length === 0)
    peer.leave()
    return world.clock.monotonic() - begun
  }

  it('knows of a crash within 10 s where it is up to a quarter of a second', async () => {
    for (const latency of [1, 50, 125]) expect(await keptFor(latency), `${latency} ms`).toBeLessThan(10_000)
  })

  it('leaves time for a stop of five seconds and a segment lost twice, which takes three round trips and 0.6 s, and for no more than that', async () => {
    for (const latency of [200, 400, 600]) {
      const kept = await keptFor(latency)
      const expected = 3_500 + 5_000 + 600 + 6 * latency
      expect(kept, `${latency} ms`).toBeGreaterThan(expected - 50)
      expect(kept, `${latency} ms`).toBeLessThan(expected + 400)
    }
  })
})
