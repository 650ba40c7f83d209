import { P2PError } from '@p2p/interfaces'
import {
  type Entry,
  type Write,
  emptyEntry,
  merge,
  ownValue,
  plainWrite,
  stampOrder,
  valueSize,
  type Stamp,
  type Value,
  zeroStamp,
} from '@p2p/replica'
import { idOf, listOf, malformed, stampOf, textOf, wholeOf } from './grammar.ts'
import { checkKey } from './key.ts'
import type { ChordLimits } from './options.ts'

/** What an entry takes beside its value: key, versions, places in maps. */
const overhead = 256

/** The entry as it travels: `[key, base, fields]`. */
export const packEntry = ({ key, base, fields }: Entry): unknown[] => [
  key,
  base === undefined ? null : [...packVersion(base), base.value === undefined ? [] : [base.value]],
  Array.from(fields ?? [], ([name, write]) => [name, ...packVersion(write), write.value]),
]

const packVersion = ({ owner, counter }: Write): unknown[] => [owner, counter.time, counter.count]

/** @throws `P2P_MALFORMED`, also for what is above the limits */
export const parseEntry = (value: unknown, limits: ChordLimits): Entry => {
  const [rawKey, rawBase, rawFields] = listOf(value, 3)
  try {
    const key = checkKey(rawKey, limits.keyLength)
    const items = listOf(rawFields)
    if (items.length === 0 && rawBase !== null)
      return { key, base: parseBase(rawBase, limits.valueSize), fields: undefined }
    const fields = new Map<string, Write>()
    for (const item of items) {
      const [rawName, owner, time, count, content] = listOf(item, 5)
      const name = ownValue(textOf(rawName), limits.valueSize) as string
      if (name === '__proto__' || fields.has(name)) malformed('the name of a field')
      const own = ownValue(content, limits.valueSize)
      fields.set(name, plainWrite(idOf(owner), stampOf(time, count), 'held', own))
    }
    const base = rawBase === null ? undefined : parseBase(rawBase, limits.valueSize)
    if (base === undefined && fields.size === 0) malformed('an entry that says nothing')
    // Merged into nothing, so that fields that are not above the base are dropped.
    return merge(stampOrder, emptyEntry(key), { key, base, fields: fields.size === 0 ? undefined : fields })
  } catch (error) {
    if (error instanceof TypeError || P2PError.is(error)) return malformed(error.message)
    throw error
  }
}

const parseBase = (item: unknown, limit: number): Write => {
  const [owner, time, count, content] = listOf(item, 4)
  const values = listOf(content)
  wholeOf(values.length, 2)
  const stamp = stampOf(time, count)
  return values.length === 0
    ? plainWrite(idOf(owner), stamp, 'deleted', undefined)
    : plainWrite(idOf(owner), stamp, 'held', ownValue(values[0], limit))
}

/** Whether both are the same entry, or both nothing: neither brings anything new to the other. */
export const isSame = (a: Entry | undefined, b: Entry | undefined): boolean =>
  a === b ||
  (a !== undefined && b !== undefined && merge(stampOrder, a, b) === a && merge(stampOrder, b, a) === b)

/** About how many bytes an entry takes. */
export const entrySize = ({ base, fields }: Entry): number => {
  let size = overhead
  if (base?.value !== undefined) size += valueSize(base.value)
  for (const [name, { value }] of fields ?? []) size += overhead + name.length + valueSize(value as Value)
  return size
}

/** Whether an entry says that there is nothing. */
export const isDeleted = ({ base, fields }: Entry): boolean =>
  fields === undefined && base?.state === 'deleted'

/** The greatest stamp in an entry, and who set it: its version. */
export const versionOf = ({ base, fields }: Entry): { readonly stamp: Stamp; readonly writer: string } => {
  let last = base
  for (const write of fields?.values() ?? [])
    if (last === undefined || stampOrder(write, last) > 0) last = write
  return { stamp: last?.counter ?? zeroStamp, writer: last?.owner ?? '' }
}

/**
 * Whether a write was overtaken: something in `held` is greater than a part of it. What is only beside it, other fields of a delta, does not matter.
 */
export const isOvertaken = (held: Entry, written: Entry): boolean => {
  const { base, fields } = written
  if (base !== undefined && held.base !== undefined && stampOrder(held.base, base) > 0) return true
  for (const [name, write] of fields ?? []) {
    const other = held.fields?.get(name) ?? held.base
    if (other !== undefined && stampOrder(other, write) > 0) return true
  }
  return false
}
