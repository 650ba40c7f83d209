import type { Contact, Messenger, PeerId, WaitOptions } from '@p2p/interfaces'
import type { Engine } from './engine.ts'
import { leastEfficient } from './least-efficient.ts'
import type { Point } from './member.ts'
import { toNumber, toPosition } from './position.ts'

/** What a network may offer beside `Messenger`: then a link that is spared is closed. */
interface Disconnecting {
  disconnect?(peer: PeerId): unknown
}

/** Who is where on the ring, as the application sees it from a node's first point. */
export class Neighbours {
  readonly #engine: Engine
  readonly #messenger: Messenger & Disconnecting

  constructor(engine: Engine, messenger: Messenger & Disconnecting) {
    this.#engine = engine
    this.#messenger = messenger
  }

  /** The first point's position. */
  get id(): bigint {
    return toNumber(this.#first.position)
  }

  get next(): Contact | undefined {
    return this.#nearest(this.#engine.circle.members.routes.from(this.#first.position))
  }

  get previous(): Contact | undefined {
    return this.#nearest(this.#engine.circle.members.routes.before(this.#first.position))
  }

  /** Asks the ring who owns a position. */
  async successor(position: bigint, options: WaitOptions): Promise<Contact> {
    this.#engine.checkOpen()
    const found = this.#engine.upkeep.successor(toPosition(position))
    const { owner } = await this.#engine.within(
      found,
      { timeout: 10_000, ...options },
      'the owner of a position',
    )
    return owner.member.contact
  }

  /** The nearest known process at or before a position. */
  nextHop(position: bigint): Contact {
    const at = toPosition(position + 1n)
    const [point] = this.#engine.circle.members.routes.before(at)
    return (point ?? this.#first).member.contact
  }

  /** The nearest known process at or after it. */
  previousHop(position: bigint): Contact {
    const [point] = this.#engine.circle.members.routes.from(toPosition(position))
    return (point ?? this.#first).member.contact
  }

  /** Forgets the one whose absence costs look-ups least. @returns whether there was one that is not needed */
  disconnectLeastEfficient(): boolean {
    const { circle, upkeep } = this.#engine
    const needed = new Set([...circle.needed()].map(({ id }) => id))
    const peers = Array.from(circle.members, ({ id, points }) => ({
      id,
      position: toNumber((points[0] as Point).position),
    }))
    const spared = leastEfficient(peers, ({ id }) => !needed.has(id))
    const member = spared && circle.members.get(spared.id)
    if (member === undefined) return false
    upkeep.gone(member, false)
    this.#messenger.disconnect?.(member.id)
    return true
  }

  get #first(): Point {
    return this.#engine.circle.self.points[0] as Point
  }

  #nearest(points: Iterable<Point>): Contact | undefined {
    for (const { member } of points) if (member !== this.#engine.circle.self) return member.contact
    return undefined
  }
}
