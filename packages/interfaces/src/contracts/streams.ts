import type { Connection } from '../connection.ts'
import { check, ContractViolation } from './check.ts'

/** Two ends of one connection, of which nothing has been read or written yet. */
export interface ConnectionPair {
  readonly outbound: Connection
  readonly inbound: Connection
}

/** Makes a new pair. The case that asks for it ends both. */
export type CreatePair = () => Promise<ConnectionPair>

/** A case's name and its check, which gets both ends of a new connection and a way to wait until nothing moves. */
export type PairCase = readonly [
  name: string,
  body: (
    ends: { readonly one: Connection; readonly other: Connection },
    quiet: () => Promise<void>,
  ) => Promise<void>,
]

// A prime, so that the pattern is in step with no chunk size.
const period = 65_521

const patternTable = (() => {
  const table = new Uint8Array(period)
  let state = 1
  for (let index = 0; index < period; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    table[index] = state >>> 16
  }
  return table
})()

/** The bytes of the test stream from `start` on: each tells where it belongs, so that loss, repetition and disorder show. */
export const pattern = (start: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  for (let filled = 0; filled < length;) {
    const from = (start + filled) % period
    const part = patternTable.subarray(from, Math.min(period, from + length - filled))
    bytes.set(part, filled)
    filled += part.length
  }
  return bytes
}

/** Where a chunk differs from the test stream at `start`; -1 if it does not. */
const firstWrong = (chunk: Uint8Array, start: number): number => {
  let expected = start % period
  for (let index = 0; index < chunk.length; index++) {
    if (chunk[index] !== patternTable[expected]) return index
    if (++expected === period) expected = 0
  }
  return -1
}

/** Reads the test stream from a connection and compares it as it comes. */
export class Reading {
  /** Bytes read so far. */
  length = 0
  /** Calls of the consumer so far. */
  calls = 0
  readonly #connection: Connection
  #violation: ContractViolation | undefined
  #wanted = 0
  #wake: (() => void) | undefined

  constructor(connection: Connection) {
    this.#connection = connection
    connection.onData(chunk => this.#take(chunk))
  }

  /** Resolves when that many bytes have come, and no more. */
  async exactly(length: number): Promise<void> {
    await this.atLeast(length)
    check(this.length === length, `${length} bytes were written, ${this.length} came`)
  }

  /** Resolves when at least that many bytes have come. */
  async atLeast(length: number): Promise<void> {
    if (this.length < length && this.#violation === undefined) {
      this.#wanted = length
      const come = new Promise<void>(resolve => (this.#wake = resolve))
      await Promise.race([come, this.#connection.closed])
    }
    if (this.#violation !== undefined) throw this.#violation
    check(this.length >= length, `${length} bytes were written, the connection ended after ${this.length}`)
  }

  #take(chunk: Uint8Array): void {
    this.calls++
    if (!(chunk instanceof Uint8Array)) this.#violation ??= new ContractViolation('a chunk is a Uint8Array')
    const wrong = firstWrong(chunk, this.length)
    if (wrong >= 0) {
      this.#violation ??= new ContractViolation(
        `the byte at ${this.length + wrong} is not the one that was written`,
      )
    }
    this.length += chunk.length
    if (this.length >= this.#wanted || this.#violation !== undefined) this.#wake?.()
  }
}

/** Writes the test stream, waiting whenever it is told to. */
export const writeAll = async (
  connection: Connection,
  length: number,
  chunkLength: number,
): Promise<void> => {
  for (let start = 0; start < length; start += chunkLength) {
    const chunk = pattern(start, Math.min(chunkLength, length - start))
    if (!connection.write(chunk)) await connection.drained()
  }
}

// Above all that systems buffer for a connection over loopback.
const enough = 64 * 1024 * 1024

/** Writes the test stream until nothing moves any more, because the other end does not read. Returns how much was written, in bytes. */
export const fill = async (connection: Connection, settled: () => Promise<void>): Promise<number> => {
  const chunkLength = 65_536
  let written = 0
  for (;;) {
    for (let goOn = true; goOn; written += chunkLength) {
      check(written < enough, 'write answers false when the other end does not read')
      goOn = connection.write(pattern(written, chunkLength))
    }
    const moved = connection.drained().then(() => true)
    if (!(await Promise.race([moved, settled().then(() => false)]))) return written
  }
}

/** Waits for what is going to happen without anybody's doing. One connection beside those of a case serves all of its waits. */
export class Quiet {
  readonly #create: CreatePair
  #pair: Promise<ConnectionPair> | undefined
  #last: Promise<void> = Promise.resolve()
  #onEcho: () => void = () => undefined

  /** @param create makes the connection once it is needed */
  constructor(create: CreatePair) {
    this.#create = create
  }

  /**
   * Resolves when it has had time to happen, told by causes and not by a clock: many messages have gone to and fro over another connection
   * meanwhile.
   */
  readonly settled = (): Promise<void> => (this.#last = this.#last.then(() => this.#talk()))

  /** Ends the connection. */
  async end(): Promise<void> {
    await this.#last
    if (this.#pair === undefined) return
    const { outbound, inbound } = await this.#pair
    await end(outbound, inbound)
  }

  async #talk(): Promise<void> {
    const { outbound } = await (this.#pair ??= this.#open())
    await new Promise<void>((resolve, reject) => {
      let left = 20
      this.#onEcho = () => {
        if (--left > 0) outbound.write(Uint8Array.of(left))
        else resolve()
      }
      void outbound.closed.then(() =>
        reject(new ContractViolation('a connection lasts until somebody ends it')),
      )
      outbound.write(Uint8Array.of(left))
    })
  }

  async #open(): Promise<ConnectionPair> {
    const pair = await this.#create()
    pair.inbound.onData(chunk => pair.inbound.write(chunk.slice()))
    pair.outbound.onData(() => this.#onEcho())
    return pair
  }
}

/** Ends connections at once and waits until they have ended. */
export const end = async (...connections: readonly Connection[]): Promise<void> => {
  for (const connection of connections) connection.abort()
  await Promise.all(connections.map(connection => connection.closed))
}

/** Counts how often each chunk is released. */
export class Releases {
  readonly #counts: number[] = []

  /** The `release` of one more chunk. */
  next(): () => void {
    const index = this.#counts.push(0) - 1
    return () => {
      this.#counts[index] = (this.#counts[index] ?? 0) + 1
    }
  }

  /** How many chunks have been released. */
  get released(): number {
    return this.#counts.filter(count => count > 0).length
  }

  /** @throws ContractViolation unless every chunk was released once */
  check(): void {
    const wrong = this.#counts.findIndex(count => count !== 1)
    check(
      wrong < 0,
      `chunk ${wrong} of ${this.#counts.length} was released ${this.#counts[wrong] ?? 0} times`,
    )
  }
}
