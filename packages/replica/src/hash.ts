import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { encodeBriefly } from './canonical.ts'
import type { Entry, Key, Write, WriteState } from './entry.ts'
import type { Value } from './value.ts'

/** 32 lower-case hexadecimal digits: the first 16 bytes of a SHA-256. */
export type Hash = string

/** How many bytes a {@link Hash} stands for. */
export const hashLength = 16

/** The number of each state on the wire and in hashes. */
export const stateNumbers: Readonly<Record<WriteState, number>> = { held: 0, released: 1, deleted: 2 }

/** The hash of a whole entry. The ages of leases are not in it: they differ from holder to holder. */
export const hashEntry = ({ key, base, fields }: Entry): Hash => {
  if (base !== undefined && base.epoch > 0) return hashWrite(key, base)
  const later = [...(fields ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
  return hash([
    key,
    base === undefined ? null : writeItems(base),
    later.map(([name, write]) => [name, writeItems(write)]),
  ])
}

/** The hash of one write to a key: what decides between two writes of equal versions. */
export const hashWrite = (key: Key, write: Write): Hash => hash([key, writeItems(write)])

const hash = (value: Value): Hash => bytesToHex(sha256(encodeBriefly(value)).subarray(0, hashLength))

const writeItems = ({ epoch, start, owner, counter, state, value }: Write): Value[] => {
  const items = [owner, counter.time, counter.count, stateNumbers[state], value ?? null]
  return epoch > 0 ? [epoch, start.time, start.count, ...items] : items
}
