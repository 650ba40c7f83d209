import type { Connection } from '@p2p/interfaces'
import { tcp } from '@p2p/transport/tcp'
import { type Case, field, type Sample, type Suite, times, within } from '../case.ts'
import type { GreetingName } from '../greetings/index.ts'
import { Pair } from '../pair/pair.ts'
import { present } from '../peers.ts'
import { secured } from '../wires/noise.ts'
import { portOf } from '../wires/ours.ts'
import { costOf, links } from './memory.ts'
import { oneWay } from './stream.ts'

const plain = 'ours, plain'
const slabs = 'TLS 1.3 with the same slabs'
const encoded = 'limit: TLS 1.3, frames in 256 KiB writes'
const mutual = 'TLS 1.3, both proven'

const greeting: Case = {
  name: 'connect, prove who is there, and have a byte back',
  metrics: { first: 'µs' },
  bars: [
    within('first', 'TLS 1.3', 1.3),
    within('first', mutual, 1.3),
    within('first', 'libp2p, noise', 0.3),
  ],
  open: async () => {
    const pair = new Pair({ pinned: true })
    const only = (name: GreetingName, count: number) => async () => {
      const run = await pair.greetings(name, count)
      return async () => ({ first: await run() })
    }
    const { contenders, absent } = await present({
      ours: only('noise', 100),
      'TLS 1.3': only('TLS 1.3', 100),
      [mutual]: only(mutual, 100),
      'libp2p, noise': only('libp2p, noise', 20),
    })
    return field(contenders, { absent, close: () => pair.close() })
  },
}

const oneInFlight: Case = {
  name: 'one request of 64 B in flight, on one core',
  metrics: { p50: 'µs', p99: 'µs' },
  bars: [within('p50', plain, 1.5)],
  open: async () => {
    const pair = new Pair({ pinned: true })
    const only = (wire: 'noise' | 'tcp') => async () => {
      const run = await pair.roundTrips(wire, 64, { count: 10_000, inFlight: 1 })
      return async () => {
        const { p50, p99 } = await run()
        return { p50, p99 }
      }
    }
    const { contenders, absent } = await present({ ours: only('noise'), [plain]: only('tcp') })
    return field(contenders, { absent, close: () => pair.close() })
  },
}

const cost = (protect: boolean): Promise<Sample> =>
  costOf(async () => {
    const transport = tcp()
    const [ours, theirs] = [secured(), secured()]
    const connections: Connection[] = []
    const come: Promise<unknown>[] = []
    const keep = (connection: Connection): void => void connections.push(connection)
    const listener = await transport.listen('tcp://127.0.0.1:0', connection => {
      if (protect) come.push(theirs.secure(connection).then(keep))
      else keep(connection)
    })
    for (let count = 0; count < links; count++) {
      const connection = await transport.dial(listener.address)
      keep(protect ? await ours.secure(connection) : connection)
    }
    await Promise.all(come)
    const ports = connections.map(portOf)
    return async () => {
      await listener.close()
      // The ports are kept up to here.
      if (ports.length > 0) for (const connection of connections) connection.abort()
      await Promise.all(connections.map(({ closed }) => closed))
    }
  })

const idle: Case = {
  name: 'an idle connection over TCP, with its framing',
  metrics: { heap: 'KiB an end' },
  bars: [{ metric: 'heap', by: 'value', atMost: 12 }],
  open: () =>
    field([
      { subject: 'ours', measure: () => cost(true) },
      { subject: plain, measure: () => cost(false) },
    ]),
}

export const noise: Suite = {
  name: 'noise',
  about: 'connections made private and proven, over TCP, between two processes',
  cases: [
    greeting,
    oneWay(
      '64 B',
      64,
      {
        ours: 'noise',
        [plain]: 'tcp',
        [slabs]: 'framed tls',
        [encoded]: 'raw tls',
        'secret-stream and protomux': 'secret-stream and protomux',
        'libp2p, noise': 'libp2p, noise',
      },
      [
        times('messages', plain, 0.4),
        times('messages', 'secret-stream and protomux', 30),
        times('messages', 'libp2p, noise', 80),
        times('messages', slabs, 0.6),
      ],
    ),
    oneWay('64 KiB', 65_536, { ours: 'noise', [plain]: 'tcp', 'TLS 1.3': 'raw tls' }, [
      times('messages', 'TLS 1.3', 0.8),
    ]),
    oneInFlight,
    oneWay('only 64 KiB', 65_536, { ours: 'noise' }, []),
    oneWay('only 64 B', 64, { ours: 'noise' }, []),
    idle,
  ],
}
