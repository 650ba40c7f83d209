import type { Clock } from '@p2p/interfaces'
import type { SeededRandom } from '@p2p/simulation'
import type { Endpoint } from '../../src/index.ts'

/** What TCP says. Data come in order, because these networks lose no packets of TCP. */
export type Segment =
  { readonly type: 'syn' | 'syn-ack' | 'fin' | 'rst' } | { readonly type: 'data'; readonly data: Uint8Array }

/** A packet under way. */
export type Packet = { readonly from: Endpoint; readonly to: Endpoint } & (
  | { readonly protocol: 'udp'; readonly data: Uint8Array }
  | { readonly protocol: 'tcp'; readonly segment: Segment }
)

/** Whoever has an address in a realm. */
export interface Receiver {
  receive(packet: Packet): void
}

/** What leads out of a realm. */
export interface Uplink {
  leave(packet: Packet): void
}

/** Options of a {@link Realm}. */
export interface RealmOptions {
  readonly clock: Clock
  readonly random: SeededRandom
  /** Milliseconds of a packet from any place to any other. Default 1. */
  readonly latency?: number
  /** The share of UDP packets that get lost. Default 0. */
  readonly loss?: number
}

/** A network in which everybody reaches everybody by address: the Internet, or what is behind a NAT. */
export class Realm {
  readonly clock: Clock
  readonly random: SeededRandom
  uplink: Uplink | undefined
  readonly #latency: number
  readonly #loss: number
  readonly #receivers = new Map<string, Receiver>()

  constructor({ clock, random, latency = 1, loss = 0 }: RealmOptions) {
    this.clock = clock
    this.random = random
    this.#latency = latency
    this.#loss = loss
  }

  join(address: string, receiver: Receiver): void {
    this.#receivers.set(address, receiver)
  }

  send(packet: Packet): void {
    if (packet.protocol === 'udp' && this.random.chance(this.#loss)) return
    this.clock.after(this.#latency, () => {
      const receiver = this.#receivers.get(packet.to.address)
      if (receiver !== undefined) receiver.receive(packet)
      else this.uplink?.leave(packet)
    })
  }
}
