import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setImmediate as pass } from 'node:timers/promises'
import type { Connection } from '@p2p/interfaces'
import { tcp } from '@p2p/transport/tcp'
import { type Case, field, type Sample, type Suite } from '../case.ts'
import { portOf } from '../wires/ours.ts'

/** How many links are open at a time. */
export const links = 1_000

/** Bytes of the heap, and of what it holds outside, once all garbage is gone. */
export const heap = async (): Promise<number> => {
  for (let times = 0; times < 4; times++) {
    await pass()
    globalThis.gc?.()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** What an end of each of many links costs. Each end has a writer and a decoder, or a consumer. */
export const costOf = async (open: () => Promise<() => Promise<void>>): Promise<Sample> => {
  const before = await heap()
  const close = await open()
  const after = await heap()
  await close()
  return { heap: (after - before) / (2 * links) / 1_024 }
}

const ours = (): Promise<Sample> =>
  costOf(async () => {
    const transport = tcp()
    const connections: Connection[] = []
    const listener = await transport.listen('tcp://127.0.0.1:0', connection => connections.push(connection))
    for (let count = 0; count < links; count++) connections.push(await transport.dial(listener.address))
    const ports = connections.map(portOf)
    return async () => {
      await listener.close()
      // The ports are kept up to here.
      if (ports.length > 0) for (const connection of connections) connection.abort()
      await Promise.all(connections.map(({ closed }) => closed))
    }
  })

const nodes = (): Promise<Sample> =>
  costOf(async () => {
    const sockets: Socket[] = []
    const consume = (socket: Socket): void => {
      sockets.push(socket)
      socket.on('data', () => undefined)
      socket.on('error', () => undefined)
    }
    const server = createServer({ noDelay: true }, consume)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    for (let count = 0; count < links; count++) {
      await new Promise<void>(resolve => {
        const socket = connect({ host: '127.0.0.1', port, noDelay: true }, resolve)
        consume(socket)
      })
    }
    return async () => {
      server.close()
      const closed = sockets.map(socket => new Promise(resolve => socket.once('close', resolve)))
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
    }
  })

const idle: Case = {
  name: 'an idle connection over TCP, with its framing',
  metrics: { heap: 'KiB an end' },
  bars: [{ metric: 'heap', against: 'node:net', by: 'difference', atMost: 8 }],
  open: () =>
    field([
      { subject: 'ours', measure: ours },
      { subject: 'node:net', measure: nodes },
    ]),
}

export const memory: Suite = { name: 'memory', about: 'what is held while nothing happens', cases: [idle] }
