import type { Background } from './background.ts'
import type { Caller } from './caller.ts'
import type { Circle } from './circle.ts'
import { listOf, membersOf, PointPacker, pointsOf, wholeOf } from './grammar.ts'
import type { Member, Point } from './member.ts'
import { checkRingSettings, ringSettings, type Settings } from './options.ts'
import type { Place } from './place.ts'
import { isInside } from './position.ts'

/** What the answer to one item of a stabilisation says: the successor's predecessor, and its list where that has changed. */
interface Report {
  readonly predecessor: Point | undefined
  readonly list: readonly Point[] | undefined
}

/** A place, and the point of which it believes that it is its successor. */
interface Item {
  readonly place: Place
  readonly target: Point
}

/** What a stabilisation needs of who knows the processes. */
export interface Witnesses {
  /** A member has spoken to us itself. */
  readonly heard: (member: Member) => void
  /** Finds out whether a process is dead, if it was not heard for a while. */
  readonly checkSilent: (member: Member) => void
  /** Finds out whether a process is on the ring. */
  readonly check: (member: Member) => void
}

/** Keeps this node's points in the ring's order: Pamela Zave's stabilise, notify and rectify, one request for all points that have their successor in the same process. */
export class Stabilisation {
  readonly #circle: Circle
  readonly #caller: Caller
  readonly #settings: Settings
  readonly #begin: Background
  readonly #witnesses: Witnesses

  constructor(circle: Circle, caller: Caller, settings: Settings, begin: Background, witnesses: Witnesses) {
    this.#circle = circle
    this.#caller = caller
    this.#settings = settings
    this.#begin = begin
    this.#witnesses = witnesses
  }

  /** So long is a copy good that its owner does not confirm. By the monotonic clock. */
  get claimUntil(): number {
    return this.#now + 2 * this.#settings.repairInterval
  }

  get #now(): number {
    return this.#settings.clock.monotonic()
  }

  /** A round for all places. */
  all(): void {
    const byHead = new Map<Member, Item[]>()
    for (const place of this.#circle.places) {
      const [target] = place.successors
      if (place.busy) continue
      if (
        target === undefined ||
        target.member === this.#circle.self ||
        this.#circle.candidate(place) !== undefined
      ) {
        this.#begin(this.one(place))
        continue
      }
      const items = byHead.get(target.member)
      if (items === undefined) byHead.set(target.member, [{ place, target }])
      else items.push({ place, target })
    }
    for (const [member, items] of byHead) this.#begin(this.#stabiliseWith(member, items))
  }

  /** Stabilises the places for which somebody better is known, or all. */
  improve(all = false): void {
    for (const place of this.#circle.places) {
      if (all || this.#circle.candidate(place) !== undefined) this.#begin(this.one(place))
    }
  }

  /** A process that is about to leave wants those before it to know who comes after it: not at the next round, but now. */
  follow(member: Member): void {
    const items = this.#circle.places.flatMap((place): Item[] => {
      const [target] = place.successors
      return !place.busy && target?.member === member ? [{ place, target }] : []
    })
    if (items.length > 0) this.#begin(this.#stabiliseWith(member, items))
  }

  /**
   * Finds the nearest successor of one place that answers, and tells it that it is.
   *
   * @param first asked first: a point between the place and its successor that somebody named
   */
  async one(place: Place, first?: Point): Promise<void> {
    const circle = this.#circle
    if (place.busy) return
    place.busy = true
    const tried = new Set<Point>()
    try {
      for (let named = first; circle.places.includes(place);) {
        const target: Point | undefined =
          named !== undefined && !tried.has(named)
            ? named
            : (circle.candidate(place, tried) ?? place.successors[0])
        if (target === undefined) {
          // Nobody else is left: the ring is this point.
          if (place.predecessor === undefined) this.#setPredecessor(place, place.point)
          return
        }
        if (tried.has(target)) return
        tried.add(target)
        const [report] = await this.#exchange(target.member, [{ place, target }])
        named = report === undefined ? undefined : this.#apply(place, target, report)
      }
    } finally {
      place.busy = false
    }
  }

  /** Answers a stabilisation: a point of the asker believes that one of ours is its successor. */
  answer(from: Member, body: readonly unknown[]): unknown {
    const [, settings, items] = listOf(body, 3)
    checkRingSettings(this.#settings, settings)
    this.#witnesses.heard(from)
    const packer = new PointPacker()
    const reports = listOf(items).map(item => {
      const [index, ownIndex, seen] = listOf(item, 3)
      const place = this.#circle.placeAt(wholeOf(index, 64))
      const asking = from.points[wholeOf(ownIndex, from.points.length)] as Point
      if (place === undefined) return []
      const { version } = place
      const report =
        seen === version
          ? [version]
          : [
              version,
              packer.pack(place.predecessor === undefined ? [] : [place.predecessor]),
              packer.pack(place.successors),
            ]
      if (seen === version && asking === place.predecessor) place.confirmed = version
      this.#rectify(place, asking)
      return report
    })
    return [packer.contacts, reports]
  }

  /**
   * A process repairs the arc of one of its points: it is our predecessor if it is nearer than the one we have. Before it learns what is here, we must
   * not go on to write to that arc.
   */
  yield(from: Member, index: unknown): void {
    const point = from.points[wholeOf(index, from.points.length)] as Point
    for (const place of this.#circle.places) {
      const { predecessor } = place
      if (predecessor !== undefined && isInside(point.position, predecessor.position, place.position))
        this.#setPredecessor(place, point)
    }
  }

  async #stabiliseWith(member: Member, items: readonly Item[]): Promise<void> {
    for (const { place } of items) place.busy = true
    const reports = await this.#exchange(member, items).finally(() => {
      for (const { place } of items) place.busy = false
    })
    items.forEach(({ place, target }, index) => {
      const report = reports[index]
      if (report !== undefined && this.#apply(place, target, report) === undefined) return
      this.#begin(this.one(place))
    })
  }

  /** Zave's stabilisation, first half. @returns a nearer point that the successor named */
  #apply(place: Place, target: Point, { predecessor, list }: Report): Point | undefined {
    if (list !== undefined) place.adopt(target, list)
    if (predecessor === undefined || predecessor === place.point) return undefined
    if (isInside(predecessor.position, place.position, target.position)) {
      return this.#circle.members.lost.has(predecessor.member.id) ? undefined : predecessor
    }
    // The successor's former predecessor precedes us as well, until somebody nearer says so.
    if (place.predecessor === undefined && predecessor.member.misses === 0)
      this.#setPredecessor(place, predecessor)
    return undefined
  }

  /** Asks the process of some successors. @returns nothing for points that are not there, and for all if it is dead */
  async #exchange(member: Member, items: readonly Item[]): Promise<readonly (Report | undefined)[]> {
    const circle = this.#circle
    if (member === circle.self) return items.map(({ place, target }) => this.#readOwn(place, target))
    const asked = items.map(({ place, target }) => [
      target.index,
      place.point.index,
      place.seen?.head === target && place.successors[0] === target ? place.seen.version : 0,
    ])
    const reply = await this.#caller.askFirmly(member, ['stabilise', ringSettings(this.#settings), asked])
    if (reply === undefined) return []
    const [contacts, rawReports] = listOf(reply, 2)
    const named = membersOf(contacts, circle.members)
    const reports = listOf(rawReports, items.length)
    // Who has none of these points may have left.
    if (reports.some(report => listOf(report).length > 0)) circle.members.add(member)
    else this.#witnesses.check(member)
    return reports.map((report, index) => {
      const { place, target } = items[index] as Item
      const parts = listOf(report)
      if (parts.length === 0) {
        place.dropPoint(target)
        return undefined
      }
      if (parts.length === 1) return { predecessor: place.seen?.predecessor, list: undefined }
      const [version, before, list] = listOf(report, 3)
      const [predecessor] = pointsOf(before, named)
      const all = pointsOf(list, named)
      // Who was found dead here may not have been noticed there yet: in a small ring its points would go round for as many rounds as there are points.
      const living = all.filter(({ member: each }) => !circle.members.lost.has(each.id))
      place.adopt(target, living)
      // Should one of them come back, the list is needed again.
      if (living.length === all.length)
        place.seen = { head: target, version: wholeOf(version, Number.MAX_SAFE_INTEGER), predecessor }
      return { predecessor, list: undefined }
    })
  }

  #readOwn(place: Place, target: Point): Report | undefined {
    const own = this.#circle.placeAt(target.index)
    if (own === undefined) {
      place.dropPoint(target)
      return undefined
    }
    const report = { predecessor: own.predecessor, list: own.successors }
    this.#rectify(own, place.point)
    return report
  }

  /** Zave's rectification: who says that we are its successor is our predecessor if it is nearer, or if the one we have is dead. */
  #rectify(place: Place, candidate: Point): void {
    const { predecessor } = place
    if (predecessor === candidate) return
    if (predecessor === undefined || isInside(candidate.position, predecessor.position, place.position)) {
      this.#setPredecessor(place, candidate)
    } else this.#witnesses.checkSilent(predecessor.member)
  }

  #setPredecessor(place: Place, point: Point): void {
    this.#circle.setPredecessor(place, point, this.#now, this.claimUntil)
  }
}
