import type { Figures } from '../protocol.ts'

/** Where a process is in its life. `left`: it ended by itself, in order or not. */
export type NodeState = 'starting' | 'up' | 'killed' | 'left'

/** What is known of one node at a moment. */
export interface NodeRow {
  readonly name: string
  readonly state: NodeState
  readonly process: number | undefined
  /** The last figures of this life; absent before the first, and of those that are no more. */
  readonly figures: Figures | undefined
  /** Messages per second, over the last {@link span}. */
  readonly rate: number
  /** How often it was started. */
  readonly lives: number
}

/** Milliseconds over which messages per second are counted: long enough not to flicker. */
const span = 2_000

interface Sample {
  readonly time: number
  readonly messages: number
}

interface Entry {
  state: NodeState
  process: number | undefined
  figures: Figures | undefined
  samples: Sample[]
  lives: number
}

/** What the nodes tell of themselves, for those who look on. Times are in milliseconds of any clock that does not go back. */
export class Board {
  readonly #entries = new Map<string, Entry>()

  /** A node was started, for the first time or again. */
  started(name: string, process: number | undefined): void {
    const lives = (this.#entries.get(name)?.lives ?? 0) + 1
    this.#entries.set(name, { state: 'starting', process, figures: undefined, samples: [], lives })
  }

  /** A node is in the network, or is no more. */
  changed(name: string, state: Exclude<NodeState, 'starting'>): void {
    const entry = this.#entries.get(name)
    if (entry === undefined) return
    entry.state = state
    if (state === 'up') return
    entry.figures = undefined
    entry.samples = []
  }

  /** A node has told its figures. */
  told(name: string, figures: Figures, time: number): void {
    const entry = this.#entries.get(name)
    // What a process wrote last arrives when it is no more
    if (entry === undefined || entry.state === 'killed' || entry.state === 'left') return
    entry.figures = figures
    entry.samples = entry.samples.filter(sample => sample.time >= time - span)
    entry.samples.push({ time, messages: figures.messages })
  }

  /** The nodes, in the order of their first start. */
  rows(): NodeRow[] {
    return Array.from(this.#entries, ([name, { samples, ...entry }]) => ({
      name,
      ...entry,
      rate: rateOf(samples),
    }))
  }
}

const rateOf = (samples: readonly Sample[]): number => {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last.time === first.time) return 0
  return ((last.messages - first.messages) * 1000) / (last.time - first.time)
}
