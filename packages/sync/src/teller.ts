import type { Clock } from '@p2p/interfaces'
import { type Key, type Moment, type Write, copyValue, fencingToken } from '@p2p/replica'
import type { Effect } from './core/effects.ts'
import { type KeyId, keyOf } from './core/key.ts'
import { type Replica, lastWrite } from './core/replica.ts'
import type { Held } from './core/table.ts'
import type { Listeners } from './listeners.ts'
import type { KeyState, Meta, Ownership } from './sync.ts'
import { Watch } from './watch.ts'

/** Tells the application what happened in the replica: listeners, and those who watch a key. */
export class Teller {
  readonly #replica: Replica
  readonly #listeners: Listeners
  readonly #clock: Clock
  readonly #watches = new Map<KeyId, Set<Watch<KeyState>>>()
  #telling = false

  constructor(replica: Replica, listeners: Listeners, clock: Clock) {
    this.#replica = replica
    this.#listeners = listeners
    this.#clock = clock
  }

  /** Tells all there is, in order: what a listener's own writes add comes after it. */
  tell(): void {
    const { effects } = this.#replica
    if (this.#telling || effects.length === 0) return
    this.#telling = true
    // The list may grow meanwhile.
    for (let index = 0; index < effects.length; index++) this.#tellOne(effects[index] as Effect)
    effects.length = 0
    this.#telling = false
  }

  metaOf({ entry }: Held): Meta {
    return this.#meta(entry.key, lastWrite(entry))
  }

  ownershipOf(held: Held, now: Moment): Ownership | undefined {
    const { leases, self } = this.#replica
    const write = held.entry.base
    if (leases === undefined || write === undefined) return undefined
    const remaining = leases.remaining(held, now)
    if (remaining <= 0) return undefined
    return {
      owner: write.owner,
      own: write.owner === self,
      expires: Math.ceil(now.wall + remaining),
      token: this.tokenOf(held.entry.key, write) as string,
    }
  }

  /** The fencing token of a write; `undefined` without leases. */
  tokenOf(key: Key, write: Write): string | undefined {
    return write.epoch > 0 ? fencingToken(key, write) : undefined
  }

  watch(id: KeyId, signal: AbortSignal | undefined): Watch<KeyState> {
    const watches = this.#watches.get(id) ?? new Set()
    this.#watches.set(id, watches)
    const watch = new Watch<KeyState>({
      clock: this.#clock,
      signal,
      read: () => this.#stateOf(id),
      changesIn: () => this.#lapsesIn(id),
      onEnd: ended => {
        watches.delete(ended)
        if (watches.size === 0) this.#watches.delete(id)
      },
    })
    watches.add(watch)
    return watch
  }

  /** Ends all watches. */
  end(): void {
    for (const watches of [...this.#watches.values()]) for (const watch of [...watches]) watch.end()
  }

  #tellOne(effect: Effect): void {
    const listeners = this.#listeners
    if (effect.type === 'error') {
      listeners.fail(effect.error)
      return
    }
    if (this.#watches.size > 0) for (const watch of this.#watches.get(effect.id) ?? []) watch.notify()
    if (!listeners.has(effect.type)) return
    const key = handOut(effect.key)
    const meta = this.#meta(effect.key, effect.write)
    if (effect.type === 'update') listeners.emit('update', key, copyValue(effect.value), meta)
    else if (effect.type === 'delete') listeners.emit('delete', key, meta)
    else {
      const [lost, value] = [effect.lost, effect.value].map(some =>
        some === undefined ? some : copyValue(some),
      )
      listeners.emit('conflict', { key, lost, value, meta })
    }
  }

  #meta(key: Key, write: Write): Meta {
    const tokenOf = () => this.tokenOf(key, write)
    return {
      owner: write.owner,
      own: write.owner === this.#replica.self,
      timestamp: write.counter.time,
      get token() {
        return tokenOf()
      },
    }
  }

  #stateOf(id: KeyId): KeyState {
    const held = this.#replica.table.get(id)
    return {
      key: handOut(keyOf(id)),
      value: held?.value === undefined ? undefined : copyValue(held.value),
      ownership: held && this.ownershipOf(held, this.#moment()),
    }
  }

  #lapsesIn(id: KeyId): number | undefined {
    const held = this.#replica.table.get(id)
    if (held === undefined || this.#replica.leases === undefined) return undefined
    const remaining = this.#replica.leases.remaining(held, this.#moment())
    return remaining > 0 ? remaining : undefined
  }

  #moment(): Moment {
    return { wall: this.#clock.now(), monotonic: this.#clock.monotonic() }
  }
}

// Bytes are the caller's own: the replica's must not be changed.
const handOut = (key: Key): Key => (typeof key === 'string' ? key : key.slice())
