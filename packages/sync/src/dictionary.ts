import { type Group, type Incoming, P2PError, type WaitOptions, WaitError } from '@p2p/interfaces'
import { type Key, type Moment, type Value, copyValue, isMap, isOwnerId, ownValue } from '@p2p/replica'
import { nextBroadcast, takeBroadcast } from './core/broadcasts.ts'
import { checkKey } from './core/key.ts'
import { type Assignment, Replica } from './core/replica.ts'
import { Responder } from './core/responder.ts'
import type { Held } from './core/table.ts'
import { SyncError } from './errors.ts'
import { Listeners } from './listeners.ts'
import { Neighbours } from './neighbours.ts'
import type { Settings } from './options.ts'
import type { KeyState, Meta, Ownership, Sync, SyncEvents, SyncStats } from './sync.ts'
import { Teller } from './teller.ts'
import type { Watch } from './watch.ts'

// Broadcasts of one turn, 256 KiB each, and the pause in milliseconds before the next: what a group queues has a limit.
const burst = 16
const burstPause = 20

/** Binds a replica to a group, a clock and the application. */
export class Dictionary implements Sync {
  readonly name: string
  readonly #group: Group
  readonly #settings: Settings
  readonly #protocol: string
  readonly #replica: Replica
  readonly #responder: Responder
  readonly #neighbours: Neighbours
  readonly #listeners = new Listeners()
  readonly #teller: Teller
  readonly #handling: Disposable
  #broadcasts = 0
  #flushing = false
  #pause: Disposable | undefined
  #closed: Promise<void> | undefined

  constructor(group: Group, settings: Settings) {
    if (!isOwnerId(group.self.id)) {
      throw new SyncError('P2P_BAD_OPTION', "the group's id is not 1 to 128 printable ASCII characters")
    }
    this.name = settings.name
    this.#group = group
    this.#settings = settings
    this.#protocol = `/sync/1/${settings.name}`
    this.#replica = new Replica(group.self.id, settings)
    this.#responder = new Responder(this.#replica)
    this.#teller = new Teller(this.#replica, this.#listeners, settings.clock)
    this.#neighbours = new Neighbours({
      group,
      protocol: this.#protocol,
      replica: this.#replica,
      settings,
      moment: this.#moment,
      isDrivenBy: peer => this.#responder.isDrivenBy(peer, this.#moment()),
      perform: this.#perform,
      fail: this.#listeners.fail,
    })
    this.#handling = group.handle(this.#protocol, message => this.#handle(message))
    this.#neighbours.start()
  }

  get size(): number {
    return this.#replica.table.live
  }

  get errors(): readonly P2PError[] {
    return this.#listeners.errors
  }

  get(key: Key): Value | undefined
  get<D>(key: Key, fallback: D): Value | D
  get(key: Key, fallback?: unknown): unknown {
    const held = this.#replica.table.find(key)
    if (held?.value === undefined) return fallback
    return held.hasBytes ? copyValue(held.value) : held.value
  }

  require(key: Key): Value {
    return this.#present(this.#replica.table.find(key))
  }

  has(key: Key): boolean {
    return this.#replica.table.find(key)?.value !== undefined
  }

  *keys(): Generator<Key, undefined> {
    for (const held of this.#live()) yield publicKey(held)
  }

  *values(): Generator<Value, undefined> {
    for (const held of this.#live()) yield this.#present(held)
  }

  *entries(): Generator<[Key, Value], undefined> {
    for (const held of this.#live()) yield [publicKey(held), this.#present(held)]
  }

  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.entries()
  }

  forEach(callback: (value: Value, key: Key, sync: Sync) => void): void {
    for (const [key, value] of this) callback(value, key, this)
  }

  copy(): Map<Key, Value> {
    return new Map(this)
  }

  meta(key: Key): Meta | undefined {
    const held = this.#replica.table.find(key)
    return held?.value === undefined ? undefined : this.#teller.metaOf(held)
  }

  fingerprint(): string {
    return this.#replica.table.fingerprint()
  }

  set(key: Key, value: Value): this {
    this.#write([this.#check(key, value)])
    return this
  }

  update(entries: Iterable<readonly [Key, Value]> | Readonly<Record<string, Value>>): void {
    const pairs = Symbol.iterator in entries ? [...entries] : Object.entries(entries)
    this.#write(pairs.map(([key, value]) => this.#check(key, value)))
  }

  applyDelta(key: Key, patch: Readonly<Record<string, unknown>>): void {
    this.#checkOpen()
    const { id, value } = this.#check(key, patch)
    if (!isMap(value)) throw new TypeError('a delta is a map')
    this.#replica.applyDelta(id, value, this.#moment())
    this.#perform()
  }

  delete(key: Key): boolean {
    return this.#remove(this.#replica.table.find(key))
  }

  pop(key: Key): Value
  pop<D>(key: Key, fallback: D): Value | D
  pop(key: Key, ...fallback: [] | [unknown]): unknown {
    const held = this.#replica.table.find(key)
    if (held?.value === undefined && fallback.length > 0) return fallback[0]
    const value = this.#present(held)
    this.#remove(held)
    return value
  }

  popitem(): [Key, Value] {
    const now = this.#moment()
    const { leases, self } = this.#replica
    for (const held of this.#live()) {
      if (leases && (held.entry.base?.owner !== self || leases.remaining(held, now) <= 0)) continue
      const item: [Key, Value] = [publicKey(held), this.#present(held)]
      this.#remove(held)
      return item
    }
    throw new SyncError('P2P_KEY_ABSENT', 'there is nothing that this node could take')
  }

  owner(key: Key): Ownership | undefined {
    const held = this.#replica.table.find(key)
    return held && this.#teller.ownershipOf(held, this.#moment())
  }

  renew(key: Key): boolean {
    return this.#restate(key, 'held')
  }

  release(key: Key): boolean {
    return this.#restate(key, 'released')
  }

  watch(key: Key, options: Pick<WaitOptions, 'signal'> = {}): Watch<KeyState> {
    this.#checkOpen()
    return this.#teller.watch(checkKey(key, this.#settings.limits.keyLength), options.signal)
  }

  async ready(options: WaitOptions = {}): Promise<void> {
    try {
      await this.#neighbours.ready(options)
    } catch (error) {
      const reason = this.errors.at(-1)
      if (!P2PError.is(error, 'P2P_TIMEOUT') || reason === undefined) throw error
      throw new WaitError('P2P_TIMEOUT', `${error.message}; ${reason.message}`, { cause: reason })
    }
  }

  async flushed(options: WaitOptions = {}): Promise<number> {
    this.#flush()
    return this.#neighbours.all(options)
  }

  on<E extends keyof SyncEvents>(event: E, listener: SyncEvents[E]): this {
    this.#listeners.on(event, listener)
    return this
  }

  once<E extends keyof SyncEvents>(event: E, listener: SyncEvents[E]): this {
    this.#listeners.once(event, listener)
    return this
  }

  off<E extends keyof SyncEvents>(event: E, listener: SyncEvents[E]): this {
    this.#listeners.off(event, listener)
    return this
  }

  stats(): SyncStats {
    const { table, counts } = this.#replica
    return {
      entries: table.live,
      tombstones: table.size - table.live,
      bytes: table.bytes,
      broadcasts: this.#broadcasts,
      ...counts,
      ...this.#neighbours.counts,
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #shutDown(): Promise<void> {
    this.#broadcastAll(Infinity)
    this.#pause?.[Symbol.dispose]()
    this.#handling[Symbol.dispose]()
    this.#teller.end()
    await this.#neighbours.close()
  }

  readonly #moment = (): Moment => {
    const { clock } = this.#settings
    return { wall: clock.now(), monotonic: clock.monotonic() }
  }

  #checkOpen(): void {
    if (this.#closed !== undefined)
      throw new SyncError('P2P_CLOSED', `the dictionary ${this.name} was closed`)
  }

  #check(key: Key, value: unknown): Assignment {
    const { keyLength, valueSize } = this.#settings.limits
    return { id: checkKey(key, keyLength), value: ownValue(value, valueSize) }
  }

  #write(assignments: readonly Assignment[]): void {
    this.#checkOpen()
    this.#replica.assign(assignments, this.#moment())
    this.#perform()
  }

  #remove(held: Held | undefined): boolean {
    this.#checkOpen()
    const removed = this.#replica.remove(held, this.#moment())
    this.#perform()
    return removed
  }

  #restate(key: Key, state: 'held' | 'released'): boolean {
    this.#checkOpen()
    const restated = this.#replica.restate(this.#replica.table.find(key), state, this.#moment())
    this.#perform()
    return restated
  }

  *#live(): Generator<Held, undefined> {
    for (const held of this.#replica.table) if (held.value !== undefined) yield held
  }

  #present(held: Held | undefined): Value {
    if (held?.value === undefined) throw new SyncError('P2P_KEY_ABSENT', 'there is nothing at this key')
    return held.hasBytes ? copyValue(held.value) : held.value
  }

  #handle({ kind, from, body, age }: Incoming): unknown {
    const now = this.#moment()
    try {
      if (kind === 'broadcast') {
        takeBroadcast(this.#replica, from.id, body, Math.max(0, age ?? 0), now)
        return undefined
      }
      const { body: answer, completed } = this.#responder.answer(
        from.id,
        body,
        now,
        this.#neighbours.drives(from.id),
      )
      if (completed !== undefined) this.#neighbours.answered(from.id, completed)
      return answer
    } catch (error) {
      if (!P2PError.is(error)) throw error
      this.#complain(error, from.id)
      if (kind === 'broadcast') return undefined
      throw error
    } finally {
      this.#perform()
    }
  }

  #complain(cause: P2PError, peer: string): void {
    this.#listeners.fail(
      new SyncError('P2P_MALFORMED', `a message of ${peer}: ${cause.message}`, { peer, cause }),
    )
  }

  /** Does what the replica wants done. */
  readonly #perform = (): void => {
    this.#teller.tell()
    if (this.#flushing || this.#replica.outbox.isEmpty) return
    this.#flushing = true
    queueMicrotask(this.#flush)
  }

  readonly #flush = (): void => {
    this.#flushing = false
    if (this.#pause !== undefined || this.#closed !== undefined) return
    this.#broadcastAll(burst)
    if (this.#replica.outbox.isEmpty) return
    this.#pause = this.#settings.clock.after(burstPause, () => {
      this.#pause = undefined
      this.#flush()
    })
  }

  #broadcastAll(atMost: number): void {
    for (let count = 0; count < atMost; count++) {
      const body = nextBroadcast(this.#replica, this.#moment())
      if (body === undefined) return
      try {
        this.#group.broadcast(this.#protocol, body)
        this.#broadcasts++
      } catch (cause) {
        // The neighbours will get it by catching up, if it can be sent at all.
        this.#listeners.fail(new SyncError('P2P_BROADCAST_FAILED', 'the group took no broadcast', { cause }))
      }
    }
  }
}

// Bytes are the caller's own: the replica's must not be changed.
const publicKey = ({ entry: { key } }: Held): Key => (typeof key === 'string' ? key : key.slice())
