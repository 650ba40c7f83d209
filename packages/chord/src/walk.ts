import type { WaitOptions } from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import type { Entry, Key } from '@p2p/replica'
import type { Caller } from './caller.ts'
import { parseEntry } from './entries.ts'
import { ChordError } from './errors.ts'
import { flagOf, listOf, positionOf } from './grammar.ts'
import { positionOfKey } from './hashes.ts'
import type { Settings } from './options.ts'
import { type Position, toNumber, toPosition } from './position.ts'
import type { Upkeep } from './upkeep.ts'

/** Entries in one page. */
const pageLimit = 256
const firstPause = 50
const longestPause = 1_000
/** Milliseconds that the walk of one table waits in all for arcs to be complete, before it looks into another table for what lies on them. */
const patience = 2_000
/** Tables that are walked at most. In the last one an arc is waited for until the deadline: no key is passed over in silence. */
const tablesWalked = 3

/** What a walk needs of a node. */
export interface WalkOptions {
  readonly upkeep: Upkeep
  readonly caller: Caller
  readonly settings: Settings
  readonly options: WaitOptions
}

/** Entries from a position on, and where to go on: `undefined` at the end of the ring. */
interface Page {
  readonly next: Position | undefined
  readonly entries: readonly Entry[]
}

/** An arc that is not complete, from a position to its owner's, or to the end of the ring. */
interface Gap {
  readonly next: Position | undefined
  readonly has: (position: Position) => boolean
}

/**
 * Walks the first table once around the ring, and yields its live entries in the order of their positions. Each position is read once, from an owner whose arc is complete.
 * Where an arc is not complete, its owner asks those who had it, as it does for `get`. Where that fails for long, the next table is walked for the keys that lie there, for in it
 * they have other owners; and a third one, for those that had no luck in both.
 *
 * @throws `P2P_TIMEOUT` where an owner does not answer, or not all are found who had an arc, within the timeout, for each page; `P2P_ABORTED`
 */
export async function* walk(node: WalkOptions): AsyncGenerator<Entry, undefined> {
  let isMissing = (_key: Key) => true
  for (let table = 0; table < tablesWalked; table++) {
    const gaps: Gap[] = []
    for await (const entry of walkTable(node, table, gaps)) if (isMissing(entry.key)) yield entry
    if (gaps.length === 0) return
    const wasMissing = isMissing
    isMissing = key => wasMissing(key) && gaps.some(({ has }) => has(positionOfKey(key, table)))
  }
}

/** One table, arc by arc; those that are not complete are added to the gaps. */
async function* walkTable(node: WalkOptions, table: number, gaps: Gap[]): AsyncGenerator<Entry, undefined> {
  const { clock } = node.settings
  const { signal } = node.options
  let patient = table === tablesWalked - 1 ? Infinity : patience
  for (let at: Position | undefined = toPosition(0n); at !== undefined;) {
    const began = clock.monotonic()
    const part: Page | Gap = await nextPart(node, table, at, patient)
    patient -= clock.monotonic() - began
    at = part.next
    if ('has' in part) {
      gaps.push(part)
      continue
    }
    for (const entry of part.entries) {
      if (signal?.aborted === true) await wait({ clock, signal, what: 'the next entry' }, () => undefined)
      yield entry
    }
  }
}

/** @param patient milliseconds to wait for the arc to be complete */
const nextPart = async (
  { upkeep, caller, settings, options }: WalkOptions,
  table: number,
  at: Position,
  patient: number,
): Promise<Page | Gap> => {
  const { clock } = settings
  const began = clock.monotonic()
  for (let pause = firstPause; ; pause = Math.min(longestPause, pause * 2)) {
    const part = await readPart(upkeep, settings, table, at)
    const waited = clock.monotonic() - began
    if (part !== undefined && (!('has' in part) || waited >= patient)) return part
    const timeout = (options.timeout ?? 10_000) - waited
    if (caller.closed) throw new ChordError('P2P_CLOSED', 'the table is closed')
    // A pause that is longer than what is left ends with the deadline's error.
    await caller.wait<undefined>(
      { clock, signal: options.signal, timeout, what: 'an arc of the table' },
      ({ resolve }) => {
        const timer = clock.after(pause, () => resolve(undefined))
        return () => timer[Symbol.dispose]()
      },
    )
  }
}

/** From a position to the end of its owner's arc, or as far as one page goes; `undefined` if there is no owner. */
const readPart = async (
  upkeep: Upkeep,
  settings: Settings,
  table: number,
  at: Position,
): Promise<Page | Gap | undefined> => {
  try {
    const { owner, answer } = await upkeep.lookUp({
      position: at,
      query: ['page', table, pageLimit],
      light: true,
      accept: () => false,
    })
    const [isComplete, rawNext, items] = listOf(answer, 3)
    // The arc across zero was begun at its end, with what lies there: its beginning is the last that is read.
    const isLast = owner.position < at
    if (!flagOf(isComplete))
      return {
        next: isLast ? undefined : beyond(owner.position, at),
        has: position => position >= at && (isLast || position <= owner.position),
      }
    const entries = listOf(items).map(item => parseEntry(item, settings.limits))
    const inRing = isLast ? entries.filter(({ key }) => positionOfKey(key, table) >= at) : entries
    const next = rawNext === null ? beyond(owner.position, at) : positionOf(rawNext)
    return {
      next: next !== undefined && next > at && !(isLast && rawNext === null) ? next : undefined,
      entries: inRing,
    }
  } catch (error) {
    if (error instanceof ChordError) return undefined
    throw error
  }
}

/** The next position, if it is beyond `at`: after the last one comes 0. */
const beyond = (position: Position, at: Position): Position | undefined => {
  const next = toPosition(toNumber(position) + 1n)
  return next > at ? next : undefined
}
