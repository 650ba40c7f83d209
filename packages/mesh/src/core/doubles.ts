/** When what is seen is taken for a sign, in milliseconds. */
export const doubling = {
  /** A link that breaks sooner than this was hardly made. */
  young: 2_000,
  /** So many signs … */
  signs: 5,
  /** … within so long are no accident. */
  within: 10_000,
  /** It is told once within this. */
  quiet: 60_000,
} as const

/** Signs about one node. */
interface Signs {
  /** Names of lives: the one that was met last, and the one before it. */
  latest: string
  former: string
  count: number
  /** When the first of those that count came. */
  since: number
  toldAt: number
}

/**
 * Notices that two processes have one key. To all others they are one node, and whoever is linked to both drops the one for the other, again and again: it sees two lives
 * take turns, where a node that is restarted never comes back to a former life; and each of the two sees its links break as soon as they are made.
 */
export class Doubles {
  readonly #limit: number
  readonly #nodes = new Map<string, Signs>()
  #ownToldAt = -Infinity

  /** @param limit most nodes that are remembered; the one heard of longest ago gives way */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** A link to a node was made, in this life of it. @returns whether two are to be told of */
  met(id: string, life: string, now: number): boolean {
    const signs = this.#of(id, now)
    if (life === signs.latest) return false
    const isBack = life === signs.former
    signs.former = signs.latest
    signs.latest = life
    return isBack && this.#count(signs, now) && this.#isDue(signs, now)
  }

  /** A node broke the link to it, so long after it began. @returns whether it is to be told that another one has our key */
  broken(id: string, age: number, now: number): boolean {
    return age < doubling.young && this.#count(this.#of(`own ${id}`, now), now) && this.own(now)
  }

  /** Another process has said that it is this node. @returns whether that is to be told */
  own(now: number): boolean {
    if (now - this.#ownToldAt < doubling.quiet) return false
    this.#ownToldAt = now
    return true
  }

  #of(id: string, now: number): Signs {
    const signs = this.#nodes.get(id) ?? { latest: '', former: '', count: 0, since: now, toldAt: -Infinity }
    this.#nodes.delete(id)
    this.#nodes.set(id, signs)
    if (this.#nodes.size > this.#limit) {
      for (const oldest of this.#nodes.keys()) {
        this.#nodes.delete(oldest)
        break
      }
    }
    return signs
  }

  #count(signs: Signs, now: number): boolean {
    if (now - signs.since > doubling.within) {
      signs.since = now
      signs.count = 0
    }
    return ++signs.count >= doubling.signs
  }

  #isDue(signs: Signs, now: number): boolean {
    if (now - signs.toldAt < doubling.quiet) return false
    signs.toldAt = now
    return true
  }
}
