import type { RunReport } from '@p2p/simulation'
import type { Break } from './breaks.ts'
import { chordBreaks } from './chord/breaks.ts'
import { runChurn } from './chord/churn.ts'
import { runCrashed, runHops } from './chord/look-ups.ts'
import { runCopies, runReplace, runRings } from './chord/ring-bars.ts'
import { runChord } from './chord/scenario.ts'
import { meshBreaks } from './mesh/breaks.ts'
import { runCrash, runDay, runDials, runPause } from './mesh/bars.ts'
import { runMesh } from './mesh/scenario.ts'
import { syncBreaks } from './sync/breaks.ts'
import { runSync } from './sync/scenario.ts'

/** What a run of a scenario is drawn from. */
export interface RunOptions {
  readonly seed: number
  /** How many nodes. Default: as the seed says. */
  readonly nodes?: number | undefined
}

/** What came of a run, and what it showed, in words. */
export interface TrialReport extends RunReport {
  readonly figures?: readonly string[]
}

/** What is simulated: a scenario, and the bugs that it must catch. */
export interface Protocol {
  readonly name: string
  /** One run. @throws SimulationFailure for what did not hold */
  readonly run: (options: RunOptions) => Promise<TrialReport>
  readonly breaks: readonly Break[]
  /** Runs in which one thing is tried, much shorter than a full one, by name. */
  readonly scenarios?: ReadonlyMap<string, Protocol['run']>
}

const meshBars: NonNullable<Protocol['scenarios']> = new Map([
  ['pause', runPause],
  ['crash', runCrash],
  ['day', runDay],
  ['dials', runDials],
])

const chordBars: NonNullable<Protocol['scenarios']> = new Map([
  ['hops', options => runHops(options)],
  ['crash', options => runCrashed(options)],
  ['churn', runChurn],
  ['copies', runCopies],
  ['rings', runRings],
  ['replace', runReplace],
])

export const protocols: readonly Protocol[] = [
  { name: 'mesh', run: runMesh, breaks: meshBreaks, scenarios: meshBars },
  { name: 'sync', run: runSync, breaks: syncBreaks },
  { name: 'chord', run: runChord, breaks: chordBreaks, scenarios: chordBars },
]
