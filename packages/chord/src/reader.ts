import type { WaitOptions } from '@p2p/interfaces'
import { type Entry, type Key, merge, stampOrder } from '@p2p/replica'
import type { Caller } from './caller.ts'
import { isDeleted, isSame, parseEntry } from './entries.ts'
import { ChordError } from './errors.ts'
import { listOf, wholeOf } from './grammar.ts'
import { positionOfKey, positionsOfKey } from './hashes.ts'
import { presence } from './holder.ts'
import type { Member } from './member.ts'
import type { Settings } from './options.ts'
import type { Position } from './position.ts'
import type { Upkeep } from './upkeep.ts'

/** Tables that must agree, of five. */
export const majority = 3
const tables = 5

/** Milliseconds before a table that could not answer is asked again; doubled each time. */
const firstPause = 50
const longestPause = 1_000

/** What one table says about a key. */
export interface Told {
  readonly table: number
  /** The entry, a deletion included; `undefined` if there is none. */
  readonly entry: Entry | undefined
  readonly from: Member
  /** Milliseconds since that process got it, as it says. */
  readonly age: number
  readonly hops: number
}

/** What ends a reading: that three agree; that, or that all five have answered; only that all five have. For the first, three are asked at first. */
export type Until = 'majority' | 'five' | 'all'

/** How a reading ended. */
export interface Reading {
  /** What three tables agree on; `undefined` if that is that there is nothing. */
  readonly agreed: Entry | undefined
  /** How many tables say so; below three there was no agreement by the deadline. */
  readonly agreement: number
  /** All that was told, merged: the newest. */
  readonly newest: Entry | undefined
  /** The tables' last answers, by table. */
  readonly told: readonly (Told | undefined)[]
}

/** How many tables say one thing. */
interface Vote {
  count: number
  readonly entry: Entry | undefined
}

/**
 * Asks three tables for a key, and the other two where one of those is late, has no answer yet, or says something else; again and again, until three agree.
 * Any three have one in common with the three that hold a write, so that three that agree have not missed it.
 */
export class Reader {
  readonly #upkeep: Upkeep
  readonly #caller: Caller
  readonly #settings: Settings
  /** The table with which the next reading begins: all of them are read, so that one that is behind is found. */
  #first = 0
  /** Brings tables up to date that were behind. */
  readonly #mend: (positions: readonly Position[], entry: Entry, tables: readonly number[]) => Promise<void>

  constructor(
    upkeep: Upkeep,
    caller: Caller,
    settings: Settings,
    mend: (positions: readonly Position[], entry: Entry, tables: readonly number[]) => Promise<void>,
  ) {
    this.#upkeep = upkeep
    this.#caller = caller
    this.#settings = settings
    this.#mend = mend
  }

  /**
   * @param until what ends it before the deadline
   * @throws `P2P_ABORTED`; a deadline is an answer without agreement
   */
  async read(key: Key, options: WaitOptions, until: Until = 'majority'): Promise<Reading> {
    const { clock } = this.#settings
    const told: (Told | undefined)[] = new Array<undefined>(tables).fill(undefined)
    const first = this.#first
    this.#first = (first + 1) % tables
    let lastError: unknown
    let open = true
    const timers = new Set<Disposable>()
    try {
      await this.#caller.wait<undefined>(
        { clock, signal: options.signal, what: `the tables' answers` },
        ({ resolve, reject }) => {
          const deadline = clock.after(options.timeout ?? 10_000, () => resolve(undefined))
          timers.add(deadline)
          let asked = 0
          const askMore = (count: number) => {
            for (; asked < count; asked++) ask((first + asked) % tables)
          }
          const pauses = new Array<number>(tables).fill(firstPause)
          const later = (table: number) => {
            const pause = pauses[table] as number
            pauses[table] = Math.min(longestPause, pause * 2)
            askMore(tables)
            const timer = clock.after(pause, () => {
              timers.delete(timer)
              ask(table)
            })
            timers.add(timer)
          }
          const settle = () => {
            let answered = 0
            for (const answer of told) if (answer !== undefined) answered++
            if (answered < majority) return
            const isAll = answered === tables
            const { agreement, newest } = this.#judge(told)
            if (until === 'all' ? isAll : agreement >= majority || (isAll && until === 'five')) {
              resolve(undefined)
              return
            }
            askMore(tables)
            if (!isAll) return
            // All have answered and no three say the same: a write is under way, or was cut off. The newest becomes everybody's.
            const behind = newest === undefined ? [] : this.#behind(told, newest)
            const before = [...told]
            void this.#mend(positionsOfKey(key), newest as Entry, behind).then(() => {
              if (!open) return
              for (const table of behind) if (told[table] === before[table]) ask(table)
            }, reject)
          }
          const ask = (table: number) => {
            this.#ask(table, positionOfKey(key, table)).then(
              answer => {
                if (!open) return
                if (answer === undefined) {
                  later(table)
                  return
                }
                told[table] = answer
                settle()
              },
              (error: unknown) => {
                if (!open) return
                lastError = error
                if (!this.#caller.closed) later(table)
              },
            )
          }
          askMore(until === 'majority' ? majority : tables)
          if (asked < tables) timers.add(clock.after(this.#caller.patience, () => askMore(tables)))
          return undefined
        },
      )
    } finally {
      open = false
      for (const timer of timers) timer[Symbol.dispose]()
    }
    const reading = this.#judge(told)
    if (told.every(answer => answer === undefined) && lastError instanceof ChordError) throw lastError
    this.#mendLater(key, told, reading)
    return reading
  }

  /** One table's answer; `undefined`: not yet. */
  async #ask(table: number, position: Position): Promise<Told | undefined> {
    const { owner, answer, hops } = await this.#upkeep.lookUp({
      position,
      query: ['get', table],
      light: true,
      accept: each => Array.isArray(each) && each[0] !== presence.notYet,
    })
    const [rawState, rawEntry, age] = listOf(answer, 3)
    const state = wholeOf(rawState, 3)
    if (state === presence.notYet) return undefined
    const entry = rawEntry === null ? undefined : parseEntry(rawEntry, this.#settings.limits)
    return { table, entry, from: owner.member, age: wholeOf(age, 2 ** 48), hops }
  }

  #judge(told: readonly (Told | undefined)[]): Reading {
    const votes: Vote[] = []
    let newest: Entry | undefined
    let best: Vote = { count: 0, entry: undefined }
    for (const answer of told) {
      if (answer === undefined) continue
      const { entry } = answer
      if (entry !== undefined) newest = newest === undefined ? entry : merge(stampOrder, newest, entry)
      // Nothing and a deletion are the same answer.
      const live = entry === undefined || isDeleted(entry) ? undefined : entry
      let vote = votes.find(other => isSame(other.entry, live))
      if (vote === undefined) votes.push((vote = { count: 0, entry: live }))
      vote.count++
      if (vote.count > best.count) best = vote
    }
    return { agreed: best.entry, agreement: best.count, newest, told }
  }

  /** The tables whose answer is not this. */
  #behind(told: readonly (Told | undefined)[], newest: Entry): number[] {
    return told.flatMap(answer =>
      answer === undefined || isSame(answer.entry, newest) ? [] : [answer.table],
    )
  }

  #mendLater(key: Key, told: readonly (Told | undefined)[], { newest }: Reading): void {
    if (newest === undefined) return
    const behind = this.#behind(told, newest)
    // What failed is found again by the next reading.
    if (behind.length > 0) this.#mend(positionsOfKey(key), newest, behind).catch(() => undefined)
  }
}
