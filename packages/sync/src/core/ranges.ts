import { Fingerprint, type Hash } from '@p2p/replica'
import type { Held, Table } from './table.ts'

/** How many children a prefix has: one for each hexadecimal digit. */
export const fanOut = 16

/** What a replica has below each child of a prefix. */
export interface Summary {
  readonly counts: readonly number[]
  readonly sums: readonly Hash[]
}

/** Sums up the hashes below prefixes, all of one length, in one pass over the table. */
export const summarise = (table: Table, prefixes: readonly string[]): Summary[] => {
  const length = prefixes[0]?.length ?? 0
  const ranges = new Map(
    prefixes.map(prefix => [
      prefix,
      Array.from({ length: fanOut }, () => ({ count: 0, sum: new Fingerprint() })),
    ]),
  )
  for (const held of table) {
    const hash = table.hashOf(held)
    const child = ranges.get(hash.slice(0, length))?.[parseInt(hash.charAt(length), fanOut)]
    if (child === undefined) continue
    child.count++
    child.sum.add(hash)
  }
  return [...ranges.values()].map(children => ({
    counts: children.map(({ count }) => count),
    sums: children.map(({ sum }) => sum.toString()),
  }))
}

/** Lists what is held below prefixes, all of one length, at most `limit` for each, in one pass over the table. */
export const listBelow = (
  table: Table,
  prefixes: readonly string[],
  limit: number,
): Map<string, Map<Hash, Held>> => {
  const length = prefixes[0]?.length ?? 0
  const lists = new Map(prefixes.map(prefix => [prefix, new Map<Hash, Held>()]))
  for (const held of table) {
    const hash = table.hashOf(held)
    const list = lists.get(hash.slice(0, length))
    if (list !== undefined && list.size < limit) list.set(hash, held)
  }
  return lists
}

/** Finds what is held by its hashes, in one pass over the table. */
export const findByHash = (table: Table, hashes: ReadonlySet<Hash>): Map<Hash, Held> => {
  const found = new Map<Hash, Held>()
  for (const held of table) {
    const hash = table.hashOf(held)
    if (hashes.has(hash)) found.set(hash, held)
  }
  return found
}
