import type { Contact, P2PError, PeerId, WaitOptions } from '@p2p/interfaces'
import type { Key, Stamp, Value } from '@p2p/replica'
import type { Explanation } from './explain.ts'
import type { Health } from './health.ts'

/** How sure a reading is to be: `majority` (three tables agree) or `any` (the newest copy, where they do not). */
export type Consistency = 'majority' | 'any'

/** Options of a reading. `timeout` is 10 000 ms by default. */
export interface GetOptions<D = undefined> extends WaitOptions {
  /** Returned where there is nothing, and where there is no agreement. */
  readonly default?: D
  /** Default `majority`. */
  readonly consistency?: Consistency
}

/** What names a state of a key. */
export interface Version {
  /** Of the hybrid clock. */
  readonly stamp: Stamp
  readonly writer: PeerId
}

/** What `lookup` finds. */
export interface Lookup<V = Value> {
  /** `undefined` if there is nothing. */
  readonly value: V | undefined
  /** How many of the five tables say the same; three make a majority. */
  readonly agreed: number
  /** `undefined` if nothing was ever there, as far as is remembered. */
  readonly version: Version | undefined
}

/** An entry that this node holds for the ring. */
export interface DumpedEntry<V = Value> {
  readonly key: Key
  /** `undefined` for a deletion that is remembered. */
  readonly value: V | undefined
  readonly position: bigint
}

/** Events of a {@link Chord}, and what their listeners are given. */
export interface ChordEvents {
  /** A key is new, here or anywhere. */
  readonly add: (key: Key, version: Version) => unknown
  /** A key that was there has another value. */
  readonly update: (key: Key, version: Version) => unknown
  /** A key is gone. */
  readonly delete: (key: Key, version: Version) => unknown
  /** Something that nobody waits for went wrong; it is tried again where that makes sense. */
  readonly error: (error: P2PError) => unknown
  /** What was asked for is done, but costs more than it seems. */
  readonly warning: (message: string) => unknown
}

/** A hash table on a ring of processes. `V` is what they agreed to keep there: nothing checks it. */
export interface Chord<V = Value> extends AsyncDisposable {
  readonly name: string
  /** This node's first point on the ring. */
  readonly id: bigint
  /** Whether this node uses the table without holding a part of it. */
  readonly leeching: boolean
  /** The process after this node's first point; `undefined` if there is no other. */
  readonly next: Contact | undefined
  /** The process before this node's first point; `undefined` if there is no other. */
  readonly previous: Contact | undefined
  /** The processes that hold data, as far as they are known here, this node not among them. */
  readonly dataStoring: readonly Contact[]
  /** The last errors that were told as events, oldest first, at most 16. */
  readonly errors: readonly P2PError[]

  /**
   * Tells of a process that may be on the ring. A node that has none can do nothing but begin a ring; two rings that meet become one.
   * Resolves with whether it is a member. Default deadline 10 000 ms.
   */
  meet(contact: Contact | PeerId, options?: WaitOptions): Promise<boolean>
  /** Puts this node on the ring that it has met, or begins one. Resolves when it holds all that it is to hold. Default deadline 60 000 ms. */
  join(options?: WaitOptions): Promise<void>
  /** Takes this node off the ring. Resolves when others have acknowledged every entry; then it is leeching. Default deadline 60 000 ms. @throws `P2P_LAST_MEMBER` */
  unjoin(options?: WaitOptions): Promise<void>

  /** @throws `P2P_KEY_ABSENT` where three tables say that there is nothing and no default is given; `P2P_NO_AGREEMENT` at the deadline; `P2P_NO_MEMBER` */
  get(key: Key, options?: GetOptions): Promise<V>
  get<D>(key: Key, options: GetOptions<D> & { readonly default: D }): Promise<V | D>
  /** The value with how many tables agree on it, and its version. Disagreement is no error here. Default deadline 10 000 ms. */
  lookup(key: Key, options?: WaitOptions): Promise<Lookup<V>>
  /** Whether there is something at the key, by majority. Default deadline 10 000 ms. */
  has(key: Key, options?: WaitOptions): Promise<boolean>
  /** Resolves with how many tables hold it, with all copies: 3 to 5. Default deadline 10 000 ms. @throws `P2P_TOO_FEW_TABLES`; `TypeError`, `P2P_VALUE_TOO_LARGE` */
  set(key: Key, value: V, options?: WaitOptions): Promise<number>
  /** Several sets, 16 at a time; checked before any is made. @returns the least that `set` returned */
  update(
    entries: Iterable<readonly [Key, V]> | Readonly<Record<string, V>>,
    options?: WaitOptions,
  ): Promise<number>
  /** Merges the fields of a map into the one that is there, `{}` if there is none; the resulting map. @throws `TypeError` where there is no map */
  applyDelta(key: Key, delta: Readonly<Record<string, unknown>>, options?: WaitOptions): Promise<V>
  /** Resolves with whether there was something. */
  delete(key: Key, options?: WaitOptions): Promise<boolean>
  /** Takes the value away. @throws as `get` */
  pop(key: Key, options?: GetOptions): Promise<V>
  pop<D>(key: Key, options: GetOptions<D> & { readonly default: D }): Promise<V | D>
  /** Takes one entry away, whichever comes first. @throws `P2P_KEY_ABSENT` where there is none */
  popitem(options?: WaitOptions): Promise<[Key, V]>

  /** All keys, by walking the ring: what is there during the whole walk comes exactly once. `timeout` is for each arc. */
  keys(options?: WaitOptions): AsyncIterableIterator<Key>
  /** The values of one table: see {@link keys}. */
  values(options?: WaitOptions): AsyncIterableIterator<V>
  entries(options?: WaitOptions): AsyncIterableIterator<[Key, V]>
  [Symbol.asyncIterator](): AsyncIterableIterator<[Key, V]>
  /** All of the table in a map: the event `warning` says how that scales. */
  copy(options?: WaitOptions): Promise<Map<Key, V>>

  /** The process that owns a position: the first at or after it. */
  successor(position: bigint, options?: WaitOptions): Promise<Contact>
  /** The process at or before a position, among those known here, this one included: py2p's `find`. */
  nextHop(position: bigint): Contact
  /** The process at or after a position, among those known here: py2p's `find_prev`. */
  previousHop(position: bigint): Contact
  /** This node's entries by table, on `[start, end]`. Default: all. */
  dump(start?: bigint, end?: bigint): readonly (readonly DumpedEntry<V>[])[]
  /** Forgets the process whose absence lengthens look-ups least, and has its connection closed where the network can. @returns whether there was one to spare */
  disconnectLeastEfficient(): boolean

  /** The ring as seen from here. */
  health(): Health
  /** Who holds a key, who answers what, and since when. Default deadline 10 000 ms. */
  explain(key: Key, options?: WaitOptions): Promise<Explanation>

  on<E extends keyof ChordEvents>(event: E, listener: ChordEvents[E]): this
  once<E extends keyof ChordEvents>(event: E, listener: ChordEvents[E]): this
  off<E extends keyof ChordEvents>(event: E, listener: ChordEvents[E]): this

  /** Ends without handing anything on, as a crash would: `unjoin` first where there is time. Nothing of it is alive afterwards. Idempotent. */
  close(): Promise<void>
}
