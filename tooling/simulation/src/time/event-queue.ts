/** Something that is to happen at a virtual time. The same object may be scheduled again after it has happened. */
export interface Scheduled {
  /** Dropped instead of fired when its time comes. */
  readonly cancelled: boolean
  /** Makes it happen. */
  fire(): void
}

// Four children a node: half as many levels as a binary heap, and a node's children share a cache line or two.
const arity = 4
// Below this many a compaction costs more than it saves.
const compactable = 1024

/**
 * What is to happen, in order of time and, at equal times, of insertion: a 4-ary heap. The keys lie in typed arrays, apart from the objects,
 * which are therefore not touched until they fire.
 *
 * Cancelling is lazy: a cancelled entry stays until its time comes, or until half of the heap is of that kind.
 */
export class EventQueue {
  #times = new Float64Array(256)
  #orders = new Float64Array(256)
  #items: Scheduled[] = []
  #length = 0
  #order = 0
  #cancelled = 0

  /** When the next entry that is not cancelled is due; `Infinity` if there is none. */
  get nextTime(): number {
    while (this.#length > 0) {
      if (!(this.#items[0] as Scheduled).cancelled) return this.#times[0] as number
      this.#cancelled -= 1
      this.pop()
    }
    return Infinity
  }

  /** Adds an entry after all others of the same time. */
  push(time: number, item: Scheduled): void {
    if (this.#length === this.#times.length) this.#grow()
    this.#rise(this.#length++, time, this.#order++, item)
  }

  /** Takes the first entry out. Call it only when {@link nextTime} is finite. */
  pop(): Scheduled {
    const first = this.#items[0] as Scheduled
    const last = --this.#length
    const item = this.#items.pop() as Scheduled
    if (last > 0) this.#sink(0, this.#times[last] as number, this.#orders[last] as number, item)
    return first
  }

  /** Tells that an entry of the queue has been cancelled, so that it can make room. */
  discard(): void {
    this.#cancelled += 1
    if (this.#cancelled * 2 > this.#length && this.#length > compactable) this.#compact()
  }

  #rise(from: number, time: number, order: number, item: Scheduled): void {
    const times = this.#times
    const orders = this.#orders
    const items = this.#items
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 2
      const parentTime = times[parent] as number
      // The entry is the newest, so that it goes behind its equals.
      if (parentTime <= time) break
      times[index] = parentTime
      orders[index] = orders[parent] as number
      items[index] = items[parent] as Scheduled
      index = parent
    }
    times[index] = time
    orders[index] = order
    items[index] = item
  }

  #sink(from: number, time: number, order: number, item: Scheduled): void {
    const times = this.#times
    const orders = this.#orders
    const items = this.#items
    const length = this.#length
    let index = from
    for (;;) {
      let child = index * arity + 1
      if (child >= length) break
      let best = child
      let bestTime = times[child] as number
      const end = Math.min(child + arity, length)
      while (++child < end) {
        const childTime = times[child] as number
        if (
          childTime < bestTime ||
          (childTime === bestTime && (orders[child] as number) < (orders[best] as number))
        ) {
          best = child
          bestTime = childTime
        }
      }
      if (bestTime > time || (bestTime === time && (orders[best] as number) > order)) break
      times[index] = bestTime
      orders[index] = orders[best] as number
      items[index] = items[best] as Scheduled
      index = best
    }
    times[index] = time
    orders[index] = order
    items[index] = item
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2)
    const orders = new Float64Array(this.#orders.length * 2)
    times.set(this.#times)
    orders.set(this.#orders)
    this.#times = times
    this.#orders = orders
  }

  #compact(): void {
    let kept = 0
    for (let index = 0; index < this.#length; index++) {
      const item = this.#items[index] as Scheduled
      if (item.cancelled) continue
      this.#times[kept] = this.#times[index] as number
      this.#orders[kept] = this.#orders[index] as number
      this.#items[kept] = item
      kept += 1
    }
    this.#items.length = kept
    this.#length = kept
    this.#cancelled = 0
    for (let index = (kept - 2) >> 2; index >= 0; index--) {
      this.#sink(
        index,
        this.#times[index] as number,
        this.#orders[index] as number,
        this.#items[index] as Scheduled,
      )
    }
  }
}
