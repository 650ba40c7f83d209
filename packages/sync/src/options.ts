import type { Clock, Random } from '@p2p/interfaces'
import { systemClock, systemRandom } from '@p2p/interfaces/system'
import { defaultSkew } from '@p2p/replica'
import { SyncError } from './errors.ts'

/** What a replica accepts at most, from its own application and from peers. */
export interface SyncLimits {
  /** Bytes of a key in UTF-8. */
  readonly keyLength: number
  /** Bytes of one value, about as msgpack encodes it. An entry that was merged from concurrent deltas may have twice that. */
  readonly valueSize: number
  /** Entries, tombstones included. */
  readonly entries: number
  /** Bytes of all entries together, counted as `valueSize` is, plus 64 for each write. */
  readonly bytes: number
  /** Milliseconds by which a stamp may be ahead of this node's wall clock. */
  readonly skew: number
}

/** Large enough for an index of files, small enough that a peer cannot fill a process of the usual size. */
export const defaultLimits: SyncLimits = {
  keyLength: 1024,
  valueSize: 1024 * 1024,
  entries: 1_000_000,
  bytes: 512 * 1024 * 1024,
  skew: defaultSkew,
}

/** An hour, as in py2p. */
export const defaultLease = 3_600_000

/** A week: nodes that are away for less miss no deletion. */
export const defaultTombstoneLife = 604_800_000

/** Options of `createSync`. */
export interface SyncOptions {
  /** Which dictionary: those of one name on one group are one. 1 to 64 characters. Default `default`. */
  readonly name?: string
  /** `duration` of a lease in milliseconds, default an hour; or `false`: anybody may write anything at any time. All nodes must agree. */
  readonly leasing?: { readonly duration?: number } | false
  /** How long, in milliseconds, a deletion is remembered; at least twice `limits.skew`. Default a week. All nodes must agree. */
  readonly tombstoneLife?: number
  /** Milliseconds between two comparisons with a neighbour, on average. Default 10 000. */
  readonly compareInterval?: number
  readonly limits?: Partial<SyncLimits>
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Default: the machine's. */
  readonly random?: Random
}

/** The options, complete and checked. */
export interface Settings {
  readonly name: string
  /** Milliseconds; 0 without leases. */
  readonly lease: number
  readonly tombstoneLife: number
  readonly compareInterval: number
  readonly limits: SyncLimits
  readonly clock: Clock
  readonly random: Random
}

/** @throws `P2P_BAD_OPTION` */
export const checkOptions = (options: SyncOptions): Settings => {
  const { name = 'default', leasing = {}, tombstoneLife = defaultTombstoneLife } = options
  const limits = { ...defaultLimits, ...options.limits }
  if (typeof name !== 'string' || name.length < 1 || name.length > 64) {
    throw new SyncError('P2P_BAD_OPTION', 'a dictionary is named by a text of 1 to 64 characters')
  }
  const lease = leasing === false ? 0 : whole('leasing.duration', leasing.duration ?? defaultLease)
  for (const [limit, value] of Object.entries(limits)) whole(`limits.${limit}`, value)
  if (whole('tombstoneLife', tombstoneLife) < 2 * limits.skew) {
    // Otherwise a writer whose clock is ahead would use epochs that others refuse, and could not be told from a liar.
    throw new SyncError(
      'P2P_BAD_OPTION',
      `tombstoneLife must be at least twice limits.skew, ${limits.skew} ms`,
    )
  }
  return {
    name,
    lease,
    tombstoneLife,
    compareInterval: whole('compareInterval', options.compareInterval ?? 10_000),
    limits,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  }
}

const whole = (name: string, value: unknown): number => {
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw new SyncError('P2P_BAD_OPTION', `${name} must be a whole number above 0, not ${String(value)}`)
  }
  return value as number
}
