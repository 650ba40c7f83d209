import { type Entry, HybridClock, equalValues, isTombstoneOver, type Stamp } from '@p2p/replica'
import { entrySize, isDeleted, versionOf } from './entries.ts'
import { ChordError } from './errors.ts'
import { positionOfKey } from './hashes.ts'
import type { Settings } from './options.ts'
import type { Position } from './position.ts'
import { type Held, Table } from './table.ts'

/** The five tables of a node, their limits, and its hybrid clock. */
export class Store {
  readonly tables: readonly Table[] = Array.from({ length: 5 }, () => new Table())
  readonly #settings: Settings
  readonly #hybrid: HybridClock

  constructor(settings: Settings) {
    this.#settings = settings
    this.#hybrid = new HybridClock({ skew: settings.limits.skew })
  }

  table(index: number): Table {
    return this.tables[index] as Table
  }

  get size(): number {
    return this.tables.reduce((sum, { size }) => sum + size, 0)
  }

  get bytes(): number {
    return this.tables.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** Where an entry lies in a table. */
  positionOf({ key }: Entry, table: number): Position {
    return positionOfKey(key, table)
  }

  /** A stamp above all that this node made or saw. @throws `P2P_STAMP_AHEAD` */
  tick(): Stamp {
    return this.#hybrid.tick(this.#settings.clock.now())
  }

  /** @throws `P2P_STAMP_AHEAD` */
  observe(stamp: Stamp): void {
    this.#hybrid.observe(stamp, this.#settings.clock.now())
  }

  /** What is held, if it is not a deletion whose time is over. */
  get(table: number, position: Position): Held | undefined {
    const held = this.table(table).get(position)
    return held === undefined || this.isOver(held.entry) ? undefined : held
  }

  /** Whether an entry is a deletion that is not remembered any more. */
  readonly isOver = (entry: Entry): boolean =>
    isDeleted(entry) &&
    isTombstoneOver(
      versionOf(entry).stamp,
      this.#hybrid.read(this.#settings.clock.now()),
      this.#settings.tombstoneLife,
    )

  /**
   * Merges an entry in.
   *
   * @throws `P2P_MALFORMED` where the key does not lie there, `P2P_STAMP_AHEAD`, `P2P_TABLE_FULL`
   */
  put(table: number, position: Position, entry: Entry): Held | undefined {
    if (this.isOver(entry)) return this.get(table, position)
    const { limits, clock } = this.#settings
    const held = this.table(table)
    const merged = held.merged(position, entry)
    const known = held.get(position)
    if (merged === known?.entry) return known
    // What lies at a position lies there rightly, and another key with the same digest would be news.
    const isKnown = known !== undefined && equalValues(known.entry.key, entry.key)
    if (!isKnown && positionOfKey(entry.key, table) !== position)
      throw new ChordError('P2P_MALFORMED', 'a key does not lie where it is said to')
    this.observe(versionOf(entry).stamp)
    const more = entrySize(merged) - (known?.size ?? 0)
    if (
      (known === undefined && this.size >= limits.entries) ||
      (more > 0 && this.bytes + more > limits.bytes)
    )
      throw new ChordError('P2P_TABLE_FULL', 'there is no room for another entry')
    return held.put(position, merged, clock.monotonic())
  }

  /** Forgets deletions whose time is over. */
  expire(): void {
    for (const table of this.tables) {
      const over: Position[] = []
      for (const { position, entry } of table) if (this.isOver(entry)) over.push(position)
      for (const position of over) table.delete(position)
    }
  }
}
