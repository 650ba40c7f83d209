import { P2PError, type PeerId } from '@p2p/interfaces'
import {
  type Entry,
  HybridClock,
  type Moment,
  type Stamp,
  type Value,
  type VersionVector,
  type Write,
  type WriteState,
  compareStamps,
  compareWrites,
  emptyEntry,
  isEpochAhead,
  isMap,
  joinVectors,
  merge,
  plainWrite,
  sight,
  sightAgain,
  sightOwn,
  stampOrder,
  valueSize,
} from '@p2p/replica'
import { SyncError, type SyncErrorCode } from '../errors.ts'
import type { SyncLimits } from '../options.ts'
import type { Gain } from './conversation.ts'
import type { Effect } from './effects.ts'
import { vectorLimit } from './grammar.ts'
import { type KeyId, keyOf } from './key.ts'
import { Leases } from './leases.ts'
import { Outbox } from './outbox.ts'
import type { Told } from './parse-entries.ts'
import { type Rules, plainRules } from './rules.ts'
import { type Held, Table, entrySize, isOver } from './table.ts'

/** What all replicas of a dictionary must agree on, and the limits of this one. */
export interface ReplicaSettings {
  /** Milliseconds; 0 without leases. */
  readonly lease: number
  readonly tombstoneLife: number
  readonly limits: SyncLimits
}

// Milliseconds for which a write may be on its way as a broadcast.
const underWay = 1_000

// How many peers of another kind are remembered, so as not to speak of them twice.
const foreignLimit = 1000

/** A write of the application's, checked. */
export interface Assignment {
  readonly id: KeyId
  readonly value: Value
}

/**
 * One node's replica as a state machine: local writes and what peers told go in, effects for the application and entries to broadcast come out.
 * It has no clock: every call is told the moment.
 */
export class Replica {
  readonly self: PeerId
  readonly settings: ReplicaSettings
  readonly table: Table = new Table()
  readonly clock: HybridClock
  readonly leases: Leases | undefined
  readonly outbox: Outbox
  /** What the application is to be told, in order. Whoever drives the replica takes it out. */
  readonly effects: Effect[] = []
  readonly counts: { accepted: number; refused: number; conflicts: number } = {
    accepted: 0,
    refused: 0,
    conflicts: 0,
  }
  readonly #rules: Rules
  #vector: VersionVector = new Map()
  #caughtUp = false
  /** Peers with other settings, and what was said about them. */
  readonly #foreign = new Map<PeerId, string>()
  /** The last stamp under which this node wrote, in this life. */
  #written: Stamp | undefined

  constructor(self: PeerId, settings: ReplicaSettings) {
    this.self = self
    this.settings = settings
    this.clock = new HybridClock({ skew: settings.limits.skew })
    this.leases = settings.lease > 0 ? new Leases(self, settings.lease, settings.tombstoneLife) : undefined
    this.#rules = this.leases ?? plainRules(self)
    this.outbox = new Outbox(self, this.table)
  }

  /** Whether a catching-up with a neighbour has been completed. */
  get caughtUp(): boolean {
    return this.#caughtUp
  }

  /**
   * Writes values, all or none of them.
   *
   * @throws LeaseError, `P2P_REPLICA_FULL`, `P2P_STAMP_AHEAD`; nothing is written then
   */
  assign(assignments: readonly Assignment[], now: Moment): void {
    this.#reserve(assignments, now)
    // Each takes a stamp: so many that they run into the next milliseconds, at worst.
    this.clock.check(
      { time: this.clock.read(now.wall) + Math.ceil(assignments.length / 2 ** 16), count: 0 },
      now.wall,
    )
    for (const { id, value } of assignments) this.#announce(this.#write(id, 'held', value, now))
  }

  /** Deletes what is held at a key. @returns whether there was anything. @throws LeaseError, `P2P_STAMP_AHEAD` */
  remove(held: Held | undefined, now: Moment): boolean {
    if (held?.value === undefined) return false
    this.#rules.check(held, now)
    this.#announce(this.#write(held.id, 'deleted', undefined, now))
    return true
  }

  /**
   * Renews a lease of this node's, also one that has lapsed and that nobody took over, or gives it up and leaves the value.
   *
   * @returns whether there was one. @throws LeaseError, `P2P_STAMP_AHEAD`
   */
  restate(held: Held | undefined, state: 'held' | 'released', now: Moment): boolean {
    if (held?.value === undefined || this.leases === undefined) return false
    this.#rules.check(held, now)
    if (held.entry.base?.owner !== this.self) return false
    if (state === 'released' && this.leases.remaining(held, now) <= 0) return false
    this.#announce(this.#write(held.id, state, held.value, now))
    return true
  }

  /**
   * Puts the members of a map on top of the map that is held, or of none.
   *
   * @throws `TypeError` where something else is held; `P2P_VALUE_TOO_LARGE` and as {@link assign}
   */
  applyDelta(id: KeyId, patch: { readonly [name: string]: Value }, now: Moment): void {
    const held = this.table.get(id)
    this.#rules.check(held, now)
    if (held?.value !== undefined && !isMap(held.value)) {
      throw new TypeError('a delta is applied to a map, and something else is held at this key')
    }
    const value = Object.freeze({ ...held?.value, ...patch })
    const limit = this.settings.limits.valueSize
    if (valueSize(value) > limit) {
      throw new SyncError(
        'P2P_VALUE_TOO_LARGE',
        `with this delta the value would take more than ${limit} bytes`,
      )
    }
    if (this.#rules.leased) {
      this.assign([{ id, value }], now)
      return
    }
    if (Object.keys(patch).length === 0) return
    this.#reserve([{ id, value }], now)
    const counter = this.#tick(now)
    const fields = new Map(
      Object.entries(patch).map(([name, field]) => [name, plainWrite(this.self, counter, 'held', field)]),
    )
    const mine = held?.entry ?? emptyEntry(keyOf(id))
    const merged = merge(this.#rules.order, mine, { key: mine.key, base: undefined, fields })
    this.#announce(this.table.put(held, id, merged, undefined))
    this.outbox.addFields(id, fields.keys())
  }

  /**
   * Takes in what a peer told.
   *
   * @param told errors among the entries are those that the reader found already
   * @returns what came of it; the application is told why entries were refused, once for each reason
   */
  receive(told: readonly (Told | P2PError)[], peer: PeerId, now: Moment): Gain {
    let late = 0
    const refusals: P2PError[] = []
    for (const item of told) {
      try {
        if (item instanceof Error) throw item
        if (!this.#accept(item, now)) continue
        this.counts.accepted++
        if (lastWrite(item.entry).counter.time + underWay <= this.clock.read(now.wall)) late++
      } catch (error) {
        if (!P2PError.is(error)) throw error
        refusals.push(error)
      }
    }
    this.counts.refused += refusals.length
    for (const [code, error] of new Map(refusals.map(refusal => [refusal.code, refusal]))) {
      const count = refusals.filter(refusal => refusal.code === code).length
      const message = `refused ${count} of ${told.length} entries from ${peer}: ${error.message}`
      this.effects.push({
        type: 'error',
        error: new SyncError(code as SyncErrorCode, message, { peer, cause: error }),
      })
    }
    return { late, refused: refusals.length }
  }

  /** Tells the application that a peer keeps another kind of dictionary: once, and again only if that changes. */
  report(error: SyncError): void {
    const { peer = '', message } = error
    if (this.#foreign.get(peer) === message) return
    if (this.#foreign.size >= foreignLimit) this.#foreign.clear()
    this.#foreign.set(peer, message)
    this.effects.push({ type: 'error', error })
  }

  /** Drops tombstones whose life is over. */
  expire(now: Moment): void {
    this.table.dropTombstones(this.clock.read(now.wall), this.settings.tombstoneLife)
  }

  /** Owner → the highest counter up to which this replica has everything. */
  vector(): VersionVector {
    // What this node wrote in an earlier life may be missing until it has caught up with somebody.
    if (this.#written === undefined || !this.#caughtUp) return this.#vector
    return joinVectors(this.#vector, new Map([[this.self, this.#written]]))
  }

  /** A catching-up is complete: this replica now has all that `theirs` stands for, if that is given. */
  completeCatchUp(theirs: VersionVector | undefined): void {
    this.#caughtUp = true
    if (theirs === undefined) return
    this.#vector = joinVectors(this.#vector, theirs)
    if (this.#vector.size > vectorLimit) this.#forgetOwners()
  }

  #write(id: KeyId, state: WriteState, value: Value | undefined, now: Moment): Held {
    const held = this.table.get(id)
    const { epoch, start, owner, counter } = this.#rules.version(held, this.#tick(now), now)
    const base: Write = { epoch, start, owner, counter, state, value }
    const key = held === undefined ? keyOf(id) : held.entry.key
    const seen = this.#rules.leased ? sightOwn(now) : undefined
    this.outbox.addWhole(id)
    return this.table.put(held, id, { key, base, fields: undefined }, seen)
  }

  #tick(now: Moment): Stamp {
    this.#written = this.clock.tick(now.wall)
    return this.#written
  }

  /** @returns whether it was news */
  #accept({ id, entry, age }: Told, now: Moment): boolean {
    this.#checkVersions(entry, now)
    const held = this.table.get(id)
    const merged = held === undefined ? entry : merge(this.#rules.order, held.entry, entry)
    if (held !== undefined && merged === held.entry) {
      this.#seeAgain(held, entry, age, now)
      this.#observe(entry, now)
      return false
    }
    const over = isOver(merged, this.clock.read(now.wall), this.settings.tombstoneLife)
    if (!over) this.#checkRoom(id, merged, held)
    this.#observe(entry, now)
    if (over && held === undefined) return false
    this.#replace(held, id, merged, age, now)
    if (over) this.expire(now)
    return true
  }

  #replace(held: Held | undefined, id: KeyId, merged: Entry, age: number, now: Moment): void {
    const before = held && { write: held.entry.base, seen: held.seen, value: held.value }
    const winner = this.table.put(held, id, merged, this.#rules.leased ? sight(age, now) : undefined)
    const mine = before?.write?.owner === this.self ? before.write : undefined
    const fate = mine && this.#rules.fate(mine, before?.seen, winner, now)
    if (mine && fate === 'reissued' && this.#reissue(winner, mine, now)) return
    if (winner.value !== undefined || before?.value !== undefined) this.#announce(winner)
    if (fate === undefined || fate === 'followed') return
    this.counts.conflicts++
    this.effects.push({
      type: 'conflict',
      id,
      key: merged.key,
      lost: mine?.value,
      value: winner.value,
      write: lastWrite(merged),
    })
  }

  /** @returns whether it could: not with a clock so far behind that the others would refuse what it stamps */
  #reissue(winner: Held, mine: Write, now: Moment): boolean {
    try {
      const again = this.#write(winner.id, mine.state, mine.value, now)
      if (again.value !== undefined) this.#announce(again)
      return true
    } catch (error) {
      if (!P2PError.is(error)) throw error
      this.effects.push({ type: 'error', error })
      return false
    }
  }

  #seeAgain(held: Held, { base }: Entry, age: number, now: Moment): void {
    const known = held.entry.base
    if (held.seen === undefined || known === undefined || base === undefined) return
    if (compareWrites(this.#rules.order, held.entry.key, known, base) !== 0) return
    held.seen = sightAgain(held.seen, age, now)
  }

  #announce({ id, entry, value }: Held): void {
    const { key } = entry
    const write = lastWrite(entry)
    this.effects.push(
      value === undefined ? { type: 'delete', id, key, write } : { type: 'update', id, key, value, write },
    )
  }

  #checkVersions({ base, fields }: Entry, now: Moment): void {
    if (base !== undefined) {
      this.clock.check(base.counter, now.wall)
      const { epoch } = base
      if (isEpochAhead(epoch, this.clock.read(now.wall), this.settings.tombstoneLife)) {
        throw new SyncError('P2P_EPOCH_AHEAD', `epoch ${epoch} is further ahead than any tolerable clock`)
      }
    }
    for (const { counter } of fields?.values() ?? []) this.clock.check(counter, now.wall)
  }

  #observe({ base, fields }: Entry, now: Moment): void {
    if (base !== undefined) this.clock.observe(base.counter, now.wall)
    for (const { counter } of fields?.values() ?? []) this.clock.observe(counter, now.wall)
  }

  /** Room for an entry that peers wrote: as much again as a value may have, since concurrent deltas add up. */
  #checkRoom(id: KeyId, entry: Entry, held: Held | undefined): void {
    const { limits } = this.settings
    const size = entrySize(id, entry)
    if (size > 2 * limits.valueSize + limits.keyLength) {
      throw new SyncError('P2P_REPLICA_FULL', `an entry has grown to ${size} bytes`)
    }
    this.#checkTotals(held === undefined ? 1 : 0, size - (held?.size ?? 0))
  }

  #reserve(assignments: readonly Assignment[], now: Moment): void {
    let entries = 0
    let bytes = 0
    for (const { id, value } of assignments) {
      const held = this.table.get(id)
      this.#rules.check(held, now)
      if (held === undefined) entries++
      bytes += id.length + 64 + valueSize(value) - (held?.size ?? 0)
    }
    this.#checkTotals(entries, bytes)
  }

  #checkTotals(entries: number, bytes: number): void {
    const { limits } = this.settings
    if (
      this.table.size + entries > limits.entries ||
      (bytes > 0 && this.table.bytes + bytes > limits.bytes)
    ) {
      throw new SyncError(
        'P2P_REPLICA_FULL',
        `no room: ${this.table.size} entries of at most ${limits.entries}, ${this.table.bytes} bytes of at most ${limits.bytes}`,
      )
    }
  }

  #forgetOwners(): void {
    const owners = new Set<PeerId>()
    for (const { entry } of this.table) {
      if (entry.base !== undefined) owners.add(entry.base.owner)
      for (const { owner } of entry.fields?.values() ?? []) owners.add(owner)
    }
    // Of an owner without entries here nothing is lost by forgetting it; of the others, only that something is told twice.
    const kept = [...this.#vector].filter(([owner]) => owners.has(owner))
    kept.sort(([, a], [, b]) => compareStamps(b, a))
    this.#vector = new Map(kept.slice(0, vectorLimit))
  }
}

/** The write that an entry's meta information is about: the last one. */
export const lastWrite = ({ base, fields }: Entry): Write => {
  let last = base
  for (const write of fields?.values() ?? []) {
    if (last === undefined || stampOrder(write, last) > 0) last = write
  }
  return last as Write
}
