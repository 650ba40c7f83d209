import type { Absent, Case, Sample } from './case.ts'

/** The samples of one subject, one per round. */
export interface Series {
  readonly subject: string
  readonly samples: readonly Sample[]
}

/** What came of a case. */
export interface Outcome {
  readonly series: readonly Series[]
  readonly absent: readonly Absent[]
}

/** Lets the contenders of a case take turns. @param tell is told who is at work */
export const runRounds = async (
  { open, mostRuns = Infinity, isCold = false }: Case,
  wanted: number,
  tell: (progress: string) => void,
): Promise<Outcome> => {
  const runs = Math.min(wanted, mostRuns)
  await using ready = await open()
  const series = ready.contenders.map(({ subject }) => ({ subject, samples: [] as Sample[] }))
  for (let round = isCold ? 1 : 0; round <= runs; round++) {
    for (let turn = 0; turn < series.length; turn++) {
      // Who comes first changes, so that nobody always comes behind the same one.
      const index = (turn + round) % series.length
      const contender = ready.contenders[index]
      if (contender === undefined) continue
      tell(`${round === 0 ? 'warming up' : `round ${round} of ${runs}`}: ${contender.subject}`)
      // What one has left behind is not cleared away in the time of the next.
      globalThis.gc?.()
      const sample = await contender.measure()
      if (round > 0) series[index]?.samples.push(sample)
    }
  }
  return { series, absent: ready.absent ?? [] }
}
