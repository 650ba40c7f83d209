import { distance } from './ring.ts'

/** A process by its place. */
export interface Placed {
  readonly id: string
  readonly position: bigint
}

/**
 * Which process is missed least: of all threes of neighbours on the circle, the middle one where the two others are nearest to each other, if it may be
 * spared. The rule is py2p's `disconnect_least_efficient`.
 *
 * @returns `undefined` if none may be spared
 */
export const leastEfficient = <P extends Placed>(
  peers: readonly P[],
  mayBeSpared: (peer: P) => boolean,
): P | undefined => {
  const sorted = [...peers].sort((a, b) => (a.position < b.position ? -1 : a.position > b.position ? 1 : 0))
  let least: { readonly peer: P; readonly far: bigint } | undefined
  sorted.forEach((peer, index) => {
    if (!mayBeSpared(peer)) return
    const before = sorted.at(index - 1) as P
    const after = sorted[(index + 1) % sorted.length] as P
    const far = distance(before.position, after.position)
    if (least === undefined || far < least.far) least = { peer, far }
  })
  return least?.peer
}
