import type { PeerId } from '@p2p/interfaces'
import { type Entry, type Write, stateNumbers } from '@p2p/replica'

// What an entry takes in a message beside its key and value: numbers, an index, a state.
const overhead = 40

/** Collects entries for one message, with the table of owners that they refer to. PROTOCOL.md has the grammar. */
export class Packer {
  readonly owners: PeerId[]
  readonly entries: unknown[] = []
  /** About how many bytes the entries take. */
  size = 0
  readonly #index: Map<PeerId, number>

  constructor(owners: PeerId[] = []) {
    this.owners = owners
    this.#index = new Map(owners.map((owner, index) => [owner, index]))
  }

  /** @param size bytes of key and value, about; @param age of the lease, in milliseconds */
  add(entry: Entry, size: number, age: number): void {
    const { key, base, fields } = entry
    this.size += size + overhead
    if (base !== undefined && base.epoch > 0) {
      this.entries.push([
        key,
        this.#owner(base),
        base.epoch,
        base.start.time,
        base.start.count,
        base.counter.time,
        base.counter.count,
        stateNumbers[base.state],
        age,
        base.value ?? null,
      ])
      return
    }
    const later: unknown[] = []
    for (const [name, write] of fields ?? []) later.push([name, ...this.#stamped(write), write.value])
    this.entries.push([
      key,
      base === undefined ? null : [...this.#stamped(base), stateNumbers[base.state], base.value ?? null],
      later,
    ])
  }

  #stamped(write: Write): number[] {
    return [this.#owner(write), write.counter.time, write.counter.count]
  }

  #owner({ owner }: Write): number {
    let index = this.#index.get(owner)
    if (index === undefined) {
      index = this.owners.length
      this.owners.push(owner)
      this.#index.set(owner, index)
    }
    return index
  }
}
