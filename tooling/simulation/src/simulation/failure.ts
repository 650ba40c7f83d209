import { SimulationError } from '../errors.ts'
import type { TimelineEntry } from './timeline.ts'

/** What a {@link SimulationFailure} tells. */
export interface FailureReport {
  /** What failed, in words. */
  readonly what: string
  /** What replays it. */
  readonly seed: number | string | bigint
  /** Virtual milliseconds since the beginning. */
  readonly time: number
  readonly entries: readonly TimelineEntry[]
  /** The timeline's end, as text. */
  readonly timeline: string
  readonly cause: unknown
}

/** A run that failed: its message says what, when, the seed that replays it, and what happened before. */
export class SimulationFailure extends SimulationError {
  /** What replays the run. */
  readonly seed: number | string | bigint
  /** Virtual milliseconds since the beginning. */
  readonly time: number
  /** What happened before, as far as it was kept. */
  readonly entries: readonly TimelineEntry[]

  constructor({ what, seed, time, entries, timeline, cause }: FailureReport) {
    const shownSeed = typeof seed === 'string' ? JSON.stringify(seed) : String(seed)
    const message = `${what}\n  seed ${shownSeed}, at ${(time / 1000).toFixed(6)} s\n${timeline}`
    super('P2P_SIMULATION_FAILED', message, { cause })
    this.seed = seed
    this.time = time
    this.entries = entries
  }
}
