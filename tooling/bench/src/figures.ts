import type { Bar, Case } from './case.ts'
import type { Outcome } from './rounds.ts'

/** One figure of one subject, as the JSON file has it. */
export interface Figure {
  readonly suite: string
  readonly case: string
  readonly subject: string
  readonly metric: string
  readonly unit: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly runs: number
}

/** A bar, what was measured, and whether that is enough. `measured` is missing where one of the two was not there. */
export interface Verdict {
  readonly bar: Bar
  readonly measured?: Summary
  readonly met?: boolean
}

/** Of the rounds. */
export interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly runs: number
}

/** @throws RangeError for no values */
export const summary = (values: readonly number[]): Summary => {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  const [min, max] = [sorted[0], sorted.at(-1)]
  if (low === undefined || high === undefined || min === undefined || max === undefined) {
    throw new RangeError('there is no median of nothing')
  }
  return { median: (low + high) / 2, min, max, runs: sorted.length }
}

const valuesOf = ({ series }: Outcome, subject: string, metric: string): readonly number[] => {
  const samples = series.find(each => each.subject === subject)?.samples ?? []
  return samples.map(sample => sample[metric]).filter(value => value !== undefined)
}

/** Ours by theirs, round by round; `undefined` where one of the two was not there. */
export const ratio = (
  outcome: Outcome,
  metric: string,
  against: string,
  subject = 'ours',
): Summary | undefined => pairwise(outcome, metric, against, subject, (own, other) => own / other)

const pairwise = (
  outcome: Outcome,
  metric: string,
  against: string,
  subject: string,
  compare: (own: number, other: number) => number,
): Summary | undefined => {
  const others = valuesOf(outcome, against, metric)
  const values = valuesOf(outcome, subject, metric).map((own, round) => compare(own, others[round] ?? NaN))
  return others.length === 0 || values.length === 0 ? undefined : summary(values)
}

/** Whether a bar is met. */
export const judge = (outcome: Outcome, bar: Bar): Verdict => {
  const { metric, against = '', by, subject = 'ours', atLeast = -Infinity, atMost = Infinity } = bar
  const own = valuesOf(outcome, subject, metric)
  const measured =
    by === 'ratio'
      ? ratio(outcome, metric, against, subject)
      : by === 'difference'
        ? pairwise(outcome, metric, against, subject, (mine, other) => mine - other)
        : own.length === 0
          ? undefined
          : summary(own)
  if (measured === undefined) return { bar }
  return { bar, measured, met: measured.median >= atLeast && measured.median <= atMost }
}

/** All figures of a case, and behind those of the subjects our ratio to each of them. */
export const figures = (suite: string, { name, metrics }: Case, outcome: Outcome): readonly Figure[] =>
  Object.entries(metrics).flatMap(([metric, unit]) => {
    const own = outcome.series.map(({ subject }) => ({
      suite,
      case: name,
      subject,
      metric,
      unit,
      ...summary(valuesOf(outcome, subject, metric)),
    }))
    const ratios = outcome.series.flatMap(({ subject }) => {
      const measured = subject === 'ours' ? undefined : ratio(outcome, metric, subject)
      return measured === undefined
        ? []
        : [{ suite, case: name, subject, metric: `${metric}: ours to this`, unit: 'x', ...measured }]
    })
    return [...own, ...ratios]
  })
