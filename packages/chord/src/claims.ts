import { type Position, isInside, isWithin } from './position.ts'

/** A stretch `(from, to]` of the ring of which this node has all that was acknowledged. */
export interface Stretch {
  readonly from: Position
  readonly to: Position
}

/** Arcs in mind, at most: one that replicates for many rings' worth of neighbours has some hundreds. To forget one is to be less sure. */
const claimsLimit = 4_096

interface Claim extends Stretch {
  readonly until: number
}

/**
 * The arcs of others of which this node holds a complete copy, as their owners told it, each for a while: an owner that no longer tells so may have
 * been replaced, and then others get what is written.
 */
export class Claims {
  /** By where the arc ends: the owner's point. */
  readonly #claims = new Map<Position, Claim>()

  /**
   * An arc's owner says so. It says it of the arc as it is now: what it said of it before is over, and so is what was said by points that are on it, for they
   * are not on the ring any more.
   *
   * @param until by the monotonic clock, in milliseconds
   */
  add({ from, to }: Stretch, until: number): void {
    for (const known of this.#claims.keys()) if (isInside(known, from, to)) this.#claims.delete(known)
    // Who says it again is the last one.
    this.#claims.delete(to)
    this.#claims.set(to, { from, to, until })
    const [oldest] = this.#claims.keys()
    if (this.#claims.size > claimsLimit && oldest !== undefined) this.#claims.delete(oldest)
  }

  /** The owner of an arc says that others hold the copies now. */
  remove({ from, to }: Stretch): void {
    for (const [end, known] of this.#claims)
      if (isWithin(end, from, to) || isWithin(to, known.from, end)) this.#claims.delete(end)
  }

  clear(): void {
    this.#claims.clear()
  }

  /** Forgets those whose time is over. */
  expire(now: number): void {
    for (const [name, { until }] of this.#claims) if (until <= now) this.#claims.delete(name)
  }

  covers(position: Position, now: number): boolean {
    for (const { from, to, until } of this.#claims.values())
      if (until > now && isWithin(position, from, to)) return true
    return false
  }

  [Symbol.iterator](): IterableIterator<Stretch> {
    return this.#claims.values()
  }

  get size(): number {
    return this.#claims.size
  }
}

/**
 * How far back from `to` these stretches reach without a gap, but not beyond `from`: `(result, to]` is covered. `undefined` where not even `to` is.
 */
export const reach = (stretches: Iterable<Stretch>, from: Position, to: Position): Position | undefined => {
  const all = [...stretches]
  let at: Position | undefined
  for (let step = 0; step <= all.length; step++) {
    const cursor: Position = at ?? to
    const next = all.find(stretch => isWithin(cursor, stretch.from, stretch.to))
    if (next === undefined) return at
    // Beyond `from`: the rest of the stretch is not of interest. A stretch that is the whole ring is, too.
    if (next.from === from || next.from === next.to || isInside(from, next.from, cursor)) return from
    at = next.from
  }
  return at
}
