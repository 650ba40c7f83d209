import { Fingers, type Member, type Point, toPosition } from '@p2p/chord/internals'
import type { Peer, Peers } from './peers.ts'

/** Processes in the order of their points. */
export type Sorted = readonly Peer[]

/** A converged ring of one point a process, with all fingers, written down from what everybody would find out. */
export const convergedRing = (peers: Peers, count: number): Sorted => {
  const sorted = Array.from({ length: count }, () => peers.start()).sort((a, b) =>
    a.chord.id < b.chord.id ? -1 : 1,
  )
  const positions = sorted.map(({ chord }) => toPosition(chord.id))
  sorted.forEach(({ circle }, index) => {
    const point = circle.self.points[0] as Point
    const known = (at: number): Point => {
      const { self } = (sorted[at % count] as Peer).circle
      const member: Member = circle.members.of(self.contact)
      if (member !== circle.self) circle.members.add(member)
      return member.points[0] as Point
    }
    const list = Array.from({ length: Math.min(16, count - 1) }, (_, step) => known(index + 1 + step))
    circle.enter(point, list[0] as Point, list.slice(1), known(index + count - 1))
    for (const target of Fingers.targets(point.position, (list[0] as Point).position)) {
      const finger = known(firstFrom(positions, target))
      if (finger.member !== circle.self) circle.fingers.set(target, finger)
    }
    circle.standing = 'joined'
  })
  return sorted
}

/** Who owns a position, among those that are alive. */
export const ownerAmong = (sorted: Sorted, position: string): Peer => {
  const positions = positionsOf.get(sorted) ?? sorted.map(({ chord }) => toPosition(chord.id))
  positionsOf.set(sorted, positions)
  return sorted[firstFrom(positions, position)] as Peer
}

/** Computed once for each ring. */
const positionsOf = new WeakMap<Sorted, readonly string[]>()

/** The index of the first position at or after another, which may be the very first one. */
const firstFrom = (positions: readonly string[], position: string): number => {
  let low = 0
  let high = positions.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((positions[middle] as string) < position) low = middle + 1
    else high = middle
  }
  return low % positions.length
}
