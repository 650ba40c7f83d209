/** A message that can be given again. */
export interface LoggedMessage {
  /** The whole message as it came, in memory of its own: never changed. */
  readonly bytes: Uint8Array
  /** When it came, in monotonic milliseconds. */
  readonly received: number
}

/** Bounds of {@link MessageLog}. */
export interface MessageLogSettings {
  /** Milliseconds for which a message is kept. */
  readonly retention: number
  /** Most bytes kept, of messages. */
  readonly bytes: number
}

interface Entry {
  readonly stream: LoggedStream
  readonly sequence: number
  readonly message: LoggedMessage
}

/** What a stream keeps in the log. */
export interface LoggedStream {
  readonly log: Map<number, LoggedMessage>
}

/** The recent messages of all streams, for those who missed them: bounded by time and by size, oldest out first. */
export class MessageLog {
  readonly #settings: MessageLogSettings
  #entries: (Entry | undefined)[] = []
  #head = 0
  #bytes = 0

  constructor(settings: MessageLogSettings) {
    this.#settings = settings
  }

  /** Bytes kept. */
  get bytes(): number {
    return this.#bytes
  }

  add(stream: LoggedStream, sequence: number, message: LoggedMessage): void {
    stream.log.set(sequence, message)
    this.#entries.push({ stream, sequence, message })
    this.#bytes += message.bytes.length
    while (this.#bytes > this.#settings.bytes) this.#drop()
  }

  /** Drops what is older than the retention. */
  expire(now: number): void {
    for (;;) {
      const oldest = this.#entries[this.#head]
      if (oldest === undefined || now - oldest.message.received < this.#settings.retention) return
      this.#drop()
    }
  }

  #drop(): void {
    const entry = this.#entries[this.#head]
    if (entry === undefined) return
    this.#entries[this.#head++] = undefined
    this.#bytes -= entry.message.bytes.length
    entry.stream.log.delete(entry.sequence)
    if (this.#head > 256 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
  }
}
