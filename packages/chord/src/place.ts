import type { Member, Point } from './member.ts'
import { type Position, isInside } from './position.ts'

/** A list has the next so many points … */
export const listPoints = 16
/** … and at least so many distinct processes, for the points of one fail together. */
export const listProcesses = 8

/**
 * One point of this node on the ring, with its predecessor and its successor list, as in Pamela Zave's corrected Chord (*Reasoning about identifier
 * spaces: how to make Chord correct*, IEEE TSE 43, 2017). Each method is one of her atomic steps; what they need of others is asked before.
 */
export class Place {
  readonly point: Point
  #predecessor: Point | undefined
  #successors: readonly Point[] = []
  #partners: readonly Member[] | undefined
  /** Rises with every change: who has seen this version need not be told again. */
  version = 1
  /** This node has all that is on `(completeFrom, point.position]`; `undefined`: nothing is sure. */
  completeFrom: Position | undefined
  /** From which successor's list ours was made, the version of it, and that one's predecessor then. */
  seen:
    { readonly head: Point; readonly version: number; readonly predecessor: Point | undefined } | undefined
  /** The last version that the predecessor said it had seen: what it knows to be after us. */
  confirmed = 0
  /** Whether a stabilisation of it is under way. */
  busy = false
  /** Whether an arc of it is being repaired. */
  repairing = false
  /** Since its arc began there: with whom it was compared. */
  compared: { readonly from: Position | undefined; readonly members: Set<Member> } = {
    from: undefined,
    members: new Set(),
  }
  /** How often something of its arc was taken over from another: copies that were compared before lack it. */
  gained = 0
  /** What the last complete repair was about: predecessor and partners. */
  repaired = ''
  /** When that was, by the monotonic clock. */
  repairedAt: number = -Infinity

  constructor(point: Point) {
    this.point = point
  }

  get position(): Position {
    return this.point.position
  }

  get predecessor(): Point | undefined {
    return this.#predecessor
  }

  set predecessor(point: Point | undefined) {
    if (point === this.#predecessor) return
    this.#predecessor = point
    this.version++
  }

  /** The next points clockwise, this one never among them; empty for a ring of one point. */
  get successors(): readonly Point[] {
    return this.#successors
  }

  /** The list becomes this live successor and its own list (Zave: `append(successor, butLast(its list))`). */
  adopt(successor: Point, list: readonly Point[]): void {
    const next: Point[] = []
    const processes = new Set<Member>()
    let last = this.position
    for (const point of [successor, ...list]) {
      // In order and not beyond ourselves: where a peer's list is not, the rest of it is not used.
      if (!isInside(point.position, last, this.position)) break
      next.push(point)
      last = point.position
      if (point.member !== this.point.member) processes.add(point.member)
      if (next.length >= listPoints && processes.size >= listProcesses) break
    }
    this.#replace(next)
  }

  /** A process is dead: none of its points is a successor or a predecessor any more. */
  drop(member: Member): void {
    this.#replace(this.#successors.filter(point => point.member !== member))
    if (this.#predecessor?.member === member) this.predecessor = undefined
  }

  /** A point is not on the ring, though its process is. */
  dropPoint(gone: Point): void {
    this.#replace(this.#successors.filter(point => point !== gone))
    if (this.#predecessor === gone) this.predecessor = undefined
  }

  /** The distinct processes after this point, nearest first, this node not among them. */
  partners(): readonly Member[] {
    if (this.#partners === undefined) {
      const found = new Set<Member>()
      for (const { member } of this.#successors) if (member !== this.point.member) found.add(member)
      this.#partners = [...found]
    }
    return this.#partners
  }

  #replace(next: readonly Point[]): void {
    const old = this.#successors
    if (next.length === old.length && next.every((point, index) => point === old[index])) return
    this.#successors = next
    this.#partners = undefined
    this.seen = undefined
    this.version++
  }
}
