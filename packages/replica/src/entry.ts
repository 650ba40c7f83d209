import type { PeerId } from '@p2p/interfaces'
import { type Stamp, zeroStamp } from './stamp.ts'
import { type Value, isMap } from './value.ts'

/** A key's one form: text where its bytes are valid UTF-8, bytes otherwise. */
export type Key = string | Uint8Array

/**
 * What a write left behind:
 * `held` a value (under the writer's lease, where there are leases), `released` a value that anybody may take over, `deleted` none: a tombstone.
 */
export type WriteState = 'held' | 'released' | 'deleted'

/** Who wrote, and when: what {@link WriteOrder} compares. */
export interface Version {
  /** Counts the leases of a key; 0 without leases. */
  readonly epoch: number
  /** When this owner got this lease: the stamp of its first write in the epoch. {@link zeroStamp} without leases. */
  readonly start: Stamp
  /** Who wrote: 1 to 128 printable ASCII characters. */
  readonly owner: PeerId
  /** The stamp of this write: an owner's counters rise with everything that it writes. */
  readonly counter: Stamp
}

/** One write to a key, or to one field of it. Never changed: a later write is another. */
export interface Write extends Version {
  readonly state: WriteState
  /** `undefined` exactly where `state` is `deleted`. */
  readonly value: Value | undefined
}

/** All that a replica knows of a key. Never changed: {@link merge} makes another. */
export interface Entry {
  readonly key: Key
  /** The last write to the whole key, if one is known. With leases there always is one. */
  readonly base: Write | undefined
  /** Later writes to single fields. Only without leases; never empty. */
  readonly fields: ReadonlyMap<string, Write> | undefined
}

/** Whether a text can be a node's id here: 1 to 128 printable ASCII characters, so that text order is byte order and {@link fencingToken} can invert it. */
export const isOwnerId = (text: string): boolean => /^[\x21-\x7e]{1,128}$/.test(text)

/** A write without a lease. */
export const plainWrite = (
  owner: PeerId,
  counter: Stamp,
  state: 'held' | 'deleted',
  value: Value | undefined,
): Write => ({ epoch: 0, start: zeroStamp, owner, counter, state, value })

/** The value of an entry, or `undefined` where there is none: the base with the fields put on top. What is not a map counts as `{}` then. */
export const entryValue = (entry: Entry): Value | undefined => {
  const { base, fields } = entry
  if (fields === undefined) return base?.value
  const value: Record<string, Value> = { ...(isMap(base?.value) ? base.value : {}) }
  for (const name of [...fields.keys()].sort()) value[name] = fields.get(name)?.value as Value
  return Object.freeze(value)
}
