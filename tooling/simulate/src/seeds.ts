import { SimulationFailure } from '@p2p/simulation'
import type { Break } from './breaks.ts'
import type { Protocol } from './protocol.ts'

/** Which seeds are run, and how. */
export interface SeedsOptions {
  readonly protocol: Protocol
  readonly from: number
  readonly seeds: number
  readonly nodes?: number | undefined
  /** No seed is begun after so many real seconds. */
  readonly seconds?: number | undefined
  readonly planted?: Break | undefined
  /** Which of the protocol's scenarios its `run` is, if it is not the full one. */
  readonly scenario?: string | undefined
  /** Whether every seed is run twice; the first one always is. */
  readonly verify: boolean
  readonly verbose: boolean
  /** Ends the run after the seed that it interrupts. */
  readonly signal: AbortSignal
  readonly print: (line: string) => void
}

/** What came of it. */
export interface SeedsResult {
  readonly seeds: number
  readonly failed: readonly number[]
}

/** Milliseconds between two lines of progress. */
const progressPeriod = 10_000

/** Runs seeds one after the other, and says how to replay those that fail. */
export const runSeeds = async (options: SeedsOptions): Promise<SeedsResult> => {
  const { from, seeds, seconds = Infinity, signal, print, planted, verbose } = options
  const began = performance.now()
  const failed: number[] = []
  let count = 0
  let told = began
  const undo = planted?.plant()
  try {
    while (count < seeds && !signal.aborted && performance.now() - began < seconds * 1_000) {
      const seed = from + count++
      const begin = performance.now()
      const { failure, what } = await runSeed(options, seed, options.verify || seed === from)
      if (failure !== undefined) {
        failed.push(seed)
        print(failure)
        print(`replay: ${replayCommand(options, seed)}`)
      } else if (verbose) print(`seed ${seed}: ${what}, ${Math.round(performance.now() - begin)} ms`)
      if (performance.now() - told < progressPeriod) continue
      told = performance.now()
      print(`${count} of ${seeds} seeds, ${failed.length} failed, ${((told - began) / 1_000).toFixed(0)} s`)
    }
  } finally {
    undo?.()
  }
  return { seeds: count, failed }
}

/** The command that runs one seed again. */
export const replayCommand = (
  { protocol, scenario, nodes, planted }: Pick<SeedsOptions, 'protocol' | 'scenario' | 'nodes' | 'planted'>,
  seed: number,
): string =>
  [
    `npm run simulate -- ${protocol.name} --from ${seed} --seeds 1`,
    ...(scenario === undefined ? [] : [`--scenario ${scenario}`]),
    ...(nodes === undefined ? [] : [`--nodes ${nodes}`]),
    ...(planted === undefined ? [] : [`--break ${planted.name}`]),
  ].join(' ')

const runSeed = async (
  { protocol, nodes }: SeedsOptions,
  seed: number,
  twice: boolean,
): Promise<{ readonly failure?: string; readonly what?: string }> => {
  try {
    const { digest, events, time, figures = [] } = await protocol.run({ seed, nodes })
    const again = twice ? (await protocol.run({ seed, nodes })).digest : digest
    if (again !== digest)
      return { failure: `seed ${seed}: the second run was another one: ${digest}, ${again}` }
    return { what: [`${digest}, ${events} events, ${(time / 1_000).toFixed(0)} s`, ...figures].join(', ') }
  } catch (error) {
    if (error instanceof SimulationFailure) return { failure: `seed ${seed}: ${error.message}` }
    throw error
  }
}
