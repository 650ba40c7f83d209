/** One line of a {@link Timeline}. */
export interface TimelineEntry {
  /** Virtual milliseconds since the beginning. */
  readonly time: number
  /** Whom it concerns; empty for the run as a whole. */
  readonly host: string
  readonly what: string
}

/** What happened, for people: the last entries of a run. */
export class Timeline {
  readonly #limit: number
  #entries: TimelineEntry[] = []
  #dropped = 0

  /** @param limit how many entries are kept */
  constructor(limit: number) {
    this.#limit = limit
  }

  add(entry: TimelineEntry): void {
    this.#entries.push(entry)
    // Half of it goes at once, so that keeping the limit costs nothing most of the time.
    if (this.#entries.length < this.#limit * 2) return
    this.#dropped += this.#entries.length - this.#limit
    this.#entries = this.#entries.slice(-this.#limit)
  }

  /** The entries that are kept, the oldest first. */
  get entries(): readonly TimelineEntry[] {
    return this.#entries.slice(-this.#limit)
  }

  /** The last entries as lines: time in seconds, host, what. */
  format(most: number = this.#limit): string {
    const shown = this.#entries.slice(-Math.min(most, this.#limit))
    const hidden = this.#dropped + this.#entries.length - shown.length
    const width = Math.max(0, ...shown.map(({ host }) => host.length))
    const lines = shown.map(
      ({ time, host, what }) => `${(time / 1000).toFixed(6).padStart(14)} s  ${host.padEnd(width)}  ${what}`,
    )
    if (hidden > 0) lines.unshift(`${' '.repeat(16)}  (${hidden} entries before these)`)
    return lines.join('\n')
  }
}
