import type { Place } from '@p2p/chord/internals'
import { isInside } from '@p2p/chord/internals'
import type { Peer } from './peers.ts'

/** Where a point is on the ring of a simulated network: whose it is, and what it knows. */
interface Spot {
  readonly peer: Peer
  readonly place: Place
}

const nameOf = ({ peer, place }: Spot) => `${peer.id}.${place.point.index}`

/**
 * Zave's invariant, over the true state of all processes that are alive: each point has a live successor; following live successors leads to one ring, and only
 * one; that ring is in order, once around; every point reaches it; every list is in order and without repetition.
 *
 * @returns what does not hold
 */
export const violationsOf = (peers: readonly Peer[]): string | undefined => {
  const spots = new Map<string, Spot>()
  for (const peer of peers)
    for (const place of peer.circle.places) spots.set(`${peer.id} ${place.point.index}`, { peer, place })
  if (spots.size < 2) return undefined
  const next = new Map<Spot, Spot>()
  for (const spot of spots.values()) {
    const { place } = spot
    let last = place.position
    for (const point of place.successors) {
      if (!isInside(point.position, last, place.position))
        return `the list of ${nameOf(spot)} is out of order`
      last = point.position
    }
    for (const point of place.successors) {
      const found = spots.get(`${point.member.id} ${point.index}`)
      if (found === undefined) continue
      next.set(spot, found)
      break
    }
    // An empty list is that of a ring of one point.
    if (place.successors.length === 0) next.set(spot, spot)
    if (!next.has(spot))
      return `${nameOf(spot)} has no live successor in its list of ${place.successors.length}`
  }
  const [first] = spots.values()
  if (first === undefined) return undefined
  let at = first
  for (let step = 0; step < spots.size; step++) at = next.get(at) as Spot
  const ring = [at]
  for (let spot = next.get(at) as Spot; spot !== at; spot = next.get(spot) as Spot) ring.push(spot)
  let turns = 0
  ring.forEach(({ place }, index) => {
    const after = ring[(index + 1) % ring.length] as Spot
    if (after.place.position <= place.position) turns++
  })
  if (turns !== 1) return `the ring of ${ring.length} points goes around ${turns} times`
  const onRing = new Set(ring)
  for (const spot of spots.values()) {
    let reached = spot
    for (let step = 0; step <= spots.size && !onRing.has(reached); step++) reached = next.get(reached) as Spot
    if (!onRing.has(reached))
      return `${nameOf(spot)} does not lead to the ring of ${nameOf(at)}: there are two`
  }
  return undefined
}

/** All live points, in the order of the ring. */
const sortedSpots = (peers: readonly Peer[]): Spot[] =>
  peers
    .flatMap(peer => peer.circle.places.map((place): Spot => ({ peer, place })))
    .sort((a, b) => (a.place.position < b.place.position ? -1 : 1))

/** Whether all live points are on one ring with right successors and predecessors. @returns what is not */
export const placementOf = (peers: readonly Peer[]): string | undefined => {
  const spots = sortedSpots(peers)
  for (const [index, spot] of spots.entries()) {
    const after = spots[(index + 1) % spots.length] as Spot
    const before = spots.at(index - 1) as Spot
    if (spots.length > 1 && spot.place.successors[0]?.position !== after.place.position)
      return `the successor of ${nameOf(spot)} is not ${nameOf(after)}`
    if (spot.place.predecessor?.position !== before.place.position)
      return `the predecessor of ${nameOf(spot)} is not ${nameOf(before)}`
  }
  return undefined
}

/** Whether the ring is as stabilisation and repair leave it: in place, with full lists and complete arcs. @returns what is not */
export const imperfectionOf = (peers: readonly Peer[]): string | undefined => {
  const misplaced = placementOf(peers)
  if (misplaced !== undefined) return misplaced
  for (const spot of sortedSpots(peers)) {
    const { place } = spot
    // What crashes next must not be all that a list names: lists grow by one successor a round.
    const listed = Math.min(peers.length - 1, 8)
    if (place.partners().length < listed)
      return `the list of ${nameOf(spot)} names fewer than ${listed} processes`
    if (place.completeFrom !== place.predecessor?.position)
      return `the arc of ${nameOf(spot)} is not complete`
  }
  return undefined
}
