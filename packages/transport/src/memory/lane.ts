import type { Clock } from '@p2p/interfaces'
import type { Release } from '../queued-connection.ts'

/** How long things take. */
export interface Distance {
  /** Milliseconds from one end to the other; 0 is the next microtask. */
  readonly latency: number
  readonly clock: Clock
}

/** A chunk on its way, or the end of the stream behind the last one. */
export type Parcel = { readonly chunk: Uint8Array; readonly release: Release } | 'end'

const resolved = Promise.resolve()

// Taken parcels are cut off the queue once there are this many of them, and then only if they are half of it: a constant cost for each.
const compactFrom = 1_024

/** Calls `arrive` when what is sent now has come to the other end. */
export const travel = ({ latency, clock }: Distance, arrive: () => void): void => {
  if (latency > 0) clock.after(latency, arrive)
  else void resolved.then(arrive)
}

/** Calls `callback` in a microtask of its own. */
export const soon = (callback: () => void): void => {
  void resolved.then(callback)
}

/** One direction of a connection: parcels stay in order, and those of one turn travel together. */
export class Lane {
  readonly #distance: Distance
  readonly #onArrival: () => void
  #parcels: Parcel[] = []
  // Positions in `#parcels`: taken up to here, arrived up to here, departed up to here.
  #taken = 0
  #arrived = 0
  #departed = 0
  #departing = false

  constructor(distance: Distance, onArrival: () => void) {
    this.#distance = distance
    this.#onArrival = onArrival
  }

  /** Whether a chunk is on its way or waits to be taken. */
  get hasChunks(): boolean {
    const first = this.#parcels[this.#taken]
    return first !== undefined && first !== 'end'
  }

  send(parcel: Parcel): void {
    this.#parcels.push(parcel)
    if (this.#departing) return
    this.#departing = true
    soon(() => this.#depart())
  }

  /** The next parcel that has arrived, if there is one. */
  take(): Parcel | undefined {
    if (this.#taken === this.#arrived) return undefined
    const parcel = this.#parcels[this.#taken++]
    if (this.#taken === this.#parcels.length) this.#forget(this.#taken)
    else if (this.#taken >= compactFrom && this.#taken * 2 > this.#parcels.length) this.#forget(this.#taken)
    return parcel
  }

  /** Loses all that is on its way, and returns it. */
  drop(): Parcel[] {
    const dropped = this.#parcels.slice(this.#taken)
    this.#parcels = []
    this.#taken = this.#arrived = this.#departed = 0
    return dropped
  }

  #depart(): void {
    this.#departing = false
    const count = this.#parcels.length - this.#departed
    if (count === 0) return
    this.#departed += count
    const arrive = () => {
      // Unless it was dropped on the way.
      this.#arrived = Math.min(this.#arrived + count, this.#parcels.length)
      this.#onArrival()
    }
    if (this.#distance.latency > 0) this.#distance.clock.after(this.#distance.latency, arrive)
    else arrive()
  }

  #forget(count: number): void {
    this.#parcels.splice(0, count)
    this.#taken -= count
    this.#arrived -= count
    this.#departed -= count
  }
}
