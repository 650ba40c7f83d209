import type { PeerId } from '@p2p/interfaces'
import type { Entry, Version } from './entry.ts'
import { type Stamp, compareStamps } from './stamp.ts'

/**
 * What a replica is sure to know: owner → the highest counter up to which it has everything, which means every such write or one that wins over it.
 * An owner that is missing stands for nothing at all.
 */
export type VersionVector = ReadonlyMap<PeerId, Stamp>

/** Whether who has this vector knows this write already. */
export const covers = (vector: VersionVector, { owner, counter }: Version): boolean => {
  const known = vector.get(owner)
  return known !== undefined && compareStamps(counter, known) <= 0
}

/** Whether who has this vector knows all of this entry already. */
export const coversEntry = (vector: VersionVector, { base, fields }: Entry): boolean => {
  if (base !== undefined && !covers(vector, base)) return false
  if (fields !== undefined) for (const write of fields.values()) if (!covers(vector, write)) return false
  return true
}

/** The vector of who had `mine` and now has all that `theirs` stands for as well: of each owner the higher counter. */
export const joinVectors = (mine: VersionVector, theirs: VersionVector): VersionVector => {
  const joined = new Map(mine)
  for (const [owner, counter] of theirs) {
    const known = joined.get(owner)
    if (known === undefined || compareStamps(counter, known) > 0) joined.set(owner, counter)
  }
  return joined
}
