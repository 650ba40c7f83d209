import { TransportError } from '../errors.ts'
import { positive } from '../limits.ts'
import { type Message, type Overflow, queueLimits, type QueueOptions } from './message.ts'

/** Messages that wait for one receiver, within limits. */
export class MessageQueue<T> {
  /** Messages that were dropped. */
  dropped = 0
  readonly overflow: Overflow
  readonly #limit: number
  readonly #bytes: number
  #items: Message<T>[] = []
  #head = 0
  #held = 0
  #refusing = false

  /** @throws RangeError for a limit that is not above 0 */
  constructor(options: QueueOptions, overflow: Overflow) {
    this.overflow = options.overflow ?? overflow
    this.#limit = positive('limit', options.limit ?? queueLimits.limit)
    this.#bytes = positive('bytes', options.bytes ?? queueLimits.bytes)
  }

  /** Messages that wait. */
  get size(): number {
    return this.#items.length - this.#head
  }

  /** Whether the limit was reached, from then on until half of it was taken. */
  get refusing(): boolean {
    return this.#refusing
  }

  /** Takes a message, or drops one. @returns `false` if it had no room and is not a queue that drops: the policy decides what follows */
  push(message: Message<T>): boolean {
    const room = this.size === 0 || (this.size < this.#limit && this.#held + message.size <= this.#bytes)
    if (!room && !this.#makeRoom(message.size)) return this.overflow === 'drop-newest'
    message.settle()
    this.#items.push(message)
    this.#held += message.size
    if (this.size >= this.#limit || this.#held >= this.#bytes) this.#refusing = true
    return true
  }

  /** The oldest message. */
  shift(): Message<T> | undefined {
    const message = this.#items[this.#head]
    if (message === undefined) return undefined
    // The slot is freed at once, the array from time to time: so taking one costs the same however many wait.
    this.#items[this.#head++] = undefined as never
    this.#held -= message.size
    if (this.#head === this.#items.length) {
      this.#items = []
      this.#head = 0
    } else if (this.#head >= 1_024 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    if (this.#refusing && this.size * 2 <= this.#limit && this.#held * 2 <= this.#bytes)
      this.#refusing = false
    return message
  }

  /** Drops the oldest down to the limits, whatever the policy. */
  trim(): void {
    while (this.size > 1 && (this.size > this.#limit || this.#held > this.#bytes)) {
      this.shift()
      this.dropped++
    }
  }

  clear(): void {
    this.#items = []
    this.#head = 0
    this.#held = 0
    this.#refusing = false
  }

  #makeRoom(size: number): boolean {
    switch (this.overflow) {
      case 'drop-newest':
        this.dropped++
        return false
      case 'end':
        return false
      // Reading stops, and what was read before that has to go somewhere.
      case 'pause':
        return true
      case 'drop-oldest':
        while (this.size > 0 && (this.size >= this.#limit || this.#held + size > this.#bytes)) {
          this.shift()
          this.dropped++
        }
        return true
    }
  }
}

/** @throws TransportError `P2P_NOT_SUPPORTED` for a queue that would pause what cannot be paused */
export const checkQueue = <T>(queue: MessageQueue<T>, pausable: boolean): MessageQueue<T> => {
  if (pausable || queue.overflow !== 'pause') return queue
  throw new TransportError(
    'P2P_NOT_SUPPORTED',
    'what comes as datagrams cannot be held back: choose another overflow',
  )
}
