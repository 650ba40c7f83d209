import type { Member, Point } from './member.ts'
import type { Position } from './position.ts'

/** Points in the order of the ring: who is near a position, as far as is known here. */
export class Routes {
  readonly #points: Point[] = []

  get size(): number {
    return this.#points.length
  }

  add(point: Point): void {
    const at = this.#search(point.position)
    if (this.#points[at]?.position !== point.position) this.#points.splice(at, 0, point)
  }

  remove(point: Point): void {
    const at = this.#search(point.position)
    if (this.#points[at] === point) this.#points.splice(at, 1)
  }

  /** Counter-clockwise from just before a position, each point once. */
  *before(position: Position): Generator<Point, undefined> {
    const from = this.#search(position)
    const { length } = this.#points
    for (let step = 1; step <= length; step++) yield this.#points[(from - step + length) % length] as Point
  }

  /** Clockwise from a position, itself included, each point once. */
  *from(position: Position): Generator<Point, undefined> {
    const from = this.#search(position)
    const { length } = this.#points
    for (let step = 0; step < length; step++) yield this.#points[(from + step) % length] as Point
  }

  /** The first point at or after a position, clockwise. */
  first(position: Position): Point | undefined {
    return this.#points[this.#search(position)] ?? this.#points[0]
  }

  /** The first distinct processes clockwise from a position that `wanted` accepts. */
  processes(position: Position, count: number, wanted: (member: Member) => boolean = () => true): Point[] {
    const found = new Map<Member, Point>()
    for (const point of this.from(position)) {
      if (found.size >= count) break
      if (!found.has(point.member) && wanted(point.member)) found.set(point.member, point)
    }
    return [...found.values()]
  }

  /** The index of the first point at or after a position. */
  #search(position: Position): number {
    let low = 0
    let high = this.#points.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#points[middle] as Point).position < position) low = middle + 1
      else high = middle
    }
    return low
  }
}
