import type { Background } from './background.ts'
import { P2PError, type Random } from '@p2p/interfaces'
import type { Circle } from './circle.ts'
import type { Found } from './look-up.ts'
import type { Member } from './member.ts'
import type { Place } from './place.ts'
import { type Position, isInside } from './position.ts'
import type { Stabilisation } from './stabilisation.ts'

/** Processes of which it is still to be found out whether they are on our ring, at most: where there are more, any of them gives way. */
const unsureLimit = 64
/** The newest are asked first, but each so many rounds any of them: who names strangers all the time keeps nobody from its turn. */
const anyEvery = 4
/** How often it is tried to find out about one of them, who or whose ring does not answer. */
const tries = 8
/** Rounds after which somebody is asked about again, if it is named again: while two rings become one, an answer is soon out of date. */
const sureFor = 8
/** Rounds for which others are told of somebody on another ring: to us it may have brought nothing, and they must hear of it. At most so many are. */
const foreignFor = 16
const foreignLimit = 16

/** What a merging needs of who knows the way. */
export interface MergingOptions {
  readonly circle: Circle
  readonly stabilisation: Stabilisation
  readonly begin: Background
  readonly random: Random
  /** Who follows a position, of those that a process and its ring know, ourselves left out. */
  readonly follower: (position: Position, through: Member) => Promise<Found>
}

/**
 * Makes one ring of two of which nobody knows all. Whoever is named or heard for the first time may be on another ring: we look up one of our points through it. Where
 * its ring has somebody nearer than our successor, we look up all of them, and what is found is our successor. The others of our ring hear of it in the
 * same way, by gossip. Who knows everybody needs none of this.
 */
export class Merging {
  readonly #options: MergingOptions
  /** In the order in which they were noted. */
  readonly #unsure = new Set<Member>()
  /** In which round it was asked about: to be named again soon after is nothing new. */
  readonly #sure = new WeakMap<Member, number>()
  /** Those found to be on another ring, and in which round. */
  readonly #foreign = new Map<Member, number>()
  /** How often in a row nothing could be found out. */
  readonly #failures = new WeakMap<Member, number>()
  #round = 0

  constructor(options: MergingOptions) {
    this.#options = options
  }

  /** Who was found to be on another ring lately. */
  get foreign(): Member[] {
    return Array.from(this.#foreign)
      .filter(([, round]) => this.#round - round < foreignFor)
      .map(([member]) => member)
  }

  /** Somebody was named or heard. */
  note(member: Member): void {
    const sure = this.#sure.get(member)
    if (member === this.#options.circle.self || (sure !== undefined && this.#round - sure < sureFor)) return
    this.#unsure.delete(member)
    this.#unsure.add(member)
    if (this.#unsure.size > unsureLimit) this.#unsure.delete(this.#any())
  }

  /** One of those that are unsure, of which there must be one. */
  #any(): Member {
    const unsure = [...this.#unsure]
    return unsure[Math.floor(this.#options.random.next() * unsure.length)] as Member
  }

  /** One round: finds out about one of them. */
  tick(): void {
    this.#round++
    if (this.#unsure.size === 0) return
    const next = this.#round % anyEvery === 0 ? this.#any() : ([...this.#unsure].at(-1) as Member)
    this.#unsure.delete(next)
    this.#sure.set(next, this.#round)
    this.#options.begin(this.#explore(next))
  }

  async #explore(member: Member): Promise<void> {
    const { circle } = this.#options
    const [first, ...rest] = circle.places
    if (first === undefined) return
    const isForeign = await this.#improve(first, member)
    if (isForeign === undefined) {
      this.#retry(member)
      return
    }
    this.#failures.delete(member)
    if (!isForeign) return
    this.#foreign.delete(member)
    this.#foreign.set(member, this.#round)
    const [oldest] = this.#foreign.keys()
    if (this.#foreign.size > foreignLimit && oldest !== undefined) this.#foreign.delete(oldest)
    await Promise.all(rest.map(place => this.#improve(place, member)))
  }

  /** Nothing was found out: after all others it is asked about again, and whenever it is named again. */
  #retry(member: Member): void {
    const failures = (this.#failures.get(member) ?? 0) + 1
    this.#sure.delete(member)
    this.#failures.set(member, failures % tries)
    if (failures >= tries || this.#unsure.size >= unsureLimit || this.#unsure.has(member)) return
    const others = [...this.#unsure]
    this.#unsure.clear()
    for (const each of [member, ...others]) this.#unsure.add(each)
  }

  /** @returns whether somebody was found there that is not on this place's list; `undefined` if that could not be found out */
  async #improve(place: Place, through: Member): Promise<boolean | undefined> {
    const { circle, follower, stabilisation } = this.#options
    let found: Found
    try {
      found = await follower(place.position, through)
    } catch (error) {
      // It is gone, or knows nobody, or what was asked was lost.
      if (P2PError.is(error, 'P2P_NO_MEMBER') || P2PError.is(error, 'P2P_OWNER_NOT_FOUND')) return undefined
      throw error
    }
    const { owner } = found
    if (!circle.places.includes(place) || owner.member === circle.self) return false
    if (place.successors.includes(owner)) return false
    const [head] = place.successors
    if (isInside(owner.position, place.position, head?.position ?? place.position))
      await stabilisation.one(place, owner)
    return true
  }
}
