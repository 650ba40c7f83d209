import { setTimeout as sleep } from 'node:timers/promises'
import { isThere } from '../network/contents.ts'
import type { Node } from '../network/node.ts'
import { describe } from '../words.ts'

/** Milliseconds between two readings: all processes of the demo share a few processors. */
const pause = 25

/** Failures that are told, at most. */
const told = 5

/** Reads contents from the table, one after the other, over and over, and counts. */
export class Patrol {
  #reads = 0
  #failures = 0
  readonly #failed: string[] = []
  readonly #stopping = new AbortController()
  readonly #walk: Promise<void>

  /** Begins at once. With the signal it ends in the middle of a reading, which then does not count. */
  constructor(node: Node, hashes: readonly string[], signal: AbortSignal) {
    this.#walk = this.#read(node, hashes, signal)
  }

  /** Waits for the reading that is under way. */
  async stop(): Promise<{ readonly reads: number; readonly failed: readonly string[] }> {
    this.#stopping.abort()
    await this.#walk
    return { reads: this.#reads, failed: this.#failed }
  }

  async #read(node: Node, hashes: readonly string[], outer: AbortSignal): Promise<void> {
    const { signal } = this.#stopping
    // Not all begin with the same
    for (let turn = Math.floor(Math.random() * hashes.length); !signal.aborted; turn++) {
      const sha256 = hashes[turn % hashes.length]
      if (sha256 === undefined) return
      try {
        if (!(await isThere(node, sha256, { signal: outer })))
          this.#fail(`${sha256.slice(0, 12)}… is not there`)
      } catch (error) {
        if (outer.aborted) return
        this.#fail(`${sha256.slice(0, 12)}…: ${describe(error)}`)
      }
      this.#reads++
      // Broken off by `stop`
      await sleep(pause, undefined, { signal }).catch(() => undefined)
    }
  }

  #fail(what: string): void {
    if (this.#failures++ < told) this.#failed.push(what)
  }
}
