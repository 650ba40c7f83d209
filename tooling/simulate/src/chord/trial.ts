import type { ChordOptions } from '@p2p/chord'
import { type SeededRandom, Simulation } from '@p2p/simulation'
import type { TrialReport } from '../protocol.ts'
import { Peers } from './peers.ts'

/** One of the bars, tried on processes of a simulated network: what is demanded is checked at its end. */
export class Trial {
  readonly simulation: Simulation
  /** For what the trial itself draws. */
  readonly dice: SeededRandom
  readonly peers: Peers
  readonly #figures: string[] = []

  /** @param latency milliseconds one way, at least and at most */
  constructor(seed: number, latency: readonly [number, number], chord: ChordOptions) {
    this.simulation = new Simulation({ seed })
    this.dice = this.simulation.random.fork('plan')
    const random = this.simulation.random.fork('peers')
    this.peers = new Peers({ simulation: this.simulation, random, latency, chord })
  }

  /** Virtual milliseconds since the beginning. */
  get now(): number {
    return this.simulation.clock.monotonic()
  }

  demand(what: string, holds: boolean): void {
    this.#figures.push(what)
    this.simulation.trace(what)
    this.simulation.atEnd(what, () => {
      if (!holds) throw new Error('it is not so')
    })
  }

  async end(): Promise<TrialReport> {
    for (const { chord } of this.peers.alive) await chord.close()
    return { ...(await this.simulation.end()), figures: this.#figures }
  }
}
