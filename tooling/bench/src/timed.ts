import type { Sample } from './case.ts'

/** How long a turn is meant to take, in milliseconds. */
export const turnLength = 200

/**
 * Work that is done so often in a turn that it fills it.
 *
 * @param run does it so many times and says how many milliseconds that took
 * @param first how often to begin with
 * @returns a turn: how often it was done, and how long that took
 */
export const filling = (
  run: (count: number) => number | Promise<number>,
  first: number,
): (() => Promise<{ readonly count: number; readonly took: number }>) => {
  let next = first
  return async () => {
    for (;;) {
      const count = next
      const took = await run(count)
      if (took >= turnLength / 2) return { count, took }
      // Too short to say anything. What came before may have been slow because nothing was compiled yet, or because the machine was busy.
      next = Math.ceil(count * Math.min(8, Math.max(1.5, (0.8 * turnLength) / Math.max(took, 0.01))))
    }
  }
}

/**
 * How often a second something can be done in this process.
 *
 * @param work does it `count` times
 * @param metric the name of the figure
 * @param factor how much of it one time is
 */
export const perSecond = (
  work: (count: number) => void,
  metric: string,
  factor = 1,
): (() => Promise<Sample>) => {
  const turn = filling(count => {
    const begin = performance.now()
    work(count)
    return performance.now() - begin
  }, 1)
  return async () => {
    const { count, took } = await turn()
    return { [metric]: (count * factor * 1_000) / took }
  }
}
