import { setTimeout as sleep } from 'node:timers/promises'
import type { Sample } from '../case.ts'
import type { Parting, Table } from './table.ts'
import { valueOf } from './value.ts'

const median = (values: number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? NaN
}

/** How long each part of a turn goes on, in milliseconds, and how often the work is done at least. */
const length = 500
const least = 5
const inFlight = 32
/** A read that takes longer, in milliseconds, has failed. */
const patience = 10_000

/** Does something again and again, one after the other. @returns the milliseconds that each took */
const oneByOne = async (work: (count: number) => Promise<void>): Promise<number[]> => {
  const took: number[] = []
  const end = performance.now() + length
  for (let count = 0; count < least || performance.now() < end; count++) {
    const begin = performance.now()
    await work(count)
    took.push(performance.now() - begin)
  }
  return took
}

/** The keys of a table, written once, and then read and written over and over from all nodes in turn. */
export class Work {
  readonly #table: Table
  readonly #nodes: number
  readonly #keys: readonly string[]
  readonly #writings = new Map<string, number>()
  #turn = 0
  #reads = 0
  #found = 0

  constructor(table: Table, nodes: number, keys: number) {
    this.#table = table
    this.#nodes = nodes
    this.#keys = Array.from({ length: keys }, (_, index) => `key-${index}`)
  }

  async begin(): Promise<void> {
    for (const index of this.#keys.keys()) await this.#put(index)
  }

  /** Reads and writes one by one, and reads many at a time. */
  async measure(): Promise<Sample> {
    this.#reads = this.#found = 0
    const gets = await oneByOne(() => this.#get())
    const puts = await oneByOne(() => this.#put(this.#turn++))
    let count = 0
    const begin = performance.now()
    const workers = Array.from({ length: inFlight }, async () => {
      do {
        await this.#get()
        count++
      } while (performance.now() < begin + length)
    })
    await Promise.all(workers)
    const took = performance.now() - begin
    return {
      get: median(gets),
      put: median(puts),
      gets: (count * 1_000) / took,
      found: this.#found / this.#reads,
    }
  }

  /** Replaces all nodes, one by one; after each all keys are read. */
  async replaceAll(how: Parting): Promise<Sample> {
    const { replace } = this.#table
    if (replace === undefined) throw new Error('it cannot replace its nodes')
    const begin = performance.now()
    this.#reads = this.#found = 0
    for (let node = 0; node < this.#nodes; node++) {
      await replace(node, how)
      await this.#readAll(node)
    }
    const took = performance.now() - begin
    const [reads, found] = [this.#reads, this.#found]
    await this.#readAll(0)
    return {
      lost: this.#keys.length - (this.#found - found),
      failed: reads - found,
      took: took / this.#nodes,
    }
  }

  async #get(): Promise<void> {
    const turn = this.#turn++
    const key = this.#keys[(turn * 7) % this.#keys.length] as string
    await this.#read(turn, key)
  }

  /** Reads every key once, each from another node. */
  async #readAll(turn: number): Promise<void> {
    const late = new AbortController()
    const reading = Promise.all(this.#keys.map((key, index) => this.#read(turn + index, key)))
    // Those that are not done by then have failed.
    await Promise.race([reading, sleep(patience, undefined, { signal: late.signal }).catch(() => undefined)])
    late.abort()
  }

  /** A read that finds anything but what was written last, or fails, counts and ends nothing. */
  async #read(turn: number, key: string): Promise<void> {
    this.#reads++
    const value = await this.#table.get(turn % this.#nodes, key).catch(() => undefined)
    if (value === this.#last(key)) this.#found++
  }

  async #put(turn: number): Promise<void> {
    const index = turn % this.#keys.length
    const key = this.#keys[index] as string
    const writing = (this.#writings.get(key) ?? 0) + 1
    this.#writings.set(key, writing)
    await this.#table.put(index % this.#nodes, key, valueOf(key, writing))
  }

  #last(key: string): string {
    return valueOf(key, this.#writings.get(key) ?? 0)
  }
}
