import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Moment,
  ageOf,
  firstEpoch,
  isEpochAhead,
  nextEpoch,
  remainingForHolder,
  remainingForOthers,
  sight,
  sightAgain,
  sightOwn,
} from '../src/index.ts'

const hour = 3_600_000
const week = 604_800_000
const at = (wall: number, monotonic = wall): Moment => ({ wall, monotonic })

describe('the age of a lease', () => {
  it('is the sum of what was told and what passed since', () => {
    expect(ageOf(sight(250, at(1000)), at(1600))).toBe(850)
  })

  it('does not step with the wall clock', () => {
    expect(ageOf(sight(0, at(5000, 0)), at(1000, 70))).toBe(70)
  })

  it('becomes smaller when a faster path tells so, and not larger', () => {
    const seen = sight(500, at(1000))
    expect(ageOf(sightAgain(seen, 300, at(1100)), at(1100))).toBe(300)
    expect(sightAgain(seen, 900, at(1100))).toBe(seen)
  })

  it('is at least the time since the first sight, whatever is told', () => {
    expect(ageOf(sightAgain(sight(500, at(1000)), 0, at(1100)), at(1100))).toBe(100)
  })

  it('never lets a lease outlive first sight + duration, by any sequence of tellings and steps of the wall clock', () => {
    const tellings = fc.array(
      fc.record({
        age: fc.nat(2 * hour),
        wall: fc.integer({ min: -hour, max: hour }),
        after: fc.nat(hour / 4),
      }),
    )
    fc.assert(
      fc.property(fc.nat(hour), tellings, (age, more) => {
        let now = at(10 * hour)
        let seen = sight(age, now)
        for (const telling of more) {
          now = at(now.wall + telling.after + telling.wall, now.monotonic + telling.after)
          seen = sightAgain(seen, telling.age, now)
        }
        const end = { wall: seen.first.wall + hour, monotonic: seen.first.monotonic + hour }
        expect(remainingForOthers(seen, hour, end)).toBeLessThanOrEqual(5_000)
      }),
    )
  })
})

describe('the end of a lease', () => {
  const seen = sightOwn(at(10 * hour, 0))

  it('comes for its holder when either clock says so', () => {
    expect(remainingForHolder(seen, hour, at(10 * hour, hour))).toBe(0)
    expect(remainingForHolder(seen, hour, at(11 * hour, 0))).toBe(0)
    expect(remainingForHolder(seen, hour, at(11 * hour - 1, hour - 1))).toBe(1)
  })

  it('has come for its holder if that has heard of it from others only: it was in a former life', () => {
    const former = sight(0, at(10 * hour, 0))
    expect(remainingForHolder(former, hour, at(10 * hour, 0))).toBe(0)
    expect(remainingForHolder(sightAgain(former, 0, at(10 * hour, 1)), hour, at(10 * hour, 1))).toBe(0)
    expect(remainingForOthers(former, hour, at(10 * hour, 0))).toBe(hour + 5000)
  })

  it('comes for others when both clocks say so, plus 5 s', () => {
    expect(remainingForOthers(seen, hour, at(11 * hour, 0))).toBe(hour + 5000)
    expect(remainingForOthers(seen, hour, at(10 * hour, hour))).toBe(hour + 5000)
    expect(remainingForOthers(seen, hour, at(11 * hour, hour))).toBe(5000)
    expect(remainingForOthers(seen, hour, at(11 * hour + 5000, hour + 5000))).toBe(0)
  })
})

describe('an epoch', () => {
  const start = (time: number) => ({ time, count: 0 })

  it('begins at 2^20 times the period, plus one', () => {
    expect(firstEpoch(start(0), week)).toBe(1)
    expect(firstEpoch(start(week / 2 - 1), week)).toBe(1)
    expect(firstEpoch(start(week), week)).toBe(2 * 1_048_576 + 1)
  })

  it('of a takeover is above the one seen, and not below the first of its time', () => {
    expect(nextEpoch(7, start(0), week)).toBe(8)
    expect(nextEpoch(7, start(week), week)).toBe(2 * 1_048_576 + 1)
  })

  it('is refused more than two periods above the reader, and taken up to then', () => {
    const reader = 10 * week
    expect(isEpochAhead(firstEpoch(start(reader + week), week), reader, week)).toBe(false)
    expect(isEpochAhead(firstEpoch(start(reader + 1.5 * week), week), reader, week)).toBe(true)
    expect(isEpochAhead(1, reader, week)).toBe(false)
  })

  it('of a writer whose clock is a day ahead of a reader that is right is never refused, with tombstones of two days or more', () => {
    const day = 86_400_000
    fc.assert(
      fc.property(
        fc.integer({ min: day, max: 2 ** 42 }),
        fc.integer({ min: 2 * day, max: 60 * day }),
        (time, life) => {
          expect(isEpochAhead(firstEpoch(start(time + day), life), time, life)).toBe(false)
        },
      ),
    )
  })
})
