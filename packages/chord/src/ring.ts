/** The number of positions on the ring, 2^384. A position is a bigint from 0 to `ringSize - 1`. */
export const ringSize: bigint = 2n ** 384n

/**
 * How far it is from `a` clockwise to `b`: `(b - a) mod limit`, from 0 to `limit - 1`. Numbers outside the ring, also negative ones, are taken modulo its size.
 *
 * @param limit the size of the ring, {@link ringSize} by default
 * @throws `RangeError` for a limit below 1
 */
export const distance = (a: bigint, b: bigint, limit: bigint = ringSize): bigint => {
  if (limit < 1n) throw new RangeError(`a ring has at least one position, not ${limit}`)
  const rest = (b - a) % limit
  return rest < 0n ? rest + limit : rest
}

/**
 * Whether a position lies on the arc that begins after `from` and ends with `to`, clockwise: `(from, to]`, across zero where need be.
 * From a position to itself is the whole ring, as it is for a node that is alone.
 *
 * With its predecessor as `from` and itself as `to`, this is the arc that a node owns (Stoica et al., Chord, 2001, §4.2).
 */
export const isBetween = (id: bigint, from: bigint, to: bigint): boolean => {
  // Counted from the arc's first position, so that `from` itself is the farthest one.
  const first = from + 1n
  return distance(first, id) <= distance(first, to)
}

/**
 * The owner of a position: the first of the ids at or clockwise after it.
 *
 * @param sortedIds positions of nodes, ascending
 * @returns `undefined` when there are none
 */
export const successorOf = (id: bigint, sortedIds: readonly bigint[]): bigint | undefined => {
  const position = distance(0n, id)
  let low = 0
  let high = sortedIds.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const candidate = sortedIds[middle]
    if (candidate !== undefined && candidate < position) low = middle + 1
    else high = middle
  }
  return sortedIds[low] ?? sortedIds[0]
}
