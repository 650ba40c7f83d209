import type { Clock, Random } from '@p2p/interfaces'
import { systemClock, systemRandom } from '@p2p/interfaces/system'
import { defaultSkew } from '@p2p/replica'
import { ChordError } from './errors.ts'
import { type PointOf, pointOf } from './member.ts'

/** What a node accepts at most, from its own application and from peers. */
export interface ChordLimits {
  /** Bytes of a key in UTF-8. */
  readonly keyLength: number
  /** Bytes of one value, about as msgpack encodes it. */
  readonly valueSize: number
  /** Entries that this node holds for the ring, in all five tables, tombstones included. */
  readonly entries: number
  /** Bytes of all of them, counted as `valueSize` is, plus 256 for each. */
  readonly bytes: number
  /** Milliseconds by which a stamp may be ahead of this node's wall clock. */
  readonly skew: number
  /** Processes that a node keeps in mind beyond those that it needs: in a ring of no more every look-up is one hop. */
  readonly known: number
}

/** A value fits into a frame of a mesh many times; the rest is what a process of the usual size can spare. */
export const defaultLimits: ChordLimits = {
  keyLength: 1024,
  valueSize: 1024 * 1024,
  entries: 1_000_000,
  bytes: 512 * 1024 * 1024,
  skew: defaultSkew,
  known: 256,
}

/** Options of `createChord`. */
export interface ChordOptions {
  /** Which table: those of one name on one network are one. 1 to 64 characters. Default `default`. */
  readonly name?: string
  /** How many processes hold each entry, in each of the five tables: 1 to 8. All nodes must agree. Default 2; 3 for rough networks. */
  readonly copies?: number
  /** How many points each process has on the ring, 1 to 64. All nodes must agree. Default 16: the fullest of 100 nodes holds 1.75 times the mean, with 1 point 5.1. */
  readonly points?: number
  /** Milliseconds between two rounds of stabilisation. Default 1 000. */
  readonly interval?: number
  /** Milliseconds between two comparisons of an arc with its copies. Default 10 000. */
  readonly repairInterval?: number
  /** How long, in milliseconds, a deletion is remembered. All nodes should agree. Default a day. */
  readonly tombstoneLife?: number
  readonly limits?: Partial<ChordLimits>
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Default: the machine's. */
  readonly random?: Random
}

/** The options, complete and checked. */
export interface Settings {
  readonly name: string
  readonly copies: number
  readonly points: number
  readonly interval: number
  readonly repairInterval: number
  readonly tombstoneLife: number
  readonly limits: ChordLimits
  readonly clock: Clock
  readonly random: Random
  /** Where points lie. A simulation of many nodes in one process passes one that remembers. */
  readonly pointOf: PointOf
}

/** @throws `P2P_BAD_OPTION` */
export const checkOptions = (options: ChordOptions): Settings => {
  const { name = 'default' } = options
  if (typeof name !== 'string' || name.length < 1 || name.length > 64)
    throw new ChordError('P2P_BAD_OPTION', 'a table is named by a text of 1 to 64 characters')
  const limits = { ...defaultLimits, ...options.limits }
  for (const [limit, value] of Object.entries(limits))
    whole(`limits.${limit}`, value, limit === 'known' ? 0 : 1)
  return {
    name,
    copies: whole('copies', options.copies ?? 2, 1, 8),
    points: whole('points', options.points ?? 16, 1, 64),
    interval: whole('interval', options.interval ?? 1_000, 1),
    repairInterval: whole('repairInterval', options.repairInterval ?? 10_000, 1),
    tombstoneLife: whole('tombstoneLife', options.tombstoneLife ?? 86_400_000, 1),
    limits,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    pointOf,
  }
}

const whole = (
  name: string,
  value: unknown,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number => {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
    throw new ChordError(
      'P2P_BAD_OPTION',
      `${name} must be a whole number from ${least} to ${most}, not ${String(value)}`,
    )
  return value as number
}

/** What the nodes of a ring must agree on, as it travels. */
export const ringSettings = ({ points, copies }: Settings): readonly number[] => [points, copies]

/** @throws `P2P_SETTINGS_DIFFER` */
export const checkRingSettings = ({ points, copies }: Settings, theirs: unknown): void => {
  const [theirPoints, theirCopies] = Array.isArray(theirs) ? (theirs as unknown[]) : []
  if (theirPoints === points && theirCopies === copies) return
  const message = `a peer has ${String(theirPoints)} points and ${String(theirCopies)} copies, this node ${points} and ${copies}`
  throw new ChordError('P2P_SETTINGS_DIFFER', message)
}
