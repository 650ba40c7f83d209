import type { Sync } from '@p2p/sync'
import { type FileRecord, isFileRecord } from '../folder/record.ts'
import type { Dice } from './dice.ts'

/** Milliseconds between two changes, at least and at most. */
const pause = { least: 5, most: 50 }

/** How often a change is a deletion, or else a delta. */
const shares = { deletion: 0.15, delta: 0.3 }

/**
 * Changes entries of a node over and over: overwrites them with what is not on the disk, patches them, deletes them and makes them again. What it has
 * done is undone by publishing anew, but for an entry of its own, which no file can have for a path and which it deletes at the end.
 */
export class Churn {
  /** How many changes it has made. */
  changes = 0
  readonly #files: Sync<unknown>
  readonly #dice: Dice
  readonly #keys: readonly [string, ...string[]]
  #timer: NodeJS.Timeout | undefined

  /** Begins at once. All of `paths` must be the node's own. */
  constructor(files: Sync<unknown>, paths: readonly string[], own: string, dice: Dice) {
    this.#files = files
    this.#dice = dice
    this.#keys = [`/${own}`, ...paths]
    this.#change()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#files.delete(this.#keys[0])
  }

  #change(): void {
    const key = this.#dice.pick(this.#keys)
    const kind = this.#dice.next()
    const invented: FileRecord = {
      size: ++this.changes,
      sha256: '0'.repeat(64),
      modified: Math.floor(this.#dice.next() * 1e12),
    }
    const held = this.#files.get(key)
    if (kind < shares.deletion) this.#files.delete(key)
    else if (kind < shares.deletion + shares.delta && isFileRecord(held)) {
      this.#files.applyDelta(key, { size: invented.size })
    } else this.#files.set(key, invented)
    this.#timer = setTimeout(() => this.#change(), this.#dice.between(pause.least, pause.most))
  }
}
