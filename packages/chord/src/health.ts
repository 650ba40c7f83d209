import type { PeerId } from '@p2p/interfaces'
import type { Circle, Standing } from './circle.ts'
import type { Position } from './position.ts'
import { isInside } from './position.ts'
import type { Repair } from './repair.ts'
import type { Store } from './store.ts'
import type { Upkeep } from './upkeep.ts'

/** One of this node's points, as `health` tells it. */
export interface ArcHealth {
  /** Where the arc begins, exclusive: the predecessor's point; `undefined` while there is none. 96 hexadecimal digits. */
  readonly from: Position | undefined
  readonly to: Position
  readonly predecessor: PeerId | undefined
  /** Whether this node holds all of it. */
  readonly complete: boolean
  /** Whether it was compared with its copies since its predecessor and those who hold them are what they are. */
  readonly copied: boolean
  /** The processes after it, nearest first: the first of them hold the copies. */
  readonly successors: readonly PeerId[]
  /** Milliseconds since it was last compared with all its copies; ∞ if it never was. */
  readonly repaired: number
}

/** The ring as seen from one node. */
export interface Health {
  /** Whether nothing is wrong: on the ring, every arc complete, and every one of Zave's conditions that can be seen from here holds. */
  readonly healthy: boolean
  /** Whether it is healthy and every arc is copied: where all nodes say so, any `copies - 1` of them may crash at once and nothing is lost. */
  readonly safe: boolean
  readonly standing: Standing
  /** Processes known on the ring, this one not counted. */
  readonly members: number
  /** Processes that left or stopped answering and are tried again. */
  readonly lost: number
  readonly arcs: readonly ArcHealth[]
  /** Zave's conditions as far as one node sees them; each list is empty when it holds. */
  readonly violations: readonly string[]
  /** Entries held, in all five tables, deletions included, and their bytes. */
  readonly entries: number
  readonly bytes: number
  readonly rounds: number
  /** Entries that are others' by now and were not acknowledged yet. */
  readonly orphans: number
}

/** What can be said from here, without asking anybody. */
export const healthOf = (
  circle: Circle,
  store: Store,
  upkeep: Upkeep,
  repair: Repair,
  now: number,
): Health => {
  const violations: string[] = []
  const arcs = circle.places.map((place): ArcHealth => {
    const { predecessor, position, completeFrom, successors, repairedAt } = place
    const name = `point ${place.point.index}`
    if (predecessor === undefined) violations.push(`${name} has no predecessor`)
    if (successors.length === 0 && circle.members.size > 0) violations.push(`${name} has no successor`)
    let last = position
    for (const point of successors) {
      if (!isInside(point.position, last, position)) violations.push(`${name}'s successors are out of order`)
      last = point.position
    }
    const [head] = successors
    const between = circle.candidate(place)
    if (head !== undefined && between !== undefined)
      violations.push(`${name} passes over ${between.member.id}`)
    return {
      from: predecessor?.position,
      to: position,
      predecessor: predecessor?.member.id,
      complete: predecessor !== undefined && completeFrom === predecessor.position,
      copied: repair.isCopied(place),
      successors: place.partners().map(({ id }) => id),
      repaired: now - repairedAt,
    }
  })
  let orphans = 0
  for (const table of store.tables)
    for (const { position } of table) if (!circle.isResponsible(position, now)) orphans++
  const healthy =
    circle.standing === 'joined' && violations.length === 0 && arcs.every(({ complete }) => complete)
  return {
    healthy,
    safe: healthy && arcs.every(({ copied }) => copied),
    standing: circle.standing,
    members: circle.members.size,
    lost: circle.members.lost.size,
    arcs,
    violations,
    entries: store.size,
    bytes: store.bytes,
    rounds: upkeep.rounds,
    orphans,
  }
}
