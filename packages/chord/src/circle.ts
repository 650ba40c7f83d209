import type { Contact } from '@p2p/interfaces'
import { Claims, reach, type Stretch } from './claims.ts'
import { Fingers } from './fingers.ts'
import type { Member, Point, PointOf } from './member.ts'
import { Members } from './members.ts'
import { Place } from './place.ts'
import { type Position, isInside, isWithin } from './position.ts'

/** What a node may be: using the table only, on its way in, on the ring, on its way out. */
export type Standing = 'leeching' | 'joining' | 'joined' | 'leaving'

/** Whether a position is this node's: `maybe` where its predecessor is not known, or is out of the asker's reach. */
export type Ownership = 'yes' | 'maybe' | 'no'

/** What a node knows of the ring: its own points, the others, and which arcs it holds. Pure: what others say is put in from outside. */
export class Circle {
  readonly members: Members
  readonly places: Place[] = []
  readonly claims: Claims = new Claims()
  /** Arcs that an owner compares with us: what we have of them must not be forgotten before it says whether we are to hold a copy. */
  readonly compared: Claims = new Claims()
  readonly fingers: Fingers = new Fingers()
  /** With no more members than this all are known. */
  readonly fullUpTo: number
  standing: Standing = 'leeching'

  constructor(self: Contact, points: number, place: PointOf, fullUpTo: number) {
    this.members = new Members(self, points, place)
    this.fullUpTo = fullUpTo
  }

  get self(): Member {
    return this.members.self
  }

  get onRing(): boolean {
    return this.places.length > 0
  }

  placeAt(index: number): Place | undefined {
    return this.places.find(({ point }) => point.index === index)
  }

  /** Begins a ring of which this node is the only process, and which it therefore holds whole. */
  create(): void {
    const points = [...this.self.points].sort((a, b) => (a.position < b.position ? -1 : 1))
    this.leave()
    points.forEach((point, index) => {
      const place = new Place(point)
      const after = [...points.slice(index + 1), ...points.slice(0, index)]
      if (after[0] !== undefined) place.adopt(after[0], after.slice(1))
      place.predecessor = points.at(index - 1)
      place.completeFrom = place.predecessor?.position
      this.#enter(place)
    })
  }

  /** One point comes in, before this successor. */
  enter(point: Point, successor: Point, list: readonly Point[], predecessor: Point | undefined): Place {
    const place = new Place(point)
    place.adopt(successor, list)
    place.predecessor = predecessor
    this.#enter(place)
    return place
  }

  /** This node is on the ring no more. What it holds it still holds. */
  leave(): void {
    for (const { point } of this.places) this.members.routes.remove(point)
    this.places.length = 0
    this.claims.clear()
    this.compared.clear()
  }

  /** The place that this position belongs to, if it is one of ours. `skip`: processes that the asker could not reach. */
  owner(position: Position, skip: ReadonlySet<Member>): { place: Place; ownership: Ownership } | undefined {
    const nearest = this.#nearest(position)
    if (nearest?.predecessor !== undefined && !skip.has(nearest.predecessor.member))
      if (isWithin(position, nearest.predecessor.position, nearest.position))
        return { place: nearest, ownership: 'yes' }
    let maybe: Place | undefined
    for (const place of this.places) {
      const { predecessor } = place
      if (predecessor === undefined || skip.has(predecessor.member)) {
        // The next of our points: nothing of ours is between.
        if (
          maybe === undefined ||
          isInside(place.position, position, maybe.position) ||
          place.position === position
        )
          maybe = place
      } else if (isWithin(position, predecessor.position, place.position)) return { place, ownership: 'yes' }
    }
    return maybe && { place: maybe, ownership: 'maybe' }
  }

  /** Whether this node holds all that was acknowledged at a position. */
  hasAll(position: Position, now: number): boolean {
    if (this.claims.covers(position, now)) return true
    return this.places.some(
      ({ completeFrom, position: own }) =>
        completeFrom !== undefined && isWithin(position, completeFrom, own),
    )
  }

  /** Whether it holds all that was acknowledged on a stretch. */
  hasAllOf({ from, to }: Stretch, now: number): boolean {
    this.claims.expire(now)
    return reach(this.#complete(), from, to) === from
  }

  /** Whether a position is one that this node is to hold: its own, or a copy for an owner that says so. */
  isResponsible(position: Position, now: number): boolean {
    const here = this.places.some(
      ({ predecessor, position: own }) =>
        predecessor !== undefined && isWithin(position, predecessor.position, own),
    )
    return here || this.claims.covers(position, now) || this.compared.covers(position, now)
  }

  /**
   * Sets a place's predecessor. What another owns from now on is a copy until `until`, for it will be asked for; and what comes from a dead predecessor is
   * ours at once where we had a copy.
   */
  setPredecessor(place: Place, next: Point | undefined, now: number, until: number): void {
    place.predecessor = next
    if (next !== undefined) this.settle(place, now, until)
  }

  /** Brings what is complete into line with the arc that is ours. */
  settle(place: Place, now: number, until: number): void {
    const { predecessor, completeFrom, position } = place
    if (predecessor === undefined) return
    const { position: from } = predecessor
    if (completeFrom === from) return
    if (completeFrom !== undefined && (completeFrom === position || isInside(from, completeFrom, position))) {
      // `completeFrom === position` is the whole ring.
      this.claims.add({ from: completeFrom, to: from }, until)
      place.completeFrom = from
      return
    }
    this.claims.expire(now)
    const covered = reach(this.#complete(), from, position)
    if (covered !== undefined) place.completeFrom = covered
  }

  /**
   * The processes before our places that do not know yet who follows us, ourselves for a place without a predecessor: were this node to leave now, one of them
   * would have nobody left.
   */
  get unconfirmed(): Member[] {
    const unsure = new Set<Member>()
    for (const { predecessor, successors, confirmed, version } of this.places) {
      const isKnown =
        predecessor !== undefined && predecessor.member === this.self
          ? this.placeAt(predecessor.index)?.successors[1] === successors[0]
          : predecessor !== undefined && confirmed === version
      if (!isKnown) unsure.add(predecessor?.member ?? this.self)
    }
    return [...unsure]
  }

  /** A process is gone from all that we know. @returns whether it was in any successor list or a predecessor */
  drop(member: Member, lost: boolean): boolean {
    let near = false
    for (const place of this.places) {
      const { version } = place
      place.drop(member)
      near ||= place.version !== version
    }
    this.fingers.drop(member)
    this.members.remove(member, lost)
    return near
  }

  /**
   * The known point that is inside `(place, its successor)` and nearest to the place: a better successor, if it answers.
   *
   * @param tried those that are not there
   */
  candidate(place: Place, tried?: ReadonlySet<Point>): Point | undefined {
    const [head] = place.successors
    const end = head?.position ?? place.position
    for (const point of this.members.routes.from(place.position)) {
      if (point === place.point || tried?.has(point) === true) continue
      if (!isInside(point.position, place.position, end)) return undefined
      if (point.member.misses === 0) return point
    }
    return undefined
  }

  /**
   * The processes after a place, nearest first: as its successor list says, and where that does not name enough of them yet, as is known otherwise. The list of
   * a place grows by one successor a round.
   */
  partners(place: Place, count: number): Member[] {
    const listed = place.partners().slice(0, count)
    if (listed.length >= count || this.members.size <= listed.length) return listed
    const isOther = (member: Member) =>
      member !== this.self && (member.misses === 0 || listed.includes(member))
    return this.members.routes.processes(place.position, count, isOther).map(({ member }) => member)
  }

  /** The processes that the places and fingers name: those that this node needs. */
  needed(): Set<Member> {
    const needed = this.fingers.members()
    for (const { predecessor, successors } of this.places) {
      if (predecessor !== undefined) needed.add(predecessor.member)
      for (const { member } of successors) needed.add(member)
    }
    return needed
  }

  /** The place at or after a position where no other point that is known comes first. */
  #nearest(position: Position): Place | undefined {
    const point = this.members.routes.first(position)
    return point?.member === this.self ? this.placeAt(point.index) : undefined
  }

  #enter(place: Place): void {
    this.places.push(place)
    this.members.routes.add(place.point)
  }

  *#complete(): Generator<Stretch> {
    for (const { completeFrom, position } of this.places)
      if (completeFrom !== undefined) yield { from: completeFrom, to: position }
    yield* this.claims
  }
}
