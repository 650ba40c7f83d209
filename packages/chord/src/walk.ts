import type { WaitOptions } from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import type { Entry } from '@p2p/replica'
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

/**
 * Walks the first table once around the ring, arc by arc, and yields its live entries in the order of their positions. Each position is read once, from
 * an owner whose arc is complete.
 *
 * @throws `P2P_TIMEOUT` where an owner does not answer within the timeout, for each page; `P2P_ABORTED`
 */
export async function* walk(
  upkeep: Upkeep,
  caller: Caller,
  settings: Settings,
  options: WaitOptions,
): AsyncGenerator<Entry, undefined> {
  const { clock } = settings
  const timeout = options.timeout ?? 10_000
  let at: Position = toPosition(0n)
  for (;;) {
    const began = clock.monotonic()
    let page: { readonly next: Position | undefined; readonly entries: readonly Entry[] } | undefined
    for (let pause = firstPause; page === undefined; pause = Math.min(longestPause, pause * 2)) {
      page = await readPage(upkeep, settings, at)
      if (page !== undefined) break
      const left = timeout - (clock.monotonic() - began)
      if (caller.closed) throw new ChordError('P2P_CLOSED', 'the table is closed')
      // A pause that is longer than what is left ends with the deadline's error.
      await wait<undefined>(
        { clock, signal: options.signal, timeout: left, what: 'an arc of the table' },
        ({ resolve }) => {
          const timer = clock.after(pause, () => resolve(undefined))
          return () => timer[Symbol.dispose]()
        },
      )
    }
    for (const entry of page.entries) {
      if (options.signal?.aborted === true)
        await wait({ clock, signal: options.signal, what: 'the next entry' }, () => undefined)
      yield entry
    }
    if (page.next === undefined) return
    at = page.next
  }
}

/** From a position to the end of its owner's arc, or as far as one page goes; `undefined` if the owner cannot say. */
const readPage = async (upkeep: Upkeep, settings: Settings, at: Position) => {
  try {
    const { owner, answer } = await upkeep.lookUp({
      position: at,
      query: ['page', 0, pageLimit],
      light: true,
      accept: () => false,
    })
    const [isComplete, rawNext, items] = listOf(answer, 3)
    if (!flagOf(isComplete)) return undefined
    const entries = listOf(items).map(item => parseEntry(item, settings.limits))
    // The arc across zero was begun at its end, with what lies there: its beginning is the last that is read.
    const isLast = owner.position < at
    const inRing = isLast ? entries.filter(({ key }) => positionOfKey(key, 0) >= at) : entries
    const next = rawNext === null ? after(owner.position) : positionOf(rawNext)
    return { next: next > at && !(isLast && rawNext === null) ? next : undefined, entries: inRing }
  } catch (error) {
    if (error instanceof ChordError) return undefined
    throw error
  }
}

/** The next position; 0 after the last one. */
const after = (position: Position): Position => toPosition(toNumber(position) + 1n)
