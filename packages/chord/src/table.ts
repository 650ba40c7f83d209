import { type Entry, Fingerprint, type Hash, hashEntry, merge, stampOrder } from '@p2p/replica'
import { entrySize, isDeleted } from './entries.ts'
import { type Position, isWithin } from './position.ts'

/** An entry where it lies. Replaced, never changed, but for what is computed late. */
export interface Held {
  readonly position: Position
  readonly entry: Entry
  readonly size: number
  /** When it came, by the monotonic clock. */
  readonly since: number
  hash: Hash | undefined
}

/** One of the five tables: what this node holds of it, in the order of the ring. */
export class Table {
  readonly #held = new Map<Position, Held>()
  readonly #order: Position[] = []
  #bytes = 0

  get size(): number {
    return this.#held.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(position: Position): Held | undefined {
    return this.#held.get(position)
  }

  /** What the entry would be after a merge; the held one itself where nothing is new. */
  merged(position: Position, entry: Entry): Entry {
    const held = this.#held.get(position)?.entry
    return held === undefined ? entry : merge(stampOrder, held, entry)
  }

  put(position: Position, entry: Entry, since: number): Held {
    const known = this.#held.get(position)
    if (known?.entry === entry) return known
    const held: Held = { position, entry, size: entrySize(entry), since, hash: undefined }
    if (known === undefined) this.#order.splice(this.#search(position), 0, position)
    this.#bytes += held.size - (known?.size ?? 0)
    this.#held.set(position, held)
    return held
  }

  delete(position: Position): void {
    const known = this.#held.get(position)
    if (known === undefined) return
    this.#held.delete(position)
    this.#bytes -= known.size
    this.#order.splice(this.#search(position), 1)
  }

  /** What is on `(from, to]`, clockwise; from a position to itself is all. Nothing may be put or taken away while it is read. */
  *range(from: Position, to: Position): Generator<Held, undefined> {
    const { length } = this.#order
    let first = this.#search(from)
    // The entry at `from` itself comes last, and only where the range is the whole ring.
    if (this.#order[first] === from) first++
    for (let step = 0; step < length; step++) {
      const position = this.#order[(first + step) % length] as Position
      if (!isWithin(position, from, to)) return
      yield this.#held.get(position) as Held
    }
  }

  [Symbol.iterator](): IterableIterator<Held> {
    return this.#held.values()
  }

  /** The sum of the hashes of what is on `(from, to]`, without what `without` says. */
  fingerprint(from: Position, to: Position, without: (entry: Entry) => boolean): Hash {
    const sum = new Fingerprint()
    for (const held of this.range(from, to)) if (!without(held.entry)) sum.add(hashOf(held))
    return sum.toString()
  }

  /** How many entries there are that are no deletions. */
  live(): number {
    let count = 0
    for (const { entry } of this.#held.values()) if (!isDeleted(entry)) count++
    return count
  }

  #search(position: Position): number {
    let low = 0
    let high = this.#order.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#order[middle] as Position) < position) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** An entry's hash, computed when it is first asked for. */
export const hashOf = (held: Held): Hash => (held.hash ??= hashEntry(held.entry))
