import type { ChordNode } from '@p2p/chord/internals'
import type { SeededRandom } from '@p2p/simulation'
import type { Violations } from '../world/violations.ts'

/** What may be at a key: the values that a reader may be given, `undefined` for none. */
interface KeyState {
  /** What is there for certain, or one of what may be, after writes that were not acknowledged. */
  possible: (number | undefined)[]
  /** A write is under way. */
  busy: boolean
  /** How many writes were begun. */
  writes: number
}

/** What may be in a field: any value that somebody began to write there, and surely one of them once one was acknowledged. */
interface FieldState {
  readonly begun: Set<number>
  acknowledged: boolean
}

/** What was acknowledged, and what a reader may see therefore. One write to a key at a time, by anybody; deltas by several at once. */
export class TableWitness {
  readonly #violations: Violations
  readonly #now: () => number
  readonly #keys = new Map<string, KeyState>()
  readonly #fields = new Map<string, Map<string, FieldState>>()
  #values = 0
  /** Until when what is read may be old: parts of the ring could not talk to each other, or somebody stood still. */
  staleUntil: number = -Infinity
  /** Whether parts may have been written to apart from each other. */
  apart = false
  /** Operations that ended well, and that failed where they may. */
  readonly done: { reads: number; writes: number; deltas: number; failed: number } = {
    reads: 0,
    writes: 0,
    deltas: 0,
    failed: 0,
  }

  constructor(violations: Violations, now: () => number) {
    this.#violations = violations
    this.#now = now
  }

  /** One operation of somebody, on some key. */
  async act(chord: ChordNode, dice: SeededRandom): Promise<void> {
    const key = `k${dice.integer(24)}`
    const kind = dice.next()
    if (kind < 0.4) await this.read(chord, key)
    else if (kind < 0.5) await this.read(chord, `never ${dice.integer(1_000)}`)
    else if (kind < 0.75) await this.#write(chord, key, ++this.#values)
    else if (kind < 0.85) await this.#write(chord, key, undefined)
    else await this.#delta(chord, `d${dice.integer(4)}`, `f${dice.integer(6)}`, ++this.#values)
  }

  /** Reads a key, and looks whether that may be there. */
  async read(chord: ChordNode, key: string, isStrict = false): Promise<void> {
    const state = this.#state(key)
    const began = this.#now()
    const { writes, possible: before } = state
    let value: unknown
    try {
      value = await chord.get(key, { default: undefined, timeout: 15_000 })
    } catch (error) {
      this.#failed('a read', key, error, began)
      return
    }
    this.done.reads++
    // What was begun meanwhile may be there or not.
    if (state.writes !== writes) return
    if (!isStrict && began < this.staleUntil) return
    if (before.some(each => each === value)) return
    const expected = before.map(each => each ?? 'nothing').join(' or ')
    this.#violations.add(
      `${chord.engine.circle.self.id} reads ${JSON.stringify(value ?? 'nothing')} at ${key}, not ${expected}`,
    )
  }

  /** At the end, from this process: every key, every field, and a walk. */
  async verify(chord: ChordNode): Promise<void> {
    for (const key of this.#keys.keys()) await this.read(chord, key, true)
    for (const [key, fields] of this.#fields) {
      const map = (await chord.get(key, { default: {} })) as Record<string, number>
      for (const [name, { begun, acknowledged }] of fields) {
        const value = map[name]
        if (value === undefined ? acknowledged : !begun.has(value))
          this.#violations.add(
            `the field ${name} of ${key} is ${String(value)}, not one of ${[...begun].join()}`,
          )
      }
    }
    const walked: unknown[] = []
    for await (const key of chord.keys()) walked.push(key)
    const distinct = new Set(walked)
    if (distinct.size !== walked.length)
      this.#violations.add(`a walk yields ${walked.length - distinct.size} keys twice`)
    for (const [key, { possible }] of this.#keys) {
      if (distinct.has(key) && possible.every(value => value === undefined))
        this.#violations.add(`a walk yields ${key}, which is gone`)
      if (!distinct.has(key) && possible.every(value => value !== undefined))
        this.#violations.add(`a walk does not yield ${key}`)
    }
  }

  async #write(chord: ChordNode, key: string, value: number | undefined): Promise<void> {
    const state = this.#state(key)
    if (state.busy) return
    // Should the writer crash, this remains: nobody writes to the key any more, and either may be there.
    state.busy = true
    state.writes++
    state.possible = [...state.possible, value]
    const began = this.#now()
    try {
      if (value === undefined) await chord.delete(key, { timeout: 15_000 })
      else await chord.set(key, value, { timeout: 15_000 })
      // Parts that do not know of each other both write: whose clock is ahead wins.
      if (!this.apart) state.possible = [value]
      this.done.writes++
    } catch (error) {
      this.#failed('a write', key, error, began)
    }
    state.busy = false
  }

  async #delta(chord: ChordNode, key: string, field: string, value: number): Promise<void> {
    const began = this.#now()
    const fields = this.#fields.get(key) ?? new Map<string, FieldState>()
    this.#fields.set(key, fields)
    const state = fields.get(field) ?? { begun: new Set(), acknowledged: false }
    fields.set(field, state)
    state.begun.add(value)
    try {
      await chord.applyDelta(key, { [field]: value }, { timeout: 15_000 })
      this.done.deltas++
      state.acknowledged = true
    } catch (error) {
      this.#failed('a delta', key, error, began)
    }
  }

  #failed(what: string, key: string, error: unknown, began: number): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (code === 'P2P_CLOSED') return
    this.done.failed++
    if (began < this.staleUntil || this.apart) return
    this.#violations.add(
      `${what} of ${key} fails: ${error instanceof Error ? error.message : code}, ${String(error instanceof Error ? error.cause : '')}`,
    )
  }

  #state(key: string): KeyState {
    let state = this.#keys.get(key)
    if (state === undefined) {
      state = { possible: [undefined], busy: false, writes: 0 }
      this.#keys.set(key, state)
    }
    return state
  }
}
