import type { Clock, WaitOptions } from '@p2p/interfaces'
import { wait, type Waiter } from '@p2p/interfaces/wait'
import { MeshError } from './errors.ts'

/**
 * Messages that wait to be read, oldest first. Bounded: when it is full the oldest gives way and is counted, for a node that never reads must not grow.
 */
export class Inbox<T> {
  readonly #limit: number
  readonly #byteLimit: number
  readonly #clock: Clock
  #items: ({ readonly item: T; readonly size: number } | undefined)[] = []
  #head = 0
  #bytes = 0
  readonly #waiters = new Set<Waiter<T>>()
  #closed = false
  #dropped = 0

  constructor(limit: number, byteLimit: number, clock: Clock) {
    this.#limit = limit
    this.#byteLimit = byteLimit
    this.#clock = clock
  }

  /** How many wait. */
  get size(): number {
    return this.#items.length - this.#head
  }

  /** How many gave way to newer ones. */
  get dropped(): number {
    return this.#dropped
  }

  /** @param size the bytes that the item stands for */
  push(item: T, size: number): void {
    if (this.#closed) return
    const [waiter] = this.#waiters
    if (waiter !== undefined) {
      this.#waiters.delete(waiter)
      waiter.resolve(item)
      return
    }
    while (this.size > 0 && (this.size >= this.#limit || this.#bytes + size > this.#byteLimit)) {
      this.#shift()
      this.#dropped++
    }
    this.#bytes += size
    this.#items.push({ item, size })
  }

  /** At most `count` messages, at once, perhaps none. */
  poll(count: number): T[] {
    const taken: T[] = []
    while (taken.length < count && this.size > 0) taken.push(this.#shift())
    return taken
  }

  /** The next message, as soon as there is one. @throws `P2P_CLOSED`, `P2P_TIMEOUT`, `P2P_ABORTED` */
  next(options: WaitOptions): Promise<T> {
    return wait<T>({ ...options, clock: this.#clock, what: 'a message' }, waiter => {
      if (this.#closed) waiter.reject(closedError())
      else if (this.size > 0) waiter.resolve(this.#shift())
      else this.#waiters.add(waiter)
      return () => this.#waiters.delete(waiter)
    })
  }

  close(): void {
    this.#closed = true
    this.#items = []
    this.#head = 0
    this.#bytes = 0
    for (const waiter of this.#waiters) waiter.reject(closedError())
    this.#waiters.clear()
  }

  #shift(): T {
    const { item, size } = this.#items[this.#head] as { item: T; size: number }
    this.#bytes -= size
    this.#items[this.#head++] = undefined
    // Moving the rest costs as much as reading half of it did
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}

const closedError = () => new MeshError('P2P_CLOSED', 'the mesh was closed')
