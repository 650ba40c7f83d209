import { ChordNode, checkOptions, type Circle, type PointOf, pointOf } from '@p2p/chord/internals'
import type { ChordOptions } from '@p2p/chord'
import type { SeededRandom, Simulation } from '@p2p/simulation'
import { type Machine, Messages } from './messages.ts'

/** A process of a simulated ring. */
export interface Peer {
  readonly id: string
  readonly machine: Machine
  readonly chord: ChordNode
  readonly circle: Circle
  /** Operations of it that are under way. */
  busy: number
}

/** What the processes of one run have in common. */
export interface PeersOptions {
  readonly simulation: Simulation
  readonly random: SeededRandom
  readonly latency: readonly [number, number]
  readonly chord: ChordOptions
}

/** The processes of a run: those that are alive, and how they come and go. */
export class Peers {
  readonly messages: Messages
  /** Alive, in the order in which they came. */
  alive: Peer[] = []
  readonly #options: PeersOptions
  readonly #positions = new Map<string, string>()
  #count = 0

  constructor(options: PeersOptions) {
    this.#options = options
    this.messages = new Messages(options.simulation.clock, options.random.fork('messages'), options.latency)
  }

  /** Those with a point on the ring. */
  get members(): Peer[] {
    return this.alive.filter(({ circle }) => circle.onRing)
  }

  /** A new process; it is leeching. Its wall clock is wrong by up to an hour. */
  start(): Peer {
    const { random, chord, simulation } = this.#options
    const id = `p${this.#count++}`
    const own = random.fork(id)
    const machine = this.messages.machine(id, own.between(-3_600_000, 3_600_000))
    const settings = {
      ...checkOptions({ ...chord, clock: machine.clock, random: own }),
      pointOf: this.#pointOf,
    }
    const node = new ChordNode(machine, settings)
    const peer: Peer = { id, machine, chord: node, circle: node.engine.circle, busy: 0 }
    this.alive.push(peer)
    simulation.trace(`${id} starts`)
    return peer
  }

  crash(peer: Peer): void {
    this.#options.simulation.trace(`${peer.id} crashes`)
    peer.machine.crash()
    this.forget(peer)
  }

  forget(peer: Peer): void {
    this.alive = this.alive.filter(other => other !== peer)
  }

  /** Where points lie, computed once: hashing them again in every process would take half of a run. */
  readonly #pointOf: PointOf = (id, index) => {
    const name = `${id} ${index}`
    let position = this.#positions.get(name)
    if (position === undefined) {
      position = pointOf(id, index)
      this.#positions.set(name, position)
    }
    return position
  }
}
