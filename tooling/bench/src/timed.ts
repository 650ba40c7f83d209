import type { Sample } from './case.ts'

/** How long a turn is meant to take, in milliseconds. */
export const turnLength = 200

/**
 * Measures how often a second something can be done in this process. The first call finds out how much work fills a turn.
 *
 * @param work does it `count` times
 * @param metric the name of the figure
 * @param factor how much of it one time is
 */
export const perSecond = (work: (count: number) => void, metric: string, factor = 1): (() => Sample) => {
  let count = 0
  const run = (): number => {
    const begin = performance.now()
    work(count)
    return performance.now() - begin
  }
  return () => {
    if (count === 0) {
      count = 1
      let took = run()
      while (took < turnLength / 2) {
        // The first runs are slow because nothing is compiled yet: they say little about how many there should be.
        count = Math.ceil(count * Math.min(8, Math.max(1.5, (0.8 * turnLength) / Math.max(took, 0.01))))
        took = run()
      }
    }
    return { [metric]: (count * factor * 1_000) / run() }
  }
}
