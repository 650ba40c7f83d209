import type { SeededRandom } from '../random.ts'
import type { VirtualClock } from '../time/virtual-clock.ts'
import { Cuts } from './cut.ts'
import type { Place } from './place.ts'
import { SegmentPool } from './segment.ts'

/** Milliseconds, or a range of them in which each pair of hosts has its own place, drawn from the seed. */
export type Latency = number | { readonly min: number; readonly max: number }

/** What lies between the hosts. */
export interface MediumOptions {
  /** One way, between two hosts; a function is asked once a connection, with the names of dialler and listener. Default 5 to 50. */
  readonly latency?: Latency | ((from: string, to: string) => Latency)
  /** Up to so many milliseconds more, drawn for each segment. Default 5. */
  readonly jitter?: number
  /** The probability that a segment is lost: see `SimulatedNetwork.loss`. Default 0. */
  readonly loss?: Loss
  /** Bytes a second that one direction of a connection carries. Default `Infinity`. */
  readonly bandwidth?: number
  /**
   * Bytes that the kernels of both ends hold for one direction of a connection: on the way or not read yet. Default 262 144. What is written
   * above that waits in the writer's queue.
   */
  readonly window?: number
  /** Bytes of a writer's queue from which on `write` answers `false`. Default 262 144, as of `@p2p/transport`. */
  readonly highWaterMark?: number
  /** Is told what happens to connections, for a timeline. */
  readonly onEvent?: (host: string, what: string) => void
}

/** A probability from 0 to 1, for all or by names of sender and receiver. */
export type Loss = number | ((from: string, to: string) => number)

// What one read of a socket brings at most.
const longestSegment = 65_536

/** What lies between the hosts and is the same for all connections. */
export class Medium {
  readonly clock: VirtualClock
  readonly random: SeededRandom
  readonly segments: SegmentPool = new SegmentPool()
  readonly cuts: Cuts = new Cuts()
  readonly jitter: number
  readonly bandwidth: number
  readonly window: number
  /** Bytes that one segment carries at most. */
  readonly longestSegment: number
  readonly highWaterMark: number
  readonly onEvent: MediumOptions['onEvent']
  loss: Loss
  readonly #latency: NonNullable<MediumOptions['latency']>

  constructor(clock: VirtualClock, random: SeededRandom, options: MediumOptions) {
    this.clock = clock
    this.random = random
    this.#latency = options.latency ?? { min: 5, max: 50 }
    this.jitter = options.jitter ?? 5
    this.loss = options.loss ?? 0
    this.bandwidth = options.bandwidth ?? Infinity
    this.window = options.window ?? 262_144
    this.longestSegment = Math.min(this.window, longestSegment)
    this.highWaterMark = options.highWaterMark ?? 262_144
    this.onEvent = options.onEvent
  }

  /** Whether a segment is lost that no cut stops. */
  loses(from: Place, to: Place, random: SeededRandom): boolean {
    if (to.host === undefined) return true
    const { loss } = this
    if (loss === 0 || from === to) return false
    return random.chance(typeof loss === 'number' ? loss : loss(from.name, to.name))
  }

  /** Milliseconds between two hosts, the same in both directions. */
  latencyBetween(from: Place, to: Place): number {
    if (from === to) return 0
    const latency = typeof this.#latency === 'function' ? this.#latency(from.name, to.name) : this.#latency
    if (typeof latency === 'number') return latency
    const pair = from.name < to.name ? `${from.name} ${to.name}` : `${to.name} ${from.name}`
    return this.random.fork(`latency ${pair}`).between(latency.min, latency.max)
  }
}
