import { expect, it } from 'vitest'
import { type Case, field, times, within } from '../src/case.ts'
import { figures, judge, summary } from '../src/figures.ts'
import { runRounds } from '../src/rounds.ts'

/** A case of which the figures are given: each subject's, round by round, behind the one of its warming up. */
const caseOf = (subjects: Readonly<Record<string, readonly number[]>>): Case => ({
  name: 'a case',
  metrics: { speed: '1/s' },
  bars: [],
  open: () =>
    field(
      Object.entries(subjects).map(([subject, values]) => {
        const left = [999, ...values]
        return { subject, measure: () => ({ speed: left.shift() ?? NaN }) }
      }),
    ),
})

const run = (subjects: Readonly<Record<string, readonly number[]>>, runs: number) =>
  runRounds(caseOf(subjects), runs, () => undefined)

it('the median lies in the middle, or between the two that do', () => {
  expect(summary([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5, runs: 3 })
  expect(summary([4, 1, 2, 100])).toEqual({ median: 3, min: 1, max: 100, runs: 4 })
  expect(() => summary([])).toThrow(RangeError)
})

it('each contender has a turn in each round, and the turn of warming up does not count', async () => {
  const { series } = await run({ ours: [1, 2, 3], ws: [4, 5, 6] }, 3)
  expect(series).toEqual([
    { subject: 'ours', samples: [{ speed: 1 }, { speed: 2 }, { speed: 3 }] },
    { subject: 'ws', samples: [{ speed: 4 }, { speed: 5 }, { speed: 6 }] },
  ])
})

it('what counts is the median of the ratios, not the ratio of the medians', async () => {
  // Medians 10 and 4 would give 2.5; round by round it is 2, 10, and 1/4.
  const outcome = await run({ ours: [8, 100, 10 / 4], ws: [4, 10, 10] }, 3)
  expect(judge(outcome, times('speed', 'ws', 2))).toMatchObject({ measured: { median: 2 }, met: true })
  expect(judge(outcome, times('speed', 'ws', 2.1)).met).toBe(false)
  expect(judge(outcome, within('speed', 'ws', 2)).met).toBe(true)
  expect(judge(outcome, within('speed', 'ws', 1.9)).met).toBe(false)
})

it('a bar may ask for a difference, or for the figure itself', async () => {
  const outcome = await run({ ours: [9, 10, 11], ws: [4, 4, 4] }, 3)
  const difference = { metric: 'speed', against: 'ws', by: 'difference' } as const
  expect(judge(outcome, { ...difference, atMost: 6 })).toMatchObject({ measured: { median: 6 }, met: true })
  expect(judge(outcome, { ...difference, atMost: 5 }).met).toBe(false)
  expect(judge(outcome, { metric: 'speed', by: 'value', atMost: 9 }).met).toBe(false)
})

it('against somebody who was not there nothing is judged', async () => {
  const outcome = await run({ ours: [1] }, 1)
  const bar = times('speed', 'ws', 1)
  expect(judge(outcome, bar)).toEqual({ bar })
})

it('the file has the figures of each subject, and our ratio to it', async () => {
  const outcome = await run({ ours: [6, 8], ws: [2, 2] }, 2)
  expect(figures('a suite', caseOf({}), outcome)).toEqual([
    {
      suite: 'a suite',
      case: 'a case',
      subject: 'ours',
      metric: 'speed',
      unit: '1/s',
      median: 7,
      min: 6,
      max: 8,
      runs: 2,
    },
    {
      suite: 'a suite',
      case: 'a case',
      subject: 'ws',
      metric: 'speed',
      unit: '1/s',
      median: 2,
      min: 2,
      max: 2,
      runs: 2,
    },
    {
      suite: 'a suite',
      case: 'a case',
      subject: 'ws',
      metric: 'speed: ours to this',
      unit: 'x',
      median: 3.5,
      min: 3,
      max: 4,
      runs: 2,
    },
  ])
})
