/** Something that has bytes to write at the end of the turn. It must not throw. */
export interface Flushable {
  flush(): void
}

/**
 * The end of the current turn of the event loop, for all connections of one transport: a turn in which a hundred of them were written to
 * costs one callback.
 *
 * Through a microtask to `nextTick`: Node.js runs that once no microtask is left, so what the promises of this turn write still goes along,
 * and nothing waits for another turn. (`setImmediate` costs six times as much, and a pass of the loop.)
 */
export class Turn {
  readonly #schedule: (end: () => void) => void
  #waiting: Flushable[] = []

  /** @param schedule calls back at the end of the turn; for a platform other than Node.js */
  constructor(schedule: (end: () => void) => void = afterPromises) {
    this.#schedule = schedule
  }

  /** Calls `flush` when the turn ends. */
  defer(connection: Flushable): void {
    if (this.#waiting.push(connection) > 1) return
    this.#schedule(this.#end)
  }

  readonly #end = (): void => {
    const due = this.#waiting
    this.#waiting = []
    for (const connection of due) connection.flush()
  }
}

const resolved = Promise.resolve()

const afterPromises = (end: () => void): void => {
  void resolved.then(() => process.nextTick(end))
}
