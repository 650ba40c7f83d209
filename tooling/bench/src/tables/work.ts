import type { Sample } from '../case.ts'
import type { Table } from './table.ts'

/** A text of 100 bytes that says to which key and which writing of it it belongs. */
const valueOf = (key: string, writing: number): string => `${key}#${writing}`.padEnd(100, '.')

const median = (values: number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? NaN
}

/** How long each part of a turn goes on, in milliseconds, and how often the work is done at least. */
const length = 300
const least = 5
const inFlight = 32

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

  constructor(table: Table, nodes: number, keys: number) {
    this.#table = table
    this.#nodes = nodes
    this.#keys = Array.from({ length: keys }, (_, index) => `key-${index}`)
  }

  async begin(): Promise<void> {
    for (const index of this.#keys.keys()) await this.#put(index)
  }

  /** @throws if anything but what was written last is read */
  async measure(): Promise<Sample> {
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
    return { get: median(gets), put: median(puts), gets: (count * 1_000) / took }
  }

  /** Replaces all nodes, one by one; after each all keys are read. */
  async replaceAll(): Promise<Sample> {
    const { replace } = this.#table
    if (replace === undefined) throw new Error('it cannot replace its nodes')
    const begin = performance.now()
    let reads = 0
    let found = 0
    for (let node = 0; node < this.#nodes; node++) {
      await replace(node)
      for (const key of this.#keys) {
        reads++
        if ((await this.#table.get((node + reads) % this.#nodes, key)) === this.#last(key)) found++
      }
    }
    const took = performance.now() - begin
    let kept = 0
    for (const key of this.#keys)
      if ((await this.#table.get(kept % this.#nodes, key)) === this.#last(key)) kept++
    return { kept: kept / this.#keys.length, read: found / reads, took: took / this.#nodes }
  }

  async #get(): Promise<void> {
    const turn = this.#turn++
    const key = this.#keys[(turn * 7) % this.#keys.length] as string
    const value = await this.#table.get(turn % this.#nodes, key)
    if (value !== this.#last(key)) throw new Error(`at ${key} there is ${value ?? 'nothing'}`)
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
