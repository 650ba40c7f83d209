import { SimulationError } from '../errors.ts'
import type { SeededRandom } from '../random.ts'
import type { HostClock } from '../time/host-clock.ts'
import type { VirtualClock } from '../time/virtual-clock.ts'
import type { Cut } from './cut.ts'
import { type Loss, Medium, type MediumOptions } from './medium.ts'
import { NetworkHost } from './network-host.ts'
import { Place } from './place.ts'

/** Options of a {@link SimulatedNetwork}. */
export interface NetworkOptions extends MediumOptions {
  readonly clock: VirtualClock
  /** Where latency, jitter and loss come from. */
  readonly random: SeededRandom
}

/**
 * A network in one process: reliable, ordered streams of bytes between named hosts, as TCP gives them, over a medium that delays, loses and falls
 * apart. All that happens follows from the clock, the dice and the calls, in their order.
 */
export class SimulatedNetwork {
  readonly #medium: Medium
  readonly #places = new Map<string, Place>()

  constructor(options: NetworkOptions) {
    this.#medium = new Medium(options.clock, options.random, options)
  }

  /**
   * A host that is up from now on. A name that has crashed may come up again.
   *
   * @param clock its clock; a right one of its own by default
   * @throws `P2P_ADDRESS_IN_USE` if a host of that name is up
   */
  host(name: string, clock: HostClock = this.#medium.clock.host({ name })): NetworkHost {
    const place = this.#place(name)
    if (place.host !== undefined) throw new SimulationError('P2P_ADDRESS_IN_USE', `${name} is up already`)
    const host = new NetworkHost(place, clock, this.#medium, known => this.#places.get(known))
    place.host = host
    return host
  }

  /**
   * The probability that a segment is lost. One loss costs its connection a delay of 200 ms, a second one in a row 400 ms more; after the
   * third the writer's end breaks, 800 ms later. What one end writes in one instant is one segment, up to 64 KiB.
   */
  get loss(): Loss {
    return this.#medium.loss
  }

  set loss(loss: Loss) {
    this.#medium.loss = loss
  }

  /**
   * Cuts the network into these groups of hosts: what goes from one group to another is lost. Hosts that are not named are one group more.
   * Connections across the cut live on until a writer has lost a segment three times, 1.4 s after the first; a shorter cut is only a delay.
   */
  partition(...groups: readonly (readonly string[])[]): Cut {
    const group = new Map<Place, number>()
    groups.forEach((names, index) => {
      for (const name of names) group.set(this.#place(name), index)
    })
    return this.#medium.cuts.add('lost', (from, to) => group.get(from) !== group.get(to))
  }

  /** Cuts one direction: what goes from these to those is lost, acknowledgements too. */
  block(from: readonly string[], to: readonly string[]): Cut {
    const [sources, targets] = [this.#all(from), this.#all(to)]
    return this.#medium.cuts.add('lost', (source, target) => sources.has(source) && targets.has(target))
  }

  /** Stops what goes between these hosts and those, both ways, without losing it: it arrives after the repair. By default, everything. */
  hold(these?: readonly string[], those?: readonly string[]): Cut {
    const [left, right] = [these && this.#all(these), those && this.#all(those)]
    const within = (places: Set<Place> | undefined, place: Place) => places?.has(place) ?? true
    return this.#medium.cuts.add(
      'held',
      (from, to) =>
        from !== to &&
        ((within(left, from) && within(right, to)) || (within(right, from) && within(left, to))),
    )
  }

  /** Undoes all partitions, blocks and holds. */
  repair(): void {
    this.#medium.cuts.repair()
  }

  #place(name: string): Place {
    let place = this.#places.get(name)
    if (place === undefined) {
      place = new Place(name, this.#places.size)
      this.#places.set(name, place)
    }
    return place
  }

  #all(names: readonly string[]): Set<Place> {
    return new Set(names.map(name => this.#place(name)))
  }
}
