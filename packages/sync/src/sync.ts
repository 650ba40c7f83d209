import type { P2PError, PeerId, WaitOptions } from '@p2p/interfaces'
import type { Key, Value } from '@p2p/replica'

/** Who wrote something, and when. */
export interface Meta {
  readonly owner: PeerId
  /** Whether it was this node, perhaps in an earlier life. */
  readonly own: boolean
  /** Milliseconds since 1970, by the writer's hybrid clock. */
  readonly timestamp: number
  /** The fencing token of the write; `undefined` without leases. It is made when it is read. */
  readonly token: string | undefined
}

/** Who holds a key's lease, as far as is known here. */
export interface Ownership {
  readonly owner: PeerId
  /** Whether it is this node. */
  readonly own: boolean
  /** When the lease ends as this node sees it, in milliseconds of its wall clock: early if it is its own, late if it is another's. */
  readonly expires: number
  /** The fencing token of the last write: hexadecimal text, greater for every later write that wins. */
  readonly token: string
}

/** A key at one moment. */
export interface KeyState<V = Value> {
  readonly key: Key
  /** `undefined` where there is none. */
  readonly value: V | undefined
  /** Who holds the key; `undefined` where anybody may write to it. */
  readonly ownership: Ownership | undefined
}

/** A write of this node's that lost to another one's. */
export interface Conflict<V = Value> {
  readonly key: Key
  /** What was rolled back; `undefined` where it was a deletion. */
  readonly lost: V | undefined
  /** What is there now; `undefined` where it is deleted. */
  readonly value: V | undefined
  /** Of the write that won. */
  readonly meta: Meta
}

/** Events of a dictionary and what their listeners are given. */
export interface SyncEvents<V = Value> {
  /** A key has a new version, written here or elsewhere: a value, perhaps the same again, or a lease that was renewed or released. */
  update: (key: Key, value: V, meta: Meta) => void
  /** A key was deleted, here or elsewhere. */
  delete: (key: Key, meta: Meta) => void
  /** A write of this node's lost and was rolled back. `update` or `delete` was told before. Only with leases. */
  conflict: (conflict: Conflict<V>) => void
  /** Something failed that nobody waits for: a peer's message that was refused, a listener that threw. */
  error: (error: P2PError) => void
}

/** Figures of a dictionary at this moment, and since it was made. */
export interface SyncStats {
  /** Keys that have a value. */
  readonly entries: number
  /** Deletions that are remembered. */
  readonly tombstones: number
  /** Bytes of all of them, counted as the limits are. */
  readonly bytes: number
  /** Broadcasts made. */
  readonly broadcasts: number
  /** Entries taken over from peers. */
  readonly accepted: number
  /** Entries of peers that were refused. */
  readonly refused: number
  /** Writes of this node's that were rolled back. */
  readonly conflicts: number
  /** Catchings-up that this node drove to their end, and those that broke off. */
  readonly caughtUp: number
  readonly brokenOff: number
}

/**
 * A dictionary that every node holds whole. Reading is local. Writing applies at once and is broadcast at the end of the turn.
 *
 * What is read is frozen; byte arrays, which cannot be, are copies. `V` is what the nodes agreed to keep here: it is not checked.
 */
export interface Sync<V = Value> extends AsyncDisposable {
  readonly name: string
  /** How many keys have a value. */
  readonly size: number
  /** The last errors that nobody waited for, at most 16, oldest first: what the event `error` told. */
  readonly errors: readonly P2PError[]

  /** What is at a key, or `fallback`. */
  get(key: Key): V | undefined
  get<D>(key: Key, fallback: D): V | D
  /** What is at a key. @throws `P2P_KEY_ABSENT` */
  require(key: Key): V
  has(key: Key): boolean
  /** Keys that have a value, in the order in which they came to this node. Text where a key is UTF-8, bytes otherwise. */
  keys(): IterableIterator<Key>
  values(): IterableIterator<V>
  entries(): IterableIterator<[Key, V]>
  [Symbol.iterator](): IterableIterator<[Key, V]>
  forEach(callback: (value: V, key: Key, sync: Sync<V>) => void): void
  /** All of it, as it is now. */
  copy(): Map<Key, V>
  /** Who wrote the value at a key last, and when. */
  meta(key: Key): Meta | undefined
  /** 32 hexadecimal digits that are the same on every node with the same entries and tombstones. */
  fingerprint(): string

  /**
   * Writes a value. With leases: to a key that nobody holds, which takes its lease, or to one that this node holds, which renews it.
   *
   * @throws LeaseError while another node holds it; `TypeError` for what is no key or value; `P2P_KEY_TOO_LONG`, `P2P_VALUE_TOO_LARGE`, `P2P_REPLICA_FULL`,
   * `P2P_STAMP_AHEAD`, `P2P_CLOSED`
   */
  set(key: Key, value: V): this
  /** Writes several values, all or none: everything is checked before anything is written. @throws as {@link set} */
  update(entries: Iterable<readonly [Key, V]> | Readonly<Record<string, V>>): void
  /**
   * Puts the members of `patch` on top of the map at a key, or of `{}` where there is none. Without leases concurrent deltas to different members all survive.
   *
   * @throws `TypeError` where something else than a map is at the key, and as {@link set}
   */
  applyDelta(key: Key, patch: Readonly<Record<string, unknown>>): void
  /** Deletes a key, and gives up its lease. @returns whether there was a value. @throws LeaseError while another node holds it, `P2P_STAMP_AHEAD`, `P2P_CLOSED` */
  delete(key: Key): boolean
  /** Deletes a key and returns what was there, or `fallback`. @throws `P2P_KEY_ABSENT` without a fallback, and as {@link delete} */
  pop(key: Key): V
  pop<D>(key: Key, fallback: D): V | D
  /** Deletes one key and returns it: with leases one that this node holds, without any. @throws `P2P_KEY_ABSENT` if there is none */
  popitem(): [Key, V]

  /** Who holds a key; `undefined` where there is no value, no lease, or it has lapsed or been released. */
  owner(key: Key): Ownership | undefined
  /** Begins this node's lease anew without changing the value. @returns whether there is one. @throws LeaseError while another node holds it */
  renew(key: Key): boolean
  /** Gives up this node's lease and leaves the value. @returns whether there was one. @throws LeaseError while another node holds it */
  release(key: Key): boolean
  /**
   * The state of a key now, and again whenever it changes or its lease ends. Who reads slowly gets the latest state and misses those between. It ends with the
   * dictionary, or when the signal is aborted.
   */
  watch(key: Key, options?: Pick<WaitOptions, 'signal'>): AsyncIterableIterator<KeyState<V>>

  /**
   * Resolves when this node has caught up with a first neighbour; at once if it has. Default deadline 10 000 ms. @throws `P2P_TIMEOUT`, with the last of
   * {@link errors} as its `cause` if there is one; `P2P_ABORTED`, `P2P_CLOSED`
   */
  ready(options?: WaitOptions): Promise<void>
  /**
   * Resolves when every neighbour has acknowledged all that was written here before, with the number of them: 0 says that nobody else has it.
   * Neighbours that went away meanwhile, or that do not keep this dictionary, do not count. Default deadline 10 000 ms. @throws `P2P_TIMEOUT`, `P2P_ABORTED`, `P2P_CLOSED`
   */
  flushed(options?: WaitOptions): Promise<number>

  on<E extends keyof SyncEvents<V>>(event: E, listener: SyncEvents<V>[E]): this
  once<E extends keyof SyncEvents<V>>(event: E, listener: SyncEvents<V>[E]): this
  off<E extends keyof SyncEvents<V>>(event: E, listener: SyncEvents<V>[E]): this

  stats(): SyncStats
  /** Broadcasts what was written last and ends everything of this dictionary; the group stays. Leases are kept: release them first if they should not be. Idempotent. */
  close(): Promise<void>
}
