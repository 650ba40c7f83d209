import { type GreetingName, greetings } from '../greetings/index.ts'
import type { Port, Tally, TwoWayPort } from './port.ts'
import { type WireName, wires } from './wires.ts'

/** Nanoseconds of a clock that both processes share. */
const now = (): number => Number(process.hrtime.bigint())

const ports = new Map<WireName, Promise<Port>>()
const arrivals = new Map<WireName, Promise<number>>()
const tallies = new Map<WireName, Tally>()

const portOf = (wire: WireName): Promise<Port> => {
  const port = ports.get(wire)
  if (port === undefined) throw new Error(`${wire} is not connected`)
  return port
}

const twoWay = async (wire: WireName): Promise<TwoWayPort> => {
  const port = await portOf(wire)
  if (!('each' in port)) throw new Error(`${wire} goes one way only`)
  return port as TwoWayPort
}

let spentBefore = process.cpuUsage()

const messageOf = (size: number): Uint8Array => new Uint8Array(size).fill(7)

/** How long round trips took, in microseconds, and how many there were in a second. */
export interface RoundTrips {
  readonly p50: number
  readonly p99: number
  readonly perSecond: number
}

/** What each process of a pair can be told to do. */
export const commands = {
  /** Waits for the other process. @returns where */
  listen: async (wire: WireName): Promise<string> => {
    const { promise, resolve } = later<Port>()
    ports.set(wire, promise)
    return (await wires[wire]()).listen(resolve)
  },

  dial: async (wire: WireName, address: string): Promise<void> => {
    const port = (await wires[wire]()).dial(address)
    ports.set(wire, port)
    await port
  },

  /** Gets ready to count messages. */
  expect: async (wire: WireName, size: number, expected: number): Promise<void> => {
    globalThis.gc?.()
    const { promise, resolve } = later<number>()
    const tally: Tally = { messages: 0, size, expected, reached: () => resolve(now()) }
    arrivals.set(wire, promise)
    tallies.set(wire, tally)
    const port = await portOf(wire)
    spentBefore = process.cpuUsage()
    port.count(tally)
  },

  /** Sends. @returns when it began */
  burst: async (wire: WireName, size: number, count: number): Promise<number> => {
    globalThis.gc?.()
    const port = await portOf(wire)
    const message = messageOf(size)
    spentBefore = process.cpuUsage()
    const begin = now()
    await port.burst(message, count)
    return begin
  },

  /** @returns when the last of the messages that were expected has come */
  arrived: async (wire: WireName): Promise<number> => (await arrivals.get(wire)) ?? NaN,

  /** @returns how many of them have come so far */
  come: async (wire: WireName): Promise<number> => tallies.get(wire)?.messages ?? NaN,

  /** @returns the processor's time that this process has spent since `expect` or `burst`, in nanoseconds */
  spent: async (): Promise<number> => {
    const { user, system } = process.cpuUsage(spentBefore)
    return (user + system) * 1_000
  },

  /** From now on sends back what comes. */
  echo: async (wire: WireName): Promise<void> => {
    globalThis.gc?.()
    const port = await twoWay(wire)
    // What comes may be used again after the call, what is sent may not.
    port.each(message => port.send(Uint8Array.from(message)))
  },

  /** Sends messages and waits for their echoes, so many at a time. */
  roundTrips: async (wire: WireName, size: number, count: number, inFlight: number): Promise<RoundTrips> => {
    globalThis.gc?.()
    const port = await twoWay(wire)
    const times = new Float64Array(count)
    const begins = new Float64Array(count)
    const { promise, resolve } = later<undefined>()
    const message = messageOf(size)
    let [sent, back] = [0, 0]
    const next = (): void => {
      begins[sent++] = performance.now()
      port.send(message)
    }
    port.each(() => {
      times[back] = performance.now() - (begins[back] ?? NaN)
      back++
      if (back === count) resolve(undefined)
      else if (sent < count) next()
    })
    const begin = performance.now()
    while (sent < Math.min(inFlight, count)) next()
    await promise
    const took = performance.now() - begin
    times.sort()
    const at = (part: number): number => (times[Math.floor(part * count)] ?? NaN) * 1_000
    return { p50: at(0.5), p99: at(0.99), perSecond: (count * 1_000) / took }
  },

  /** From now on answers those who greet so. @returns where */
  answer: async (name: GreetingName): Promise<string> => (await greetings[name]()).answer(),

  /** Greets so many times, one after the other. @returns how long the median took, in microseconds */
  greet: async (name: GreetingName, address: string, count: number): Promise<number> => {
    globalThis.gc?.()
    const { greet } = await greetings[name]()
    const times = new Float64Array(count)
    for (let greeted = 0; greeted < count; greeted++) {
      const begin = performance.now()
      const leave = await greet(address)
      times[greeted] = (performance.now() - begin) * 1_000
      await leave()
    }
    return times.sort()[count >> 1] ?? NaN
  },
}

const later = <Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } => {
  let resolve!: (value: Value) => void
  const promise = new Promise<Value>(settle => (resolve = settle))
  return { promise, resolve }
}

export type Commands = typeof commands
