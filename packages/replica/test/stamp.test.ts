import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HybridClock, type Stamp, compareStamps, encodeStamp } from '../src/index.ts'
import { stamps } from './arbitraries.ts'

const day = 86_400_000

describe('a stamp', () => {
  it('is encoded as six bytes of time and two of count', () => {
    expect(encodeStamp({ time: 0x0190_1234_abcd, count: 0x0f })).toBe('01901234abcd000f')
  })

  it('is encoded so that text order is stamp order', () => {
    fc.assert(
      fc.property(stamps, stamps, (a, b) => {
        const [textA, textB] = [encodeStamp(a), encodeStamp(b)]
        expect(textA < textB ? -1 : textA > textB ? 1 : 0).toBe(Math.sign(compareStamps(a, b)))
      }),
    )
  })
})

describe('the hybrid clock', () => {
  it('makes stamps above all that it made or saw, whatever the wall clock does', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ wall: fc.integer({ min: 1000, max: 1010 }) }),
        fc.record({
          wall: fc.integer({ min: 1000, max: 1010 }),
          seen: fc.record({
            time: fc.integer({ min: 990, max: 1020 }),
            count: fc.integer({ min: 0, max: 3 }),
          }),
        }),
      ),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(steps, run => {
        const clock = new HybridClock()
        let highest: Stamp = { time: 0, count: 0 }
        for (const step of run) {
          if ('seen' in step) {
            clock.observe(step.seen, step.wall)
            if (compareStamps(step.seen, highest) > 0) highest = step.seen
          } else {
            const stamp = clock.tick(step.wall)
            expect(compareStamps(stamp, highest)).toBeGreaterThan(0)
            expect(stamp.time).toBeGreaterThanOrEqual(step.wall)
            highest = stamp
          }
          expect(clock.read(step.wall)).toBe(Math.max(step.wall, highest.time))
        }
      }),
    )
  })

  it('borrows from the next millisecond when one has no counts left', () => {
    const clock = new HybridClock({ last: { time: 5, count: 65_534 } })
    expect(clock.tick(5)).toEqual({ time: 5, count: 65_535 })
    expect(clock.tick(5)).toEqual({ time: 6, count: 0 })
  })

  it('goes on above where an earlier clock stopped', () => {
    const before = new HybridClock()
    before.tick(2_000)
    const after = new HybridClock({ last: structuredClone(before.last) })
    expect(after.tick(1_000)).toEqual({ time: 2_000, count: 1 })
  })

  it('sees a stamp of exactly a day ahead and refuses one that is a millisecond more, unchanged', () => {
    const clock = new HybridClock()
    clock.observe({ time: 10_000 + day, count: 3 }, 10_000)
    expect(clock.last).toEqual({ time: 10_000 + day, count: 3 })
    expect(() => clock.observe({ time: 10_001 + day, count: 0 }, 10_000)).toThrow(
      expect.objectContaining({ code: 'P2P_STAMP_AHEAD' }),
    )
    expect(clock.last).toEqual({ time: 10_000 + day, count: 3 })
  })

  it('makes no stamp that others would refuse: after the wall clock was set back by days it says so', () => {
    const clock = new HybridClock()
    clock.tick(10 * day)
    expect(() => clock.tick(8 * day)).toThrow(expect.objectContaining({ code: 'P2P_STAMP_AHEAD' }))
    expect(clock.tick(10 * day)).toEqual({ time: 10 * day, count: 1 })
  })

  it('has no fractions of milliseconds in its stamps', () => {
    expect(new HybridClock().tick(17.9)).toEqual({ time: 17, count: 0 })
  })
})
