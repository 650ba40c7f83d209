import type { Address } from '@p2p/interfaces'
import { transportContract } from '@p2p/interfaces/contracts'
import { runContract } from '@p2p/contracts'
import { createMemoryNetwork } from '../src/memory.ts'
import { tcp } from '../src/tcp.ts'
import { tls } from '../src/tls.ts'
import { unix } from '../src/unix.ts'
import { ws, wss } from '../src/ws.ts'
import { certificate, credentials } from './certificates/credentials.ts'
import { tlsUponSockets } from './hidden-reset.ts'
import { withNamedEnds } from './named-ends.ts'

const malformedTcp: Address[] = [
  'tcp://',
  'tcp://127.0.0.1',
  'tcp://127.0.0.1:',
  'tcp://127.0.0.1:65536',
  'tcp://::1:80',
  'tcp://127.0.0.1:80/',
]

for (const anywhere of ['tcp://127.0.0.1:0', 'tcp://[::1]:0'] as const) {
  const create = () => ({ transport: tcp(), anywhere, malformed: malformedTcp })
  runContract(`tcp at ${anywhere}`, transportContract(create))
}

const malformedMemory: Address[] = [
  'memory://',
  'memory://a b',
  'memory://a/b',
  'memory://~',
  `memory://${'a'.repeat(256)}`,
]

for (const latency of [0, 1]) {
  const create = () => ({
    transport: createMemoryNetwork({ latency }).transport(),
    anywhere: 'memory://*' as const,
    malformed: malformedMemory,
  })
  runContract(`memory with a latency of ${latency} ms`, transportContract(create))
}

const malformedUnix: Address[] = [
  'unix://',
  'unix://relative',
  'unix:///',
  'unix:///folder/',
  'unix:///a\0b',
  `unix:///${'a'.repeat(107)}`,
]

runContract(
  'unix',
  transportContract(() => ({
    transport: withNamedEnds(unix()),
    anywhere: 'unix://*',
    malformed: malformedUnix,
  })),
)

const ofTls = malformedTcp.map(address => address.replace('tcp', 'tls') as Address)

// Reading keys and certificates takes longer than most cases, so one transport serves all of them.
const secure = { ...credentials('server'), ca: certificate('authority') }
const overTls = { tls: tls(secure), 'tls upon sockets that were dialled': tlsUponSockets(secure) }

for (const [name, transport] of Object.entries(overTls)) {
  const create = () => ({ transport, anywhere: 'tls://127.0.0.1:0' as const, malformed: ofTls })
  runContract(name, transportContract(create))
}

const malformedWs: Address[] = [
  'ws://',
  'ws://127.0.0.1',
  'ws://127.0.0.1/path',
  'ws://127.0.0.1:80/a b',
  'ws://127.0.0.1:80/a?b',
  'ws://127.0.0.1:80/a#b',
]

runContract(
  'ws',
  transportContract(() => ({ transport: ws(), anywhere: 'ws://127.0.0.1:0/p2p', malformed: malformedWs })),
)

const overWss = wss(secure)

runContract(
  'wss',
  transportContract(() => ({
    transport: overWss,
    anywhere: 'wss://127.0.0.1:0/',
    malformed: malformedWs.map(address => address.replace('ws', 'wss') as Address),
  })),
)
