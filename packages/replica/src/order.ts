import type { Key, Version, Write } from './entry.ts'
import { hashWrite } from './hash.ts'
import { compareStamps } from './stamp.ts'
import { equalValues } from './value.ts'

/** Compares versions: positive where `a` wins over `b`. Zero says that they are the same version, whatever was written under it. */
export type WriteOrder = (a: Version, b: Version) => number

/**
 * The order with leases: the greater epoch; then the earlier start; then the smaller owner id, as in py2p's tie between leases of one second;
 * then the owner's greater counter.
 *
 * The order that suggests itself, by which the earlier of two overlapping leases wins, is none: A holds [0, 60], B [50, 110], C [100, 160]; A wins over B, B over C, and C over A.
 */
export const leaseOrder: WriteOrder = (a, b) =>
  a.epoch - b.epoch ||
  compareStamps(b.start, a.start) ||
  compareIds(b.owner, a.owner) ||
  compareStamps(a.counter, b.counter)

/** The order without leases: the greater counter, then the smaller owner id. */
export const stampOrder: WriteOrder = (a, b) =>
  compareStamps(a.counter, b.counter) || compareIds(b.owner, a.owner)

/**
 * Compares writes to one key: by their versions, then by the hash of the whole write, so that it is total even where a cloned identity wrote
 * twice under one version. Zero only for the same write.
 */
export const compareWrites = (order: WriteOrder, key: Key, a: Write, b: Write): number => {
  const byVersion = order(a, b)
  if (byVersion !== 0 || a === b) return byVersion
  if (a.state === b.state && equalValues(a.value, b.value)) return 0
  return hashWrite(key, a) < hashWrite(key, b) ? -1 : 1
}

const compareIds = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)
