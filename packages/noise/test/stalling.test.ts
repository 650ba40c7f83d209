import { P2PError } from '@p2p/interfaces'
import { VirtualClock } from '@p2p/simulation'
import { createMemoryNetwork } from '@p2p/transport/memory'
import { describe, expect, it } from 'vitest'
import { between, type Meddle, type Way } from './middle.ts'
import { identity, plainPair } from './pairs.ts'
import { manyTimes } from './primitives.ts'

/** Passes on that many bytes of one direction, and no more. */
const stopAfter =
  (way: Way, count: number): Meddle =>
  (chunk, direction, at) =>
    direction === way ? [chunk.subarray(0, Math.max(0, count - at))] : [chunk]

describe.each(manyTimes)('a handshake by %s that stalls', (_name, createNoise) => {
  const clocked = () => {
    const clock = new VirtualClock()
    const transport = createMemoryNetwork({ clock }).transport()
    const create = () => plainPair(transport, 'memory://*')
    const noise = (seed: number) => createNoise({ identity: identity(seed), network: 'stalling', clock })
    return { clock, create, noise }
  }

  it('at any byte ends at its deadline, at both ends', async () => {
    const lengths: Record<Way, number> = { there: 224, back: 221 }
    const { clock, create, noise } = clocked()
    const [dialler, listener] = [noise(1), noise(2)]
    for (const way of ['there', 'back'] as const) {
      const sessions = []
      for (let count = 0; count < lengths[way]; count++) {
        const { outbound, inbound } = await between(create, stopAfter(way, count))
        const ends: string[] = []
        const note = (who: Way) => (error: unknown) =>
          void ends.push(`${who} ${P2PError.is(error) ? error.code : String(error)} at ${clock.monotonic()}`)
        void dialler.secure(outbound, { timeout: 1_000 }).catch(note('there'))
        // A listener that has answered the last message is done: what the dialler does not hear breaks the connection
        void listener.secure(inbound, { timeout: 1_000 }).catch(note('back'))
        sessions.push({ count, ends, inbound, outbound })
      }
      const begin = clock.monotonic()
      await clock.advance(2_000)
      for (const { count, ends, inbound, outbound } of sessions) {
        const [first = ''] = ends
        expect(first, `${way} ${count}`).toMatch(new RegExp(`P2P_HANDSHAKE_TIMEOUT at ${begin + 1_000}$`))
        expect(ends.length, `${way} ${count}`).toBeGreaterThanOrEqual(1)
        await Promise.all([outbound.closed, inbound.closed])
      }
    }
  })

  it('a thousand times at once keeps no honest peer waiting', async () => {
    const { clock, create, noise } = clocked()
    const listener = noise(2)
    const stalled = []
    for (let count = 0; count < 1_000; count++) {
      const { outbound, inbound } = await create()
      outbound.write(Uint8Array.of(0xd5, 0x70))
      outbound.onData(() => undefined)
      stalled.push(
        listener.secure(inbound).then(
          () => 'done',
          (error: unknown) => (P2PError.is(error) ? error.code : ''),
        ),
      )
    }
    const { outbound, inbound } = await create()
    const begun = clock.monotonic()
    await Promise.all([noise(1).secure(outbound), listener.secure(inbound)])
    expect(clock.monotonic()).toBe(begun)
    await clock.advance(5_000)
    expect(new Set(await Promise.all(stalled))).toEqual(new Set(['P2P_HANDSHAKE_TIMEOUT']))
    inbound.abort()
    outbound.abort()
  })

  it('ends when its signal is aborted, before it begins and later', async () => {
    const { clock, create, noise } = clocked()
    for (const early of [true, false]) {
      const controller = new AbortController()
      const { outbound, inbound } = await create()
      if (early) controller.abort(new Error('no more'))
      const secured = noise(1).secure(outbound, { signal: controller.signal })
      const failed = expect(secured).rejects.toMatchObject({
        code: 'P2P_ABORTED',
        cause: { message: 'no more' },
      })
      await clock.advance(10)
      controller.abort(new Error('no more'))
      await failed
      inbound.onData(() => undefined)
      await Promise.all([outbound.closed, inbound.closed])
    }
  })

  it('holds no more than its limit of what a stranger sends', async () => {
    const { create, noise } = clocked()
    const { outbound, inbound } = await create()
    outbound.onData(() => undefined)
    // A header that announces 65 535 bytes
    outbound.write(Uint8Array.of(0xd5, 0x70, 0x32, 0x6e, 1, 0xff, 0xff))
    await expect(noise(2).secure(inbound)).rejects.toMatchObject({ code: 'P2P_MALFORMED' })
    outbound.abort()
  })
})
