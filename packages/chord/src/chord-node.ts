import type { Contact, Messenger, P2PError, PeerId, WaitOptions } from '@p2p/interfaces'
import {
  type Entry,
  type Key,
  ReplicaError,
  type Stamp,
  type Value,
  copyValue,
  emptyEntry,
  entryValue,
  isMap,
  isOwnerId,
  merge,
  ownValue,
  plainWrite,
  stampOrder,
} from '@p2p/replica'
import type { Chord, ChordEvents, DumpedEntry, GetOptions, Lookup } from './chord.ts'
import { Engine } from './engine.ts'
import { isDeleted, versionOf } from './entries.ts'
import { ChordError, NoAgreementError, ValueTooLargeError } from './errors.ts'
import { type Explanation, explanationOf } from './explain.ts'
import { positionsOfKey } from './hashes.ts'
import { type Health, healthOf } from './health.ts'
import { checkKey, ownKey } from './key.ts'
import { Listeners } from './listeners.ts'
import { Neighbours } from './neighbours.ts'
import type { Settings } from './options.ts'
import { isWithin, toNumber, toPosition } from './position.ts'
import { majority, type Reading, type Until } from './reader.ts'
import { walk } from './walk.ts'
import type { Written } from './writer.ts'

/** Sets of one `update` that are under way at a time. */
const setsAtOnce = 16

/** The application's side of a node. */
export class ChordNode implements Chord {
  readonly name: string
  readonly #messenger: Messenger
  readonly #engine: Engine
  readonly #neighbours: Neighbours
  readonly #listeners = new Listeners()

  constructor(messenger: Messenger, settings: Settings) {
    if (!isOwnerId(messenger.self.id))
      throw new ChordError('P2P_BAD_OPTION', "the messenger's id is not 1 to 128 printable ASCII characters")
    this.name = settings.name
    this.#messenger = messenger
    this.#engine = new Engine(messenger, settings, {
      fail: this.#listeners.fail,
      listens: () => this.#listeners.wantsChanges,
      change: ({ type, key, writer, stamp }) => this.#listeners.emit(type, ownKey(key), { writer, stamp }),
    })
    this.#neighbours = new Neighbours(this.#engine, messenger)
  }

  get id(): bigint {
    return this.#neighbours.id
  }

  get leeching(): boolean {
    return !this.#engine.circle.onRing
  }

  get next(): Contact | undefined {
    return this.#neighbours.next
  }

  get previous(): Contact | undefined {
    return this.#neighbours.previous
  }

  get dataStoring(): readonly Contact[] {
    return Array.from(this.#engine.circle.members, ({ contact }) => contact)
  }

  get errors(): readonly P2PError[] {
    return this.#listeners.errors
  }

  /** The parts, for the simulator. */
  get engine(): Engine {
    return this.#engine
  }

  meet(contact: Contact | PeerId, options: WaitOptions = {}): Promise<boolean> {
    return this.#engine.meet(contact, options)
  }

  join(options: WaitOptions = {}): Promise<void> {
    return this.#engine.join(options)
  }

  unjoin(options: WaitOptions = {}): Promise<void> {
    return this.#engine.unjoin(options)
  }

  get(key: Key, options?: GetOptions): Promise<Value>
  get<D>(key: Key, options: GetOptions<D> & { readonly default: D }): Promise<Value | D>
  async get(key: Key, options: GetOptions<unknown> = {}): Promise<unknown> {
    const isAny = options.consistency === 'any'
    const { agreed, agreement, newest, told } = await this.#read(key, options, isAny ? 'five' : 'majority')
    const entry = agreement >= majority ? agreed : isAny ? newest : undefined
    if (entry !== undefined && !isDeleted(entry)) return valueOf(entry)
    if ('default' in options) return options.default
    const isAgreed = agreement >= majority || (isAny && newest !== undefined)
    if (isAgreed) throw new ChordError('P2P_KEY_ABSENT', 'there is nothing at this key')
    throw new NoAgreementError(told.filter(answer => answer !== undefined).length, newest && valueOf(newest))
  }

  async lookup(key: Key, options: WaitOptions = {}): Promise<Lookup> {
    const { agreed, agreement, newest } = await this.#read(key, options, 'five')
    const entry = agreement >= majority ? agreed : newest
    return {
      value: entry && valueOf(entry),
      agreed: agreement,
      version: newest && versionOf(entry ?? newest),
    }
  }

  async has(key: Key, options: WaitOptions = {}): Promise<boolean> {
    const absent = Symbol('absent')
    return (await this.get(key, { ...options, default: absent })) !== absent
  }

  async set(key: Key, value: Value, options: WaitOptions = {}): Promise<number> {
    const own = this.#checkKey(key)
    return this.#set(own, this.#checkValue(value), options)
  }

  async update(
    entries: Iterable<readonly [Key, Value]> | Readonly<Record<string, Value>>,
    options: WaitOptions = {},
  ): Promise<number> {
    const pairs = Symbol.iterator in entries ? [...entries] : Object.entries(entries)
    const checked = pairs.map(([key, value]) => [this.#checkKey(key), this.#checkValue(value)] as const)
    let least = 5
    const rest = checked.values()
    const work = async () => {
      for (const [key, value] of rest) least = Math.min(least, await this.#set(key, value, options))
    }
    await Promise.all(Array.from({ length: setsAtOnce }, work))
    return least
  }

  async applyDelta(
    key: Key,
    delta: Readonly<Record<string, unknown>>,
    options: WaitOptions = {},
  ): Promise<Value> {
    const own = this.#checkKey(key)
    const fields = this.#checkValue(delta as Value)
    if (!isMap(fields)) throw new TypeError('a delta is a map')
    const { agreed, agreement, told, newest } = await this.#read(own, options, 'majority')
    if (agreement < majority)
      throw new NoAgreementError(
        told.filter(answer => answer !== undefined).length,
        newest && valueOf(newest),
      )
    const before = agreed === undefined ? undefined : entryValue(agreed)
    if (before !== undefined && !isMap(before)) throw new TypeError('there is no map at this key')
    // Above what is there, or a field of it would win.
    if (newest !== undefined) this.#engine.store.observe(versionOf(newest).stamp)
    const names = Object.keys(fields)
    if (names.length === 0) return before ?? {}
    const { writer } = this.#engine
    const id = this.#messenger.self.id
    const written = await writer.write(
      own,
      stamp => ({
        key: own,
        base: undefined,
        fields: new Map(names.map(name => [name, plainWrite(id, stamp, 'held', fields[name])])),
      }),
      options,
    )
    this.#announce(before === undefined ? 'add' : 'update', written)
    return valueOf(merge(stampOrder, newest ?? emptyEntry(own), written.entry)) as Value
  }

  async delete(key: Key, options: WaitOptions = {}): Promise<boolean> {
    const own = this.#checkKey(key)
    // Also where three tables hold nothing: a set that failed may have reached another one, and would come back from there.
    const written = await this.#write(
      own,
      stamp => plainWrite(this.#messenger.self.id, stamp, 'deleted', undefined),
      options,
    )
    if (written.was) this.#announce('delete', written)
    return written.was
  }

  pop(key: Key, options?: GetOptions): Promise<Value>
  pop<D>(key: Key, options: GetOptions<D> & { readonly default: D }): Promise<Value | D>
  async pop(key: Key, options: GetOptions<unknown> = {}): Promise<unknown> {
    const absent = Symbol('absent')
    const value: unknown = await this.get(key, { ...options, default: absent })
    if (value !== absent) await this.delete(key, options)
    else if (!('default' in options)) throw new ChordError('P2P_KEY_ABSENT', 'there is nothing at this key')
    return value === absent ? options.default : value
  }

  async popitem(options: WaitOptions = {}): Promise<[Key, Value]> {
    const absent = Symbol('absent')
    for await (const key of this.keys(options)) {
      const value = await this.get(key, { ...options, default: absent })
      if (value === absent) continue
      await this.delete(key, options)
      return [key, value as Value]
    }
    throw new ChordError('P2P_KEY_ABSENT', 'the table is empty')
  }

  async *keys(options: WaitOptions = {}): AsyncGenerator<Key, undefined> {
    for await (const entry of this.#walk(options)) yield ownKey(entry.key)
  }

  async *values(options: WaitOptions = {}): AsyncGenerator<Value, undefined> {
    for await (const entry of this.#walk(options)) yield valueOf(entry) as Value
  }

  async *entries(options: WaitOptions = {}): AsyncGenerator<[Key, Value], undefined> {
    for await (const entry of this.#walk(options)) yield [ownKey(entry.key), valueOf(entry) as Value]
  }

  [Symbol.asyncIterator](): AsyncGenerator<[Key, Value], undefined> {
    return this.entries()
  }

  async copy(options: WaitOptions = {}): Promise<Map<Key, Value>> {
    this.#listeners.emit(
      'warning',
      'a copy of the table asks every process of the ring, and may not fit into memory',
    )
    const copy = new Map<Key, Value>()
    for await (const [key, value] of this.entries(options)) copy.set(key, value)
    return copy
  }

  successor(position: bigint, options: WaitOptions = {}): Promise<Contact> {
    return this.#neighbours.successor(position, options)
  }

  nextHop(position: bigint): Contact {
    return this.#neighbours.nextHop(position)
  }

  previousHop(position: bigint): Contact {
    return this.#neighbours.previousHop(position)
  }

  dump(start = 0n, end = -1n): readonly (readonly DumpedEntry[])[] {
    const from = toPosition(start - 1n)
    const to = toPosition(end)
    return this.#engine.store.tables.map(table =>
      [...table.range(from, to)]
        .filter(({ position }) => isWithin(position, from, to))
        .map(({ position, entry }) => ({
          key: ownKey(entry.key),
          value: valueOf(entry),
          position: toNumber(position),
        })),
    )
  }

  disconnectLeastEfficient(): boolean {
    return this.#neighbours.disconnectLeastEfficient()
  }

  health(): Health {
    const { circle, store, upkeep, repair, now } = this.#engine
    return healthOf(circle, store, upkeep, repair, now)
  }

  async explain(key: Key, options: WaitOptions = {}): Promise<Explanation> {
    const own = this.#checkKey(key)
    const positions = positionsOfKey(own)
    const { upkeep, settings } = this.#engine
    const limits = { timeout: 10_000, ...options }
    const holders = positions.map(async position => {
      const { owner, following } = await this.#engine.within(
        upkeep.successor(position),
        limits,
        'the owner of a table',
      )
      return [owner, ...following]
    })
    const [owners, reading] = await Promise.all([Promise.allSettled(holders), this.#read(own, limits, 'all')])
    const known = owners.map(owner => (owner.status === 'fulfilled' ? owner.value : undefined))
    return explanationOf(positions.map(toNumber), known, settings.copies, reading)
  }

  on<E extends keyof ChordEvents>(event: E, listener: ChordEvents[E]): this {
    this.#listeners.on(event, listener)
    this.#engine.interest.declare()
    return this
  }

  once<E extends keyof ChordEvents>(event: E, listener: ChordEvents[E]): this {
    this.#listeners.once(event, listener)
    this.#engine.interest.declare()
    return this
  }

  off<E extends keyof ChordEvents>(event: E, listener: ChordEvents[E]): this {
    this.#listeners.off(event, listener)
    return this
  }

  close(): Promise<void> {
    return this.#engine.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #checkKey(key: Key): Key {
    this.#engine.checkOpen()
    return checkKey(key, this.#engine.settings.limits.keyLength)
  }

  #checkValue(value: Value): Value {
    const { valueSize } = this.#engine.settings.limits
    try {
      return ownValue(value, valueSize)
    } catch (cause) {
      if (cause instanceof ReplicaError) throw new ValueTooLargeError(valueSize, { cause })
      throw cause
    }
  }

  #read(key: Key, options: WaitOptions, until: Until): Promise<Reading> {
    return this.#engine.reader.read(this.#checkKey(key), options, until)
  }

  #walk(options: WaitOptions): AsyncGenerator<Entry, undefined> {
    this.#engine.checkOpen()
    const { upkeep, caller, settings } = this.#engine
    return walk({ upkeep, caller, settings, options })
  }

  async #set(key: Key, value: Value, options: WaitOptions): Promise<number> {
    const written = await this.#write(
      key,
      stamp => plainWrite(this.#messenger.self.id, stamp, 'held', value),
      options,
    )
    this.#announce(written.was ? 'update' : 'add', written)
    return written.tables
  }

  #write(key: Key, make: (stamp: Stamp) => Entry['base'], options: WaitOptions): Promise<Written> {
    return this.#engine.writer.write(key, stamp => ({ key, base: make(stamp), fields: undefined }), options)
  }

  #announce(type: 'add' | 'update' | 'delete', { entry }: Written): void {
    if (!this.#engine.caller.closed)
      this.#engine.spread.announce({ type, key: entry.key, ...versionOf(entry) })
  }
}

/** What is handed out: bytes in it are the caller's own. */
const valueOf = (entry: Entry): Value | undefined => {
  const value = entryValue(entry)
  return value === undefined ? undefined : copyValue(value)
}
