import type { WaitOptions } from '@p2p/interfaces'
import type { Waiter } from '@p2p/interfaces/wait'
import type { Entry, Key, Stamp } from '@p2p/replica'
import { type Caller, closedError } from './caller.ts'
import { packEntry } from './entries.ts'
import { ChordError } from './errors.ts'
import { flagOf, listOf, stampOf, wholeOf } from './grammar.ts'
import { positionsOfKey } from './hashes.ts'
import { outcome } from './holder.ts'
import type { Settings } from './options.ts'
import type { Position } from './position.ts'
import { majority } from './reader.ts'
import type { Store } from './store.ts'
import type { Upkeep } from './upkeep.ts'

/** Milliseconds before a table that could not take a write is asked again; doubled each time. */
const firstPause = 50
const longestPause = 1_000
/** How long, in milliseconds, a write that three tables hold waits for the others. They get it in any case. */
const patience = 100

/** How a write ended. */
export interface Written {
  /** How many tables held it, with all copies, when it resolved: 3 to 5. */
  readonly tables: number
  /** Whether there was something at the key before, as most of them say. */
  readonly was: boolean
  readonly entry: Entry
}

/** How one attempt ended: with tables that hold the entry, or with a newer one that an owner holds. */
type Attempted = Omit<Written, 'entry'> | { readonly stamp: Stamp }

/** What one table answered. */
type Outcome =
  { readonly type: 'held'; readonly was: boolean } | { readonly type: 'overtaken'; readonly stamp: Stamp }

/** Puts entries into all five tables. */
export class Writer {
  readonly #upkeep: Upkeep
  readonly #caller: Caller
  readonly #store: Store
  readonly #settings: Settings
  readonly #timers = new Set<Disposable>()

  constructor(upkeep: Upkeep, caller: Caller, store: Store, settings: Settings) {
    this.#upkeep = upkeep
    this.#caller = caller
    this.#store = store
    this.#settings = settings
  }

  /** Ends what goes on in the background. */
  close(): void {
    for (const timer of this.#timers) timer[Symbol.dispose]()
    this.#timers.clear()
  }

  /**
   * Writes what `make` makes of a stamp. Where an owner holds something newer, it is made again, with a stamp above that.
   *
   * @throws `P2P_TOO_FEW_TABLES` at the deadline, `P2P_ABORTED`
   */
  async write(key: Key, make: (stamp: Stamp) => Entry, options: WaitOptions): Promise<Written> {
    const { clock } = this.#settings
    const positions = positionsOfKey(key)
    const end = clock.monotonic() + (options.timeout ?? 10_000)
    for (;;) {
      const entry = make(this.#store.tick())
      const result = await this.#attempt(positions, entry, {
        ...options,
        timeout: Math.max(0, end - clock.monotonic()),
      })
      if (!('stamp' in result)) return { ...result, entry }
      this.#store.observe(result.stamp)
    }
  }

  /** Merges an entry that is known already into some tables. What fails is left to the next reading. */
  async mend(positions: readonly Position[], entry: Entry, tables: readonly number[]): Promise<void> {
    await Promise.allSettled(tables.map(table => this.#put(table, positions[table] as Position, entry)))
  }

  async #attempt(positions: readonly Position[], entry: Entry, options: WaitOptions): Promise<Attempted> {
    const { clock } = this.#settings
    const { signal } = options
    const end = clock.monotonic() + (options.timeout ?? 10_000)
    const attempt = { open: true, held: 0, present: 0, lastError: undefined as unknown }
    const held = () => ({ tables: attempt.held, was: attempt.present > attempt.held / 2 })
    let grace: Disposable | undefined
    const begin = ({ resolve, reject }: Waiter<Attempted>) => {
      const done = () => resolve(held())
      const put = (table: number, pause: number) => {
        const again = () => {
          const isOver = clock.monotonic() + pause >= end
          if (attempt.open && !isOver && !this.#caller.closed)
            this.#after(pause, () => put(table, Math.min(longestPause, pause * 2)))
        }
        this.#put(table, positions[table] as Position, entry).then(
          answer => {
            if (answer === undefined) again()
            else if (answer.type === 'overtaken') resolve({ stamp: answer.stamp })
            else {
              attempt.held++
              if (answer.was) attempt.present++
              if (attempt.held === positions.length) done()
              else if (attempt.held === majority) grace = this.#after(patience, done)
            }
          },
          (error: unknown) => {
            attempt.lastError = error
            again()
          },
        )
      }
      for (let table = 0; table < positions.length; table++) put(table, firstPause)
      const deadline = this.#after(end - clock.monotonic(), () => {
        if (attempt.held >= majority) done()
        else reject(new ChordError('P2P_TOO_FEW_TABLES', tooFew(attempt.held), { cause: attempt.lastError }))
      })
      return () => deadline[Symbol.dispose]()
    }
    try {
      return await this.#caller.wait(
        { clock, signal, what: 'the tables to hold a write' },
        begin,
        // What a majority holds is written, whoever leaves.
        ({ resolve, reject }) => (attempt.held >= majority ? resolve(held()) : reject(closedError())),
      )
    } finally {
      grace?.[Symbol.dispose]()
      // What three tables hold is brought to the others until the deadline; what failed or was overtaken is not.
      attempt.open = attempt.held >= majority && options.signal?.aborted !== true
    }
  }

  /** Does something later, unless the table is closed by then. */
  #after(delay: number, action: () => void): Disposable {
    const timer = this.#settings.clock.after(delay, () => {
      this.#timers.delete(timer)
      action()
    })
    this.#timers.add(timer)
    return {
      [Symbol.dispose]: () => {
        this.#timers.delete(timer)
        timer[Symbol.dispose]()
      },
    }
  }

  /** One table. @returns `undefined` if it could not take it yet */
  async #put(table: number, position: Position, entry: Entry): Promise<Outcome | undefined> {
    const { answer } = await this.#upkeep.lookUp({
      position,
      query: ['put', table, packEntry(entry)],
      light: false,
      accept: () => false,
    })
    const [kind, , time, count, was] = listOf(answer, 5)
    switch (wholeOf(kind, 3)) {
      case outcome.held:
        return { type: 'held', was: flagOf(was) }
      case outcome.overtaken:
        return { type: 'overtaken', stamp: stampOf(time, count) }
      default:
        return undefined
    }
  }
}

const tooFew = (held: number) => `${held} of 5 tables hold the write, with all copies; three must`
