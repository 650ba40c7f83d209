import { P2PError, type PeerId } from '@p2p/interfaces'
import {
  type Entry,
  type Key,
  type Write,
  type WriteState,
  compareStamps,
  emptyEntry,
  merge,
  ownValue,
  plainWrite,
  stampOrder,
  stateNumbers,
} from '@p2p/replica'
import { listOf, malformed, ownerOf, stampOf, textOf, wholeOf } from './grammar.ts'
import { type KeyId, checkKey, keyOf } from './key.ts'
import type { SyncLimits } from '../options.ts'

/** An entry, or a part of one, as a peer told it. */
export interface Told {
  readonly id: KeyId
  readonly entry: Entry
  /** Of the lease, in milliseconds. 0 without leases. */
  readonly age: number
}

/** What a reader knows before it reads. */
export interface Reading {
  readonly leased: boolean
  readonly limits: SyncLimits
}

const states = Object.keys(stateNumbers) as WriteState[]

/** Reads the table of owners. */
export const parseOwners = (value: unknown): PeerId[] => listOf(value, 'owners').map(ownerOf)

/**
 * Reads the entries of a message. One that is too large for us stands there as the error that says so.
 *
 * @throws `P2P_MALFORMED` if any of them is not of the grammar
 */
export const parseEntries = (
  value: unknown,
  owners: readonly PeerId[],
  reading: Reading,
): (Told | P2PError)[] =>
  listOf(value, 'entries').map(item => {
    try {
      return reading.leased
        ? parseLeased(item, owners, reading.limits)
        : parsePlain(item, owners, reading.limits)
    } catch (error) {
      if (error instanceof TypeError) return malformed(error.message)
      if (P2PError.is(error) && error.code !== 'P2P_MALFORMED') return error
      throw error
    }
  })

const parseLeased = (item: unknown, owners: readonly PeerId[], limits: SyncLimits): Told => {
  const [key, owner, epoch, startTime, startCount, time, count, state, age, value] = listOf(
    item,
    'an entry',
    10,
  )
  const id = checkKey(key as Key, limits.keyLength)
  const start = stampOf(startTime, startCount)
  const counter = stampOf(time, count)
  if (compareStamps(start, counter) > 0) malformed('a lease starts after its last write')
  const base: Write = {
    epoch: wholeOf(epoch, 'an epoch'),
    start,
    owner: ownerAt(owners, owner),
    counter,
    ...parseContent(state, value, limits.valueSize),
  }
  if (base.epoch === 0) malformed('an epoch is 0')
  return { id, entry: { key: keyOf(id), base, fields: undefined }, age: wholeOf(age, 'an age', 2 ** 48) }
}

const parsePlain = (item: unknown, owners: readonly PeerId[], limits: SyncLimits): Told => {
  const [key, rawBase, rawFields] = listOf(item, 'an entry', 3)
  const id = checkKey(key as Key, limits.keyLength)
  const base = rawBase === null ? undefined : parseBase(rawBase, owners, limits.valueSize)
  const fields = new Map<string, Write>()
  for (const rawField of listOf(rawFields, 'fields')) {
    const [name, owner, time, count, value] = listOf(rawField, 'a field', 5)
    const text = ownValue(textOf(name, 'the name of a field'), limits.valueSize) as string
    if (text === '__proto__' || fields.has(text)) malformed('the name of a field')
    const own = ownValue(value, limits.valueSize)
    fields.set(text, plainWrite(ownerAt(owners, owner), stampOf(time, count), 'held', own))
  }
  if (base === undefined && fields.size === 0) malformed('an entry that says nothing')
  const told = { key: keyOf(id), base, fields: fields.size === 0 ? undefined : fields }
  // Merged into nothing, so that fields that are not above the base are dropped.
  return { id, entry: merge(stampOrder, emptyEntry(told.key), told), age: 0 }
}

const parseBase = (item: unknown, owners: readonly PeerId[], limit: number): Write => {
  const [owner, time, count, state, value] = listOf(item, 'a base', 5)
  const content = parseContent(state, value, limit)
  if (content.state === 'released') return malformed('a release without leases')
  return plainWrite(ownerAt(owners, owner), stampOf(time, count), content.state, content.value)
}

const parseContent = (state: unknown, value: unknown, limit: number): Pick<Write, 'state' | 'value'> => {
  const name = states[wholeOf(state, 'a state', states.length)] as WriteState
  if (name !== 'deleted') return { state: name, value: ownValue(value, limit) }
  if (value !== null) malformed('a tombstone has a value')
  return { state: name, value: undefined }
}

const ownerAt = (owners: readonly PeerId[], index: unknown): PeerId =>
  owners[wholeOf(index, 'an owner', owners.length)] as PeerId
