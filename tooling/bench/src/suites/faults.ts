import { connect, type Socket } from 'node:net'
import { frameWriter, lengthPrefixed } from '@p2p/framing'
import type { Address, Connection, Transport } from '@p2p/interfaces'
import { connectionLimits } from '@p2p/transport'
import { tcp } from '@p2p/transport/tcp'
import { tls } from '@p2p/transport/tls'
import { ws } from '@p2p/transport/ws'
import { type Case, field, type Sample, type Suite, within } from '../case.ts'
import { certificate, key } from '../certificate.ts'
import type { TwoWayPort } from '../pair/port.ts'
import { portOf } from '../wires/ours.ts'
import { heap } from './memory.ts'

const message = new Uint8Array(64).fill(7)

/** Links within this process: the connections that a listener accepted, and those that were dialled, each in the order in which they were made. */
interface Links {
  readonly accepted: readonly Connection[]
  readonly dialled: readonly Connection[]
  readonly close: () => Promise<void>
}

const open = async (transport: Transport, address: Address, count: number): Promise<Links> => {
  const accepted: Connection[] = []
  const dialled: Connection[] = []
  let wake: (() => void) | undefined
  const listener = await transport.listen(address, connection => {
    accepted.push(connection)
    wake?.()
  })
  while (dialled.length < count) {
    const come = new Promise<void>(resolve => (wake = resolve))
    dialled.push(await transport.dial(listener.address))
    if (accepted.length < dialled.length) await come
  }
  const close = async (): Promise<void> => {
    await listener.close()
    const all = [...accepted, ...dialled]
    for (const connection of all) connection.abort()
    await Promise.all(all.map(({ closed }) => closed))
  }
  return { accepted, dialled, close }
}

/** One round trip, in milliseconds. */
const ask = (port: TwoWayPort): Promise<number> =>
  new Promise(resolve => {
    const begin = performance.now()
    port.each(() => resolve(performance.now() - begin))
    port.send(message)
  })

/** Writes as much as back-pressure allows, and no more than `most` messages at a time. */
const eager = (connection: Connection): ((most: number) => void) => {
  const writer = frameWriter(connection, lengthPrefixed(), { schedule: queueMicrotask })
  let full = false
  return most => {
    for (let sent = 0; sent < most && !full; sent++) {
      full = !writer.write(message)
      if (!full) continue
      writer.drained().then(
        () => (full = false),
        // It ends without having drained: nothing is written any more.
        () => undefined,
      )
    }
  }
}

/**
 * One sender and eight peers. To one of them it writes all that back-pressure lets it; meanwhile the others are asked in turn. Either that one reads, or
 * it has stopped reading.
 */
const besideOne = async (stops: boolean): Promise<Sample> => {
  const { accepted, dialled, close } = await open(tcp(), 'tcp://127.0.0.1:0', 8)
  const [sender, ...others] = accepted
  const [reader, ...askers] = dialled
  if (sender === undefined || reader === undefined) throw new Error('eight links were opened')
  reader.onData(() => undefined)
  if (stops) reader.pause()
  for (const port of others.map(portOf)) port.each(bytes => port.send(Uint8Array.from(bytes)))
  const ports = askers.map(portOf)
  const write = eager(sender)
  const waits: number[] = []
  let queue = 0
  for (let round = 0; round < 400; round++) {
    // More than the system takes for one that does not read, long before the last round.
    write(1_000)
    for (const port of ports) waits.push(await ask(port))
    queue = Math.max(queue, sender.queued)
  }
  await close()
  waits.sort((a, b) => a - b)
  return {
    p99: (waits[Math.floor(0.99 * waits.length)] ?? NaN) * 1_000,
    queue: queue / connectionLimits.highWaterMark,
  }
}

const allReading = 'ours, all read'

const stoppedReader: Case = {
  name: 'a reader that stops, beside seven that do not',
  metrics: { p99: 'µs', queue: 'marks' },
  bars: [
    within('p99', allReading, 2),
    // At the mark a writer is told to stop; the slab that it was writing still comes.
    { metric: 'queue', by: 'value', atMost: 1.5 },
  ],
  open: () =>
    field([
      { subject: 'ours', measure: () => besideOne(true) },
      { subject: allReading, measure: () => besideOne(false) },
    ]),
}

/** What is open: sockets, servers and timers. */
const handles = async (): Promise<number> => {
  await heap()
  return process.getActiveResourcesInfo().length
}

/** So many connections that come and go, fifty at a time, and then messages over one that stays. */
const comeAndGo = async (): Promise<Sample> => {
  const [handlesBefore, heapBefore] = [await handles(), await heap()]
  const transport = tcp()
  const listener = await transport.listen('tcp://127.0.0.1:0', connection =>
    connection.onData(() => undefined),
  )
  for (let count = 0; count < 10_000; count += 50) {
    const some = Array.from({ length: 50 }, async () => {
      const connection = await transport.dial(listener.address)
      await connection.close()
    })
    await Promise.all(some)
  }
  await listener.close()
  const { accepted, dialled, close } = await open(transport, 'tcp://127.0.0.1:0', 1)
  const [from, to] = [...accepted, ...dialled].map(portOf)
  if (from === undefined || to === undefined) throw new Error('one link was opened')
  const expected = 1_000_000
  const all = new Promise<void>(reached => to.count({ messages: 0, size: message.length, expected, reached }))
  await from.burst(message, expected)
  await all
  await close()
  return {
    handles: (await handles()) - handlesBefore,
    heap: ((await heap()) - heapBefore) / 2 ** 20,
  }
}

const churn: Case = {
  name: '10 000 connections that come and go, then 10^6 messages',
  metrics: { handles: 'more than before', heap: 'MiB more than before' },
  bars: [
    { metric: 'handles', by: 'value', atMost: 0 },
    { metric: 'heap', by: 'value', atMost: 5 },
  ],
  mostRuns: 3,
  open: () => field([{ subject: 'ours', measure: comeAndGo }]),
}

const strangers = 1_000

/** How each protocol begins; what never finishes it says the last byte over and over. */
const openings = {
  tcp: Uint8Array.of(0, 0, 1, 0, 7),
  tls: Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 7),
  ws: new TextEncoder().encode('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: a'),
}

/** Connects without ever finishing what it begins: every second one says nothing, the others a byte every half second. */
const crowd = async (port: number, opening: Uint8Array): Promise<() => void> => {
  const connected = () =>
    new Promise<Socket>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port }, () => resolve(socket))
      socket.on('error', reject)
    })
  const sockets = await Promise.all(Array.from({ length: strangers }, connected))
  for (const socket of sockets) socket.removeAllListeners('error').on('error', () => undefined)
  const talkers = sockets.filter((_, index) => index % 2 === 0)
  let said = 0
  const timer = setInterval(() => {
    const next = opening.subarray(Math.min(said++, opening.length - 1)).subarray(0, 1)
    for (const socket of talkers) if (socket.writable) socket.write(next)
  }, 500)
  return () => {
    clearInterval(timer)
    for (const socket of sockets) socket.destroy()
  }
}

/** How long an honest peer takes to connect and to be answered, in a crowd. In milliseconds. */
const inCrowd = async (transport: Transport, address: Address, opening: Uint8Array): Promise<number> => {
  const accepted: Connection[] = []
  const listener = await transport.listen(address, connection => {
    accepted.push(connection)
    const port = portOf(connection)
    port.each(bytes => port.send(Uint8Array.from(bytes)))
  })
  const leave = await crowd(Number(/:(\d+)/.exec(listener.address.slice('tcp://'.length))?.[1]), opening)
  const begin = performance.now()
  const connection = await transport.dial(listener.address)
  await ask(portOf(connection))
  const took = performance.now() - begin
  leave()
  await listener.close()
  for (const each of [connection, ...accepted]) each.abort()
  await Promise.all([connection, ...accepted].map(({ closed }) => closed))
  return took
}

const secure = { cert: certificate, key, ca: certificate }

const crowded: Case = {
  name: `an honest peer among ${strangers} that never finish what they begin`,
  metrics: { tcp: 'ms', tls: 'ms', ws: 'ms' },
  bars: ['tcp', 'tls', 'ws'].map(metric => ({ metric, by: 'value', atMost: 1_000 })),
  open: () =>
    field([
      {
        subject: 'ours',
        measure: async () => ({
          tcp: await inCrowd(tcp(), 'tcp://127.0.0.1:0', openings.tcp),
          tls: await inCrowd(tls(secure), 'tls://127.0.0.1:0', openings.tls),
          ws: await inCrowd(ws(), 'ws://127.0.0.1:0/', openings.ws),
        }),
      },
    ]),
}

export const faults: Suite = {
  name: 'faults',
  about: 'peers that stop, leave, or never come to the point',
  cases: [stoppedReader, churn, crowded],
}
