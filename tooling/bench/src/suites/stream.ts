import { type Bar, type Case, field, type Suite, times } from '../case.ts'
import { Pair } from '../pair/pair.ts'
import type { WireName } from '../pair/wires.ts'
import { present } from '../peers.ts'

const messages = 'messages'

/** Messages of one size, one way between two processes, by each of these. */
export const oneWay = (
  name: string,
  size: number,
  wires: Readonly<Record<string, WireName>>,
  bars: readonly Bar[],
): Case => ({
  name,
  metrics: { [messages]: '1/s', processor: 'ns a message' },
  bars,
  open: async () => {
    const pair = new Pair()
    const prepare = Object.entries(wires).map(
      ([subject, wire]) => [subject, () => pair.oneWay(wire, size)] as const,
    )
    const { contenders, absent } = await present(Object.fromEntries(prepare))
    return field(contenders, { absent, close: () => pair.close() })
  },
})

const peers = {
  ws: 'ws package',
  'libp2p, plaintext': 'libp2p, plaintext',
  'libp2p, noise': 'libp2p, noise',
  'secret-stream and protomux': 'secret-stream and protomux',
  zeromq: 'zeromq',
  nats: 'nats',
} as const

const slabs = 'limit: frames in 256 KiB writes'
const single = 'limit: a write for each frame'

export const stream: Suite = {
  name: 'stream',
  about: 'messages one way over TCP, between two processes',
  cases: [
    oneWay('64 B', 64, { ours: 'tcp', [slabs]: 'raw tcp', ...peers }, [
      times(messages, slabs, 0.4),
      times(messages, 'ws', 40),
      times(messages, 'libp2p, plaintext', 80),
      times(messages, 'secret-stream and protomux', 50),
      times(messages, 'nats', 8),
    ]),
    oneWay('1 KiB', 1_024, { ours: 'tcp', [slabs]: 'raw tcp', ...peers }, [
      times(messages, slabs, 0.8),
      times(messages, 'ws', 10),
    ]),
    oneWay('64 KiB', 65_536, { ours: 'tcp', [single]: 'raw tcp', ...peers }, [
      times(messages, single, 0.85),
      times(messages, 'ws', 1.3),
      times(messages, 'zeromq', 1.3),
    ]),
  ],
}

const owner = 'limit: raw tls, onread'
const resettable = 'limit: raw tls, a socket that can be reset'
const overTls = { ours: 'tls', [owner]: 'raw tls', [resettable]: 'raw tls on a socket' } as const

export const tls: Suite = {
  name: 'tls',
  about: 'the same over TLS, beside bare TLS with the same slabs',
  cases: [
    oneWay('64 B', 64, overTls, [times(messages, owner, 0.4)]),
    oneWay('1 KiB', 1_024, overTls, [times(messages, owner, 0.8)]),
    oneWay('64 KiB', 65_536, overTls, [times(messages, owner, 0.85)]),
  ],
}

export const ws: Suite = {
  name: 'ws',
  about: 'our WebSocket transport beside the ws package, which sends a message at a time',
  cases: [oneWay('64 B', 64, { ours: 'ws', 'ws package': 'ws package' }, [times(messages, 'ws package', 3)])],
}
