import type { Member, Point } from './member.ts'
import { type Position, toNumber, toPosition } from './position.ts'
import { ringSize } from './ring.ts'

/**
 * Points that are half a ring, a quarter, an eighth … away from each of ours: they make look-ups short, and nothing is wrong without them.
 * Which distances are worth one follows from the next point: what is nearer than that is in the successor list.
 */
export class Fingers {
  readonly #points = new Map<string, Point>()

  /** All processes that are one. */
  members(): Set<Member> {
    return new Set([...this.#points.values()].map(({ member }) => member))
  }

  /** Which position each finger of a point should follow, the farthest first. */
  static targets(own: Position, next: Position): Position[] {
    const from = toNumber(own)
    const least = (toNumber(next) - from + ringSize) % ringSize
    const targets: Position[] = []
    for (let far = ringSize / 2n; far > least && far > 0n; far /= 2n) targets.push(toPosition(from + far))
    return targets
  }

  set(target: Position, point: Point): void {
    this.#points.set(target, point)
  }

  /** Forgets those that are no target any more. */
  keep(targets: ReadonlySet<Position>): void {
    for (const target of this.#points.keys()) if (!targets.has(target)) this.#points.delete(target)
  }

  drop(member: Member): void {
    for (const [target, point] of this.#points) if (point.member === member) this.#points.delete(target)
  }

  get size(): number {
    return this.#points.size
  }
}
