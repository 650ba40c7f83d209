import {
  type Entry,
  Fingerprint,
  type Hash,
  type Key,
  type Sighting,
  type Value,
  type Write,
  entryValue,
  hasBytes,
  hashEntry,
  isTombstoneOver,
  valueSize,
} from '@p2p/replica'
import { type KeyId, isMarked, keyId } from './key.ts'

/** What the replica holds of one key. There is one such object per key; what it says changes. */
export interface Held {
  // What every read needs comes first, so that it is in one line of the processor's cache.
  /** The entry's value; `undefined` where it is deleted. */
  value: Value | undefined
  /** Whether byte arrays are in the value, which must be copied before they are handed out. */
  hasBytes: boolean
  readonly id: KeyId
  entry: Entry
  /** Bytes that it counts for, towards the limit. */
  size: number
  /** Only made when it is needed: most entries are written more often than compared. */
  hash: Hash | undefined
  /** Of all changes to the table, which one this entry's last was. */
  sequence: number
  /** When it was written, as far as is known. Only with leases. */
  seen: Sighting | undefined
}

// An id, a stamp and the objects around them; near enough for a limit.
const overhead = 64

/** All entries of a replica, with their sum in bytes and as a fingerprint. */
export class Table {
  readonly #held = new Map<KeyId, Held>()
  readonly #tombstones = new Set<Held>()
  readonly #unhashed = new Set<Held>()
  readonly #fingerprint = new Fingerprint()
  #bytes = 0
  #sequence = 0

  /** Entries, tombstones included. */
  get size(): number {
    return this.#held.size
  }

  /** Entries that have a value. */
  get live(): number {
    return this.#held.size - this.#tombstones.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** How many changes there have been. */
  get sequence(): number {
    return this.#sequence
  }

  get(id: KeyId): Held | undefined {
    return this.#held.get(id)
  }

  /** What is held at a key. @throws `TypeError` for what is no key */
  find(key: Key): Held | undefined {
    if (typeof key !== 'string') return this.#held.get(keyId(key))
    // Text with a lone surrogate in front looks like the id of bytes that have no text.
    return isMarked(key) ? undefined : this.#held.get(key)
  }

  /** In the order in which the keys came. A key that is put again meanwhile keeps its place. */
  [Symbol.iterator](): MapIterator<Held> {
    return this.#held.values()
  }

  /** Replaces what is held at a key: `held`, if anything is. */
  put(held: Held | undefined, id: KeyId, entry: Entry, seen: Sighting | undefined): Held {
    const value = entryValue(entry)
    if (held === undefined) {
      held = { value, hasBytes: false, id, entry, size: 0, hash: undefined, sequence: 0, seen }
      this.#held.set(id, held)
      this.#unhashed.add(held)
    } else {
      this.#uncount(held)
      if (held.hash !== undefined) this.#unhashed.add(held)
      held.entry = entry
      held.value = value
      held.hash = undefined
      held.seen = seen
    }
    held.hasBytes = value !== undefined && hasBytes(value)
    held.size = entrySize(id, entry)
    held.sequence = ++this.#sequence
    this.#bytes += held.size
    if (value === undefined) this.#tombstones.add(held)
    return held
  }

  /** Drops the tombstones whose life is over for a clock that reads `time`. */
  dropTombstones(time: number, life: number): void {
    for (const held of this.#tombstones) {
      if (isOver(held.entry, time, life)) {
        this.#uncount(held)
        this.#unhashed.delete(held)
        this.#held.delete(held.id)
      }
    }
  }

  /** The hash of what is held. */
  hashOf(held: Held): Hash {
    if (held.hash === undefined) {
      held.hash = hashEntry(held.entry)
      this.#fingerprint.add(held.hash)
      this.#unhashed.delete(held)
    }
    return held.hash
  }

  /** One fingerprint of all entries. */
  fingerprint(): Hash {
    for (const held of this.#unhashed) this.hashOf(held)
    return this.#fingerprint.toString()
  }

  #uncount(held: Held): void {
    this.#bytes -= held.size
    if (held.value === undefined) this.#tombstones.delete(held)
    if (held.hash !== undefined) this.#fingerprint.subtract(held.hash)
  }
}

/** Whether an entry is nothing but a tombstone whose life is over. */
export const isOver = ({ base, fields }: Entry, time: number, life: number): boolean =>
  fields === undefined && base?.state === 'deleted' && isTombstoneOver(base.counter, time, life)

/** Bytes that an entry counts for, towards the limits. */
export const entrySize = (id: KeyId, { base, fields }: Entry): number => {
  let size = id.length + writeSize(base)
  if (fields !== undefined) for (const [name, write] of fields) size += name.length + writeSize(write)
  return size
}

const writeSize = (write: Write | undefined) =>
  write === undefined ? 0 : overhead + (write.value === undefined ? 0 : valueSize(write.value))
