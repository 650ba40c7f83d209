import { EventHash, SeededRandom, type SimulationError, VirtualClock } from '@p2p/simulation'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const codeOf = async (promise: Promise<unknown>) => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return (error as SimulationError | undefined)?.code
}

describe('VirtualClock', () => {
  it('fires timers in the order of time, and of insertion at equal times', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.boolean())), async plan => {
        const clock = new VirtualClock()
        const fired: number[] = []
        plan.forEach(([delay, cancel], index) => {
          const timer = clock.after(delay, () => fired.push(index))
          if (cancel) timer[Symbol.dispose]()
        })
        await clock.advance(20)
        const expected = plan
          .map(([delay, cancelled], index) => ({ delay, cancelled, index }))
          .filter(({ cancelled }) => !cancelled)
          .sort((a, b) => a.delay - b.delay || a.index - b.index)
        expect(fired).toEqual(expected.map(({ index }) => index))
      }),
    )
  })

  it('keeps the order when most of thousands of timers are cancelled', async () => {
    const clock = new VirtualClock()
    const random = new SeededRandom('cancel')
    const fired: number[] = []
    const expected: number[] = []
    for (let index = 0; index < 20_000; index++) {
      const delay = random.next() * 1000
      const timer = clock.after(delay, () => fired.push(delay))
      if (random.chance(0.9)) timer[Symbol.dispose]()
      else expected.push(delay)
    }
    await clock.runUntilIdle()
    expect(fired).toEqual(expected.sort((a, b) => a - b))
  })

  it('lets promise chains of any length end before the next timer of the same instant', async () => {
    const clock = new VirtualClock()
    const seen: string[] = []
    clock.after(5, () => {
      void (async () => {
        for (let hop = 0; hop < 100; hop++) await Promise.resolve()
        process.nextTick(() => seen.push('tick'))
        seen.push('chain')
      })()
    })
    clock.after(5, () => seen.push('timer'))
    await clock.advance(5)
    expect(seen).toEqual(['chain', 'tick', 'timer'])
  })

  it('shows the time of the event while it happens, and the target afterwards', async () => {
    const clock = new VirtualClock({ start: 1_000_000 })
    const seen: number[] = []
    clock.after(2.5, () => seen.push(clock.monotonic(), clock.now()))
    await clock.advance(10)
    expect(seen).toEqual([2.5, 1_000_002])
    expect(clock.monotonic()).toBe(10)
    expect(clock.now()).toBe(1_000_010)
  })

  it('treats a negative delay as none, and never fires after Infinity', async () => {
    const clock = new VirtualClock()
    let fired = 0
    clock.after(-5, () => (fired += 1))
    clock.after(Infinity, () => (fired += 100))
    await clock.runUntilIdle()
    expect(fired).toBe(1)
    expect(clock.monotonic()).toBe(0)
    expect(() => clock.after(NaN, () => undefined)).toThrow(RangeError)
  })

  it('stops as soon as a condition holds', async () => {
    const clock = new VirtualClock()
    let ticks = 0
    const tick = () => {
      ticks += 1
      clock.after(10, tick)
    }
    tick()
    await clock.runUntil(() => ticks === 5)
    expect(clock.monotonic()).toBe(40)
  })

  it('says when a condition does not come in time, or cannot come any more', async () => {
    const clock = new VirtualClock()
    expect(await codeOf(clock.runUntil(() => false))).toBe('P2P_STUCK')
    const tick = () => void clock.after(10, tick)
    tick()
    expect(await codeOf(clock.runUntil(() => false, { limit: 1000 }))).toBe('P2P_TIMEOUT')
    expect(await codeOf(clock.runUntilIdle({ limit: 1000 }))).toBe('P2P_TIMEOUT')
  })

  it('moves on until a promise is settled, and passes on its outcome', async () => {
    const clock = new VirtualClock()
    const value = new Promise<string>(resolve => void clock.after(30, () => resolve('done')))
    expect(await clock.run(value)).toBe('done')
    expect(clock.monotonic()).toBe(30)
    const failing = new Promise<string>((_, reject) => void clock.after(5, () => reject(new Error('no'))))
    await expect(clock.run(failing)).rejects.toThrow('no')
    expect(await codeOf(clock.run(new Promise(() => undefined)))).toBe('P2P_STUCK')
  })

  it('passes on what a timer throws, and can go on afterwards', async () => {
    const clock = new VirtualClock()
    const seen: string[] = []
    clock.after(1, () => {
      throw new Error('in a timer')
    })
    clock.after(2, () => seen.push('later'))
    await expect(clock.advance(5)).rejects.toThrow('in a timer')
    expect(clock.monotonic()).toBe(1)
    await clock.advance(4)
    expect(seen).toEqual(['later'])
  })

  it('is moved by one caller at a time', async () => {
    const clock = new VirtualClock()
    const first = clock.advance(5)
    expect(() => clock.advance(5)).toThrow(expect.objectContaining({ code: 'P2P_ALREADY_RUNNING' }))
    await first
  })

  it('notices a loop of timers without delay', async () => {
    const clock = new VirtualClock()
    const spin = () => void clock.after(0, spin)
    spin()
    expect(await codeOf(clock.advance(1))).toBe('P2P_TIME_STANDS_STILL')
  })

  it('has the same hash for the same events, and another one when one of them moves', async () => {
    const run = async (delays: number[]) => {
      const clock = new VirtualClock()
      for (const delay of delays) clock.host().after(delay, () => undefined)
      await clock.runUntilIdle()
      return clock.hash.digest
    }
    expect(await run([1, 2, 3])).toBe(await run([1, 2, 3]))
    expect(await run([1, 2, 3])).not.toBe(await run([1, 2, 3.000001]))
    expect(await run([1, 2, 3])).not.toBe(await run([2, 1, 3]))
    expect(await run([1, 2, 3])).toMatch(/^[0-9a-f]{16}$/)
  })
})

describe('EventHash', () => {
  it('takes in each byte and the number of bytes, and nothing behind them', () => {
    const digest = (bytes: number[], behind = 0) => {
      const memory = new Uint8Array(16).fill(behind)
      memory.set(bytes, 4)
      const hash = new EventHash()
      hash.bytes(new Uint32Array(memory.buffer), 1, bytes.length)
      return hash.digest
    }
    for (let length = 0; length <= 9; length++) {
      const bytes = Array.from({ length }, (_, index) => index + 1)
      expect(digest(bytes, 0)).toBe(digest(bytes, 255))
      expect(digest(bytes)).not.toBe(digest([...bytes, 0]))
      for (let index = 0; index < length; index++) {
        const changed = bytes.map((byte, at) => (at === index ? byte ^ 128 : byte))
        expect(digest(changed)).not.toBe(digest(bytes))
      }
    }
  })

  it('tells texts and numbers apart, and their order', () => {
    const digest = (...parts: (string | number)[]) => {
      const hash = new EventHash()
      for (const part of parts) {
        if (typeof part === 'string') hash.text(part)
        else hash.number(part)
      }
      return hash.digest
    }
    const digests = [[], ['a'], ['b'], ['a', 'b'], ['b', 'a'], ['ab'], [1], [2], [1, 2], [2, 1], [0.1], [-1]]
    expect(new Set(digests.map(parts => digest(...parts))).size).toBe(digests.length)
  })
})

describe('HostClock', () => {
  it('may be wrong about the wall time, never about the time that passes', async () => {
    const clock = new VirtualClock({ start: 1_000_000 })
    await clock.advance(500)
    const host = clock.host({ offset: -3000, drift: 0.01 })
    expect(host.monotonic()).toBe(0)
    expect(host.now()).toBe(1_000_500 - 3000 + 5)
    const seen: number[] = []
    host.after(100, () => seen.push(host.monotonic()))
    host.step(3_600_000)
    expect(host.now()).toBe(1_000_500 - 3000 + 5 + 3_600_000)
    host.step(-7_200_000)
    await clock.advance(1000)
    expect(seen).toEqual([100])
    expect(host.monotonic()).toBe(1000)
    expect(host.now()).toBe(1_001_500 - 3000 + 15 - 3_600_000)
    expect(host.offset).toBe(-3000 + 15 - 3_600_000)
  })

  it('gets its overdue timers in their order when it is resumed, and no time goes back', async () => {
    const clock = new VirtualClock()
    const paused = clock.host({ name: 'paused' })
    const other = clock.host()
    const seen: string[] = []
    const note = (what: string) => () => seen.push(`${what} ${clock.monotonic()}`)
    paused.after(30, note('c'))
    paused.after(10, note('a'))
    paused.after(20, note('b'))
    paused.after(80, note('d'))
    const disposed = paused.after(15, note('never'))
    other.after(25, note('other'))
    paused.pause()
    await clock.advance(50)
    expect(seen).toEqual(['other 25'])
    disposed[Symbol.dispose]()
    paused.resume()
    await clock.advance(50)
    expect(seen).toEqual(['other 25', 'a 50', 'b 50', 'c 50', 'd 80'])
  })

  it('fires overdue timers before those that are due at the instant of the resume', async () => {
    const clock = new VirtualClock()
    const host = clock.host()
    const seen: string[] = []
    host.after(10, () => seen.push('overdue'))
    host.pause()
    clock.after(20, () => host.resume())
    host.after(20, () => seen.push('due now'))
    await clock.advance(20)
    expect(seen).toEqual(['overdue', 'due now'])
  })

  it('stops for good', async () => {
    const clock = new VirtualClock()
    const host = clock.host()
    let fired = 0
    host.after(10, () => (fired += 1))
    host.pause()
    host.after(5, () => (fired += 1))
    await clock.advance(7)
    host.stop()
    host.resume()
    host.after(5, () => (fired += 1))
    await clock.runUntilIdle()
    expect(fired).toBe(0)
  })
})
