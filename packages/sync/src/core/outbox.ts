import type { PeerId } from '@p2p/interfaces'
import { type Entry, type Moment, type Write, ageOf } from '@p2p/replica'
import type { Held, Table } from './table.ts'
import { Packer } from './packer.ts'
import type { KeyId } from './key.ts'

/** What this node wrote and has not broadcast yet. Several writes to a key are one: only what is held is sent. */
export class Outbox {
  readonly #self: PeerId
  readonly #table: Table
  /** Which fields of a key, or the whole of it. */
  readonly #waiting = new Map<KeyId, Set<string> | 'whole'>()

  constructor(self: PeerId, table: Table) {
    this.#self = self
    this.#table = table
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  addWhole(id: KeyId): void {
    this.#waiting.set(id, 'whole')
  }

  addFields(id: KeyId, names: Iterable<string>): void {
    const waiting = this.#waiting.get(id)
    if (waiting === 'whole') return
    this.#waiting.set(id, new Set([...(waiting ?? []), ...names]))
  }

  /** Takes out the entries of one broadcast, of about `size` bytes; none if what was waiting has been lost to other nodes' writes. */
  take(size: number, now: Moment): unknown[] {
    const packer = new Packer([this.#self])
    for (const [id, which] of this.#waiting) {
      if (packer.size >= size) break
      this.#waiting.delete(id)
      const held = this.#table.get(id)
      const mine = held && this.#ownPart(held, which)
      if (held && mine) packer.add(mine, held.size, held.seen === undefined ? 0 : ageOf(held.seen, now))
    }
    return packer.entries
  }

  #ownPart({ entry }: Held, which: Set<string> | 'whole'): Entry | undefined {
    const { key, base, fields } = entry
    const mine = (write: Write | undefined) => (write?.owner === this.#self ? write : undefined)
    const ownBase = which === 'whole' ? mine(base) : undefined
    const ownFields = new Map<string, Write>()
    for (const [name, write] of fields ?? []) {
      if ((which === 'whole' || which.has(name)) && mine(write)) ownFields.set(name, write)
    }
    if (ownBase === undefined && ownFields.size === 0) return undefined
    return { key, base: ownBase, fields: ownFields.size === 0 ? undefined : ownFields }
  }
}
