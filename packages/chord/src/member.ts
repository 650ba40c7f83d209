import { sha384 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Address, Contact, PeerId } from '@p2p/interfaces'
import type { Position } from './position.ts'
import { RoundTrip } from './round-trip.ts'

/** Where point `index` of a process lies. */
export type PointOf = (id: PeerId, index: number) => Position

/**
 * SHA-384 of the process's id, as ASCII, followed by one byte: the index. With `@p2p/mesh` an id is itself SHA-384 of the public key and is proven
 * by whoever uses it, so a claim to a point can be checked by anybody who knows the id, and nothing but `Messenger` is needed for that.
 */
export const pointOf: PointOf = (id, index) => {
  const bytes = new Uint8Array(id.length + 1)
  for (let at = 0; at < id.length; at++) bytes[at] = id.charCodeAt(at)
  bytes[id.length] = index
  return bytesToHex(sha384(bytes))
}

/** One of the places of a process on the ring. */
export interface Point {
  readonly position: Position
  readonly member: Member
  readonly index: number
}

/** A process on the ring, as this node knows it. */
export class Member {
  readonly id: PeerId
  readonly points: readonly Point[]
  readonly trip: RoundTrip = new RoundTrip()
  #contact: Contact
  /** Requests in a row, each made after the one before was given up, that it did not answer. */
  misses = 0
  /** When the last of them was counted, by the monotonic clock. */
  missed: number = -Infinity
  #listens: boolean | undefined
  #timesSaid = 0
  /** Whether it was told that this node does. */
  knowsThatWeListen = false
  /** When it last answered or asked, by the monotonic clock; −∞ if it is known from others only. */
  heard: number = -Infinity

  constructor({ id, addresses }: Contact, count: number, place: PointOf) {
    this.id = id
    this.#contact = { id, addresses }
    this.points = Array.from({ length: count }, (_, index) => ({
      position: place(id, index),
      member: this,
      index,
    }))
  }

  /** Whether it wants to be told of changes, as it said the last time; `undefined`: that is not known. */
  get listens(): boolean | undefined {
    return this.#listens
  }

  /** How often it said by itself that it listens: an answer to what was asked before the last time is out of date. */
  get timesSaid(): number {
    return this.#timesSaid
  }

  saidItListens(): void {
    this.#listens = true
    this.#timesSaid++
  }

  /** What it answered when it was told of a change. @param timesSaid when it was asked */
  answeredWhetherItListens(listens: boolean, timesSaid: number): void {
    if (listens || timesSaid === this.#timesSaid) this.#listens = listens
  }

  /** It is no member any more. Should it come back, it may be another process, with the same id. */
  forgetInterest(): void {
    this.#listens = undefined
    this.knowsThatWeListen = false
  }

  get contact(): Contact {
    return this.#contact
  }

  get addresses(): readonly Address[] {
    return this.#contact.addresses
  }

  set addresses(addresses: readonly Address[]) {
    if (addresses !== this.#contact.addresses) this.#contact = { id: this.id, addresses }
  }
}
