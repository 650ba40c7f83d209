import type { Entry, Key, Write } from './entry.ts'
import { type WriteOrder, compareWrites } from './order.ts'

/**
 * Merges what two replicas know of one key: the greater base, of each field the greater write, without the fields that are not above the base.
 *
 * It is a join: commutative, associative and idempotent, so that any order of arrival, any repetition and any grouping give the same. Parts of an
 * entry (some of its fields, without the base) merge like wholes.
 *
 * @returns `mine` itself where `theirs` brings nothing new, `theirs` itself where `mine` brings nothing
 */
export const merge = (order: WriteOrder, mine: Entry, theirs: Entry): Entry => {
  const { key } = mine
  const base = greater(order, key, mine.base, theirs.base)
  const fields = mergeFields(order, key, base, mine.fields, theirs.fields)
  if (base === mine.base && fields === mine.fields) return mine
  return base === theirs.base && fields === theirs.fields ? theirs : { key, base, fields }
}

/** What nobody wrote to yet: merging it with anything gives that thing. */
export const emptyEntry = (key: Key): Entry => ({ key, base: undefined, fields: undefined })

const greater = (order: WriteOrder, key: Key, mine: Write | undefined, theirs: Write | undefined) => {
  if (mine === undefined) return theirs
  if (theirs === undefined) return mine
  return compareWrites(order, key, mine, theirs) >= 0 ? mine : theirs
}

const mergeFields = (
  order: WriteOrder,
  key: Key,
  base: Write | undefined,
  mine: Entry['fields'],
  theirs: Entry['fields'],
): Entry['fields'] => {
  if (mine === undefined && theirs === undefined) return undefined
  const fields = new Map<string, Write>()
  let kept = 0
  const consider = (name: string, write: Write | undefined) => {
    if (write === undefined) return
    if (base !== undefined && order(write, base) <= 0) return
    fields.set(name, write)
    if (write === mine?.get(name)) kept++
  }
  for (const [name, write] of mine ?? []) consider(name, greater(order, key, write, theirs?.get(name)))
  for (const [name, write] of theirs ?? []) if (mine?.has(name) !== true) consider(name, write)
  if (kept === fields.size && kept === mine?.size) return mine
  return fields.size === 0 ? undefined : fields
}
