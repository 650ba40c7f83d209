import { styleText } from 'node:util'
import type { Bar, Case } from './case.ts'
import { ratio, summary, type Verdict } from './figures.ts'
import type { Outcome } from './rounds.ts'

/** The figures of a case as a table: each subject, its median and range, our ratio to it, and what is asked of that. */
export const table = (
  suite: string,
  { name, metrics }: Case,
  outcome: Outcome,
  verdicts: readonly Verdict[],
): string => {
  const lines = [styleText('bold', `${suite}: ${name}`)]
  for (const [metric, unit] of Object.entries(metrics)) {
    const ofMetric = verdicts.filter(({ bar }) => bar.metric === metric)
    const rows = outcome.series.map(({ subject, samples }) => {
      const { median, min, max } = summary(samples.map(sample => sample[metric] ?? NaN))
      const ours = subject === 'ours' ? undefined : ratio(outcome, metric, subject)
      // A bar stands in the line of who is compared with; without a comparison, in that of who is judged.
      const here = ofMetric.filter(({ bar }) => (bar.against ?? bar.subject ?? 'ours') === subject)
      return [
        subject,
        number(median),
        `${number(min)} .. ${number(max)}`,
        ours === undefined ? '' : number(ours.median),
        here.map(words).join('; '),
      ]
    })
    lines.push(...aligned([['', `${metric}, ${unit}`, 'min .. max', 'ours / this', 'bar'], ...rows]))
  }
  for (const { subject, reason } of outcome.absent) lines.push(`  ${subject}: skipped, ${reason}`)
  return `${lines.join('\n')}\n`
}

const words = ({ bar, measured, met }: Verdict): string => {
  const verdict = met === undefined ? 'not measured' : met ? 'met' : styleText('bold', 'MISSED')
  const figure = measured === undefined || bar.by === 'ratio' ? '' : `${number(measured.median)}, `
  return `${figure}${asked(bar)}: ${verdict}`
}

const asked = ({ by, subject, atLeast, atMost }: Bar): string => {
  const unit = by === 'ratio' ? ' x' : by === 'difference' ? ' more' : ''
  const limit = atLeast === undefined ? `at most ${number(atMost ?? NaN)}` : `at least ${number(atLeast)}`
  return `${subject === undefined ? '' : `${subject} `}${limit}${unit}`
}

/** Three digits that mean something. */
const number = (value: number): string =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))

const aligned = (rows: readonly (readonly string[])[]): string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows.map(row =>
    `  ${row
      .map((cell, column) => {
        const isText = column === 0 || column === row.length - 1
        return isText
          ? cell.padEnd(column === 0 ? (widths[column] ?? 0) : 0)
          : cell.padStart(widths[column] ?? 0)
      })
      .join('  ')}`.trimEnd(),
  )
}
