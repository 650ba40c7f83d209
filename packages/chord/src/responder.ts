import type { Contact, Incoming } from '@p2p/interfaces'
import type { Circle } from './circle.ts'
import { contactOf, flagOf, listOf, malformed, PointPacker, positionOf, textOf } from './grammar.ts'
import type { Holder } from './holder.ts'
import type { Interest } from './interest.ts'
import { nearness } from './look-up.ts'
import type { Member, Point } from './member.ts'
import { isInside, isWithin } from './position.ts'
import type { Place } from './place.ts'
import type { Spread } from './spread.ts'
import type { Upkeep } from './upkeep.ts'

/** Points before a position that an answer names: distinct processes. */
const beforeTold = 8
/** Points after it. */
const afterTold = 16

const nobody: ReadonlySet<Member> = new Set()

/** Answers what the processes of a ring ask each other: one function for each kind of request. */
export class Responder {
  readonly #circle: Circle
  readonly #upkeep: Upkeep
  readonly #holder: Holder
  readonly #spread: Spread
  readonly #interest: Interest

  constructor(circle: Circle, upkeep: Upkeep, holder: Holder, spread: Spread, interest: Interest) {
    this.#circle = circle
    this.#upkeep = upkeep
    this.#holder = holder
    this.#spread = spread
    this.#interest = interest
  }

  /** @throws `P2P_MALFORMED` and whatever goes wrong; the asker is told */
  readonly handle = ({ from, body }: Incoming): unknown => this.answer(this.#memberOf(from), body)

  #memberOf({ id, addresses }: Contact): Member {
    const { members } = this.#circle
    const known = members.get(id)
    // The messenger shows the same list again as long as nothing has changed.
    return known?.addresses === addresses ? known : members.of(contactOf([id, addresses]))
  }

  /** @throws `P2P_MALFORMED` */
  readonly answer = (from: Member, body: unknown): unknown => {
    const request = listOf(body)
    switch (textOf(request[0])) {
      case 'find':
        return this.#find(request)
      case 'stabilise':
        return this.#upkeep.stabilisation.answer(from, request)
      case 'hello':
        return this.#upkeep.acquaintance.answerHello(from, request)
      case 'leave':
        this.#upkeep.gone(from, false)
        return true
      case 'follow':
        this.#upkeep.stabilisation.follow(from)
        return true
      case 'peek':
        return this.#holder.peek(request)
      case 'store':
        // Who has left must not be counted on.
        if (!this.#circle.onRing) return false
        this.#holder.store(request)
        return true
      case 'give':
        return this.#holder.give(request)
      case 'claim':
        return this.#holder.claim(from, request, this.#upkeep.stabilisation.claimUntil)
      case 'disclaim':
        return this.#holder.disclaim(from, request)
      case 'digest':
        this.#upkeep.stabilisation.yield(from, request[1])
        return this.#holder.digest(from, request, this.#upkeep.stabilisation.claimUntil)
      case 'compare':
        return this.#holder.compare(request)
      case 'lacks':
        return this.#holder.lacks(request)
      case 'fetch':
        return this.#holder.fetch(request)
      case 'spread':
        return this.#spread.take(from, request)
      case 'listen':
        return this.#interest.take(from)
      default:
        return malformed('an unknown request')
    }
  }

  #find(request: readonly unknown[]): unknown {
    const [, rawPosition, rawSkip, query, isPresumed] = listOf(request, 5)
    const position = positionOf(rawPosition)
    const circle = this.#circle
    const skip = this.#named(rawSkip)
    const found = circle.owner(position, skip)
    // Without a predecessor any position may be ours; only who was led here by our neighbours need know.
    const owner = found?.ownership === 'maybe' && isPresumed !== true ? undefined : found
    const packer = new PointPacker()
    const before = owner?.ownership === 'yes' ? [] : packer.pack(this.#before(position, skip))
    if (owner === undefined) {
      const after = packer.pack(this.#after(position, flagOf(isPresumed), skip))
      return [nearness.others, packer.contacts, before, after, null]
    }
    const { place, ownership } = owner
    const isCertain = ownership === 'yes'
    const tell = (answer: unknown) => {
      // Who brings a query wants its answer: not the way around us, and only a walk has to know where the arc ends.
      if (isCertain && query !== null && listOf(query)[0] !== 'page')
        return [nearness.mine, [], [], [], answer]
      const after = packer.pack(query === null ? [place.point, ...this.#following(place)] : [place.point])
      return [isCertain ? nearness.mine : nearness.maybe, packer.contacts, before, after, answer]
    }
    const answer = query === null ? null : this.#holder.query(position, place, isCertain, query)
    return answer instanceof Promise ? answer.then(tell) : tell(answer)
  }

  /** Those of some processes that are members. */
  #named(ids: unknown): ReadonlySet<Member> {
    const list = listOf(ids)
    if (list.length === 0) return nobody
    const named = new Set<Member>()
    for (const id of list) {
      const member = this.#circle.members.get(textOf(id))
      if (member !== undefined) named.add(member)
    }
    return named
  }

  /** The nearest points before a position that are not ours: one a process. */
  #before(position: string, skip: ReadonlySet<Member>): Point[] {
    const found = new Map<Member, Point>()
    const { members } = this.#circle
    for (const point of members.routes.before(position)) {
      const { member } = point
      if (member === members.self || skip.has(member) || member.misses > 0 || found.has(member)) continue
      found.set(member, point)
      if (found.size >= beforeTold) break
    }
    return [...found.values()]
  }

  /**
   * Who may own a position: what follows it in the list of the place before it. Who was taken for the owner, and is not, has a predecessor that is nearer; to
   * others it would say nothing.
   */
  #after(position: string, isPresumed: boolean, skip: ReadonlySet<Member>): Point[] {
    let nearest: Point | undefined
    let listed: Point[] = []
    for (const { point, predecessor, successors } of this.#circle.places) {
      const last = successors.at(-1)
      if (last !== undefined && isWithin(position, point.position, last.position)) {
        const first = successors.findIndex(each => isWithin(position, point.position, each.position))
        listed = successors
          .slice(first)
          .filter(({ member }) => !skip.has(member))
          .slice(0, afterTold)
      }
      if (!isPresumed || predecessor === undefined || skip.has(predecessor.member)) continue
      if (
        nearest === undefined ||
        predecessor.position === position ||
        isInside(predecessor.position, position, nearest.position)
      )
        nearest = predecessor
    }
    return nearest === undefined ? listed : [nearest, ...listed]
  }

  /** The first points of the processes after a place: those that hold copies. */
  #following(place: Place): Point[] {
    const { position } = place
    const nearest = ({ points }: Member) =>
      points.reduce((best, each) => (isInside(each.position, position, best.position) ? each : best))
    return this.#circle.partners(place, afterTold).map(nearest)
  }
}
