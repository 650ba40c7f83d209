import type { Contact, PeerId } from '@p2p/interfaces'
import { Member, type PointOf } from './member.ts'
import { Routes } from './routes.ts'

/** Processes that were named and are no members, at most. */
const strangersLimit = 1_024

/** Processes that left or stopped answering and are tried again, at most. */
const lostLimit = 256

/** The processes that this node knows on the ring. Itself is one once it has joined. */
export class Members {
  readonly self: Member
  /** All points of all of them: for routing. */
  readonly routes: Routes = new Routes()
  /** Those that stopped answering, the one lost longest ago first: they are tried again, for ever, so that a divided ring becomes one. */
  readonly lost: Map<PeerId, Member> = new Map()
  /** The sum of a hash of each id: where it is equal, two nodes very likely know the same ones. */
  sum = 0
  readonly #all = new Map<PeerId, Member>()
  /** Those who were named last without being members: one object for each, for it is what is compared. */
  readonly #strangers = new Map<PeerId, Member>()
  readonly #points: number
  readonly #pointOf: PointOf

  constructor(self: Contact, points: number, pointOf: PointOf) {
    this.#points = points
    this.#pointOf = pointOf
    this.self = new Member(self, points, pointOf)
  }

  /** How many there are, this node not counted. */
  get size(): number {
    return this.#all.size
  }

  [Symbol.iterator](): IterableIterator<Member> {
    return this.#all.values()
  }

  get(id: PeerId): Member | undefined {
    return this.#all.get(id)
  }

  has(member: Member): boolean {
    return this.#all.get(member.id) === member
  }

  /** The process behind a contact, without taking it for a member: who is only mentioned may be gone. */
  of(contact: Contact): Member {
    const { id, addresses } = contact
    if (id === this.self.id) return this.self
    const known = this.#all.get(id) ?? this.lost.get(id) ?? this.#strangers.get(id)
    if (known !== undefined) {
      if (addresses.length > 0) known.addresses = addresses
      return known
    }
    const stranger = new Member(contact, this.#points, this.#pointOf)
    this.#strangers.set(id, stranger)
    const [oldest] = this.#strangers.keys()
    if (this.#strangers.size > strangersLimit && oldest !== undefined) this.#strangers.delete(oldest)
    return stranger
  }

  /** Takes a process for a member. */
  add(member: Member): void {
    if (member === this.self || this.#all.has(member.id)) return
    this.lost.delete(member.id)
    this.#strangers.delete(member.id)
    this.#all.set(member.id, member)
    this.sum = (this.sum + hash(member.id)) >>> 0
    for (const point of member.points) this.routes.add(point)
  }

  /** Takes it for a member no longer; `lost`: it may come back by itself. */
  remove(member: Member, lost: boolean): void {
    if (this.#all.delete(member.id)) {
      member.forgetInterest()
      this.sum = (this.sum - hash(member.id)) >>> 0
      for (const point of member.points) this.routes.remove(point)
    }
    this.lost.delete(member.id)
    if (!lost) {
      this.#strangers.set(member.id, member)
      return
    }
    this.#strangers.delete(member.id)
    this.lost.set(member.id, member)
    const [oldest] = this.lost.keys()
    if (this.lost.size > lostLimit && oldest !== undefined) this.lost.delete(oldest)
  }
}

/** FNV-1a, 32 bits. */
const hash = (text: string): number => {
  let state = 0x811c9dc5
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193)
  return state >>> 0
}

/** What two nodes compare: the sum over all members, the asker or the answerer included where it is one. */
export const sumOf = (members: Members, onRing: boolean): number =>
  onRing ? (members.sum + hash(members.self.id)) >>> 0 : members.sum
