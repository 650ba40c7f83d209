/** A message that can be given again. */
export interface LoggedMessage {
  readonly stream: LoggedStream
  readonly sequence: number
  /** The whole message as it came, in memory of its own: never changed. */
  readonly bytes: Uint8Array
  /** When it came, in monotonic milliseconds. */
  readonly received: number
  /** A bit for each neighbour that has it. */
  holders: number
}

/** Bounds of {@link MessageLog}. */
export interface MessageLogSettings {
  /** Milliseconds for which a message is kept. */
  readonly retention: number
  /** Most bytes kept, of messages. */
  readonly bytes: number
}

/** What a stream keeps in the log. */
export interface LoggedStream {
  readonly key: string
  readonly log: StreamLog
}

/** The recent messages of one stream by their numbers. There may be thousands of streams, and most have one or none: a map for each would be most of their memory. */
export class StreamLog {
  #only: LoggedMessage | undefined
  #many: Map<number, LoggedMessage> | undefined

  get(sequence: number): LoggedMessage | undefined {
    if (this.#many !== undefined) return this.#many.get(sequence)
    return this.#only?.sequence === sequence ? this.#only : undefined
  }

  values(): Iterable<LoggedMessage> {
    return this.#many?.values() ?? (this.#only === undefined ? [] : [this.#only])
  }

  add(message: LoggedMessage): void {
    const only = this.#only
    if (this.#many !== undefined) this.#many.set(message.sequence, message)
    else if (only === undefined) this.#only = message
    else {
      this.#only = undefined
      this.#many = new Map([only, message].map(each => [each.sequence, each]))
    }
  }

  delete(sequence: number): void {
    if (this.#many === undefined) this.#only = undefined
    else if (this.#many.delete(sequence) && this.#many.size === 0) this.#many = undefined
  }
}

/** The recent messages of all streams, for those who missed them: bounded by time and by size, oldest out first. */
export class MessageLog {
  readonly #settings: MessageLogSettings
  #entries: (LoggedMessage | undefined)[] = []
  #head = 0
  #bytes = 0
  /** How many were there before the first of the entries. */
  #before = 0

  constructor(settings: MessageLogSettings) {
    this.#settings = settings
  }

  /** Bytes kept. */
  get bytes(): number {
    return this.#bytes
  }

  /** The position of the next message to come. */
  get end(): number {
    return this.#before + this.#entries.length
  }

  /** The message at a position; `undefined`: dropped, or not there yet. */
  at(position: number): LoggedMessage | undefined {
    return this.#entries[position - this.#before]
  }

  /** The position of the oldest message there is. */
  get start(): number {
    return this.#before + this.#head
  }

  add(message: LoggedMessage): void {
    message.stream.log.add(message)
    this.#entries.push(message)
    this.#bytes += message.bytes.length
    while (this.#bytes > this.#settings.bytes) this.#drop()
  }

  /** Drops what is older than the retention. */
  expire(now: number): void {
    for (;;) {
      const oldest = this.#entries[this.#head]
      if (oldest === undefined || now - oldest.received < this.#settings.retention) return
      this.#drop()
    }
  }

  #drop(): void {
    const message = this.#entries[this.#head]
    if (message === undefined) return
    this.#entries[this.#head++] = undefined
    this.#bytes -= message.bytes.length
    message.stream.log.delete(message.sequence)
    if (this.#head > 256 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#before += this.#head
      this.#head = 0
    }
  }
}
