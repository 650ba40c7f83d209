import type { RunReport } from '@p2p/simulation'
import type { Break } from './breaks.ts'
import { meshBreaks } from './mesh/breaks.ts'
import { runMesh } from './mesh/scenario.ts'
import { syncBreaks } from './sync/breaks.ts'
import { runSync } from './sync/scenario.ts'

/** What a run of a scenario is drawn from. */
export interface RunOptions {
  readonly seed: number
  /** How many nodes. Default: as the seed says. */
  readonly nodes?: number | undefined
}

/** What is simulated: a scenario, and the bugs that it must catch. */
export interface Protocol {
  readonly name: string
  /** One run. @throws SimulationFailure for what did not hold */
  readonly run: (options: RunOptions) => Promise<RunReport>
  readonly breaks: readonly Break[]
}

export const protocols: readonly Protocol[] = [
  { name: 'mesh', run: runMesh, breaks: meshBreaks },
  { name: 'sync', run: runSync, breaks: syncBreaks },
]
