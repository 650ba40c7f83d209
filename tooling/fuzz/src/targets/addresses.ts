import { P2PError, type Address } from '@p2p/interfaces'
import { isAddress } from '@p2p/mesh/internals'
import { VirtualClock, type SeededRandom } from '@p2p/simulation'
import { createMemoryNetwork } from '@p2p/transport/memory'
import { formatTcpAddress, parseTcpAddress } from '@p2p/transport/tcp'
import { expect, expectEqual, unlessRefused } from '../bytes.ts'
import type { Target } from '../target.ts'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

const schemes = ['tcp://', 'tcp://', 'tcp://', 'memory://', 'memory://', 'ws://', 'TCP://', 'tcp:/', '']
const hosts = [
  '127.0.0.1',
  '[::1]',
  '[fe80::1%eth0]',
  '[::ffff:1.2.3.4]',
  'example.org',
  'a',
  '~1',
  'a_b-c.d.',
  '1.2',
  '',
]
const ports = [':0', ':1', ':65535', ':65536', ':080', ':', '']
const oddities = [
  '',
  '',
  '',
  '[',
  ']',
  ':',
  '.',
  '%',
  '-',
  '\0',
  '/',
  ' ',
  '1e3',
  '*',
  'é',
  'x'.repeat(64),
  '256',
]

/** An address, most often with something odd in it. */
const pieced = (random: SeededRandom): Uint8Array => {
  const text = random.pick(schemes) + random.pick(hosts) + random.pick(ports)
  const at = random.integer(text.length + 1)
  return encoder.encode(text.slice(0, at) + random.pick(oddities) + text.slice(at))
}

/** Whether a network that has no listeners takes it for an address: then nobody is there. */
const memoryAddress = () => {
  const transport = createMemoryNetwork({ clock: new VirtualClock() }).transport()
  return async (text: string) => {
    try {
      await transport.dial(text as Address)
      throw new Error('somebody answered')
    } catch (error) {
      if (P2PError.is(error, 'P2P_BAD_ADDRESS')) return 'refused'
      if (P2PError.is(error, 'P2P_CONNECTION_REFUSED')) return 'accepted'
      throw error
    }
  }
}

export const addresses: readonly Target[] = [
  {
    name: 'tcp-address',
    about: '@p2p/transport/tcp parseTcpAddress',
    generate: pieced,
    open: () => ({
      check: input => {
        const text = decoder.decode(input) as Address
        const parsed = unlessRefused(['P2P_BAD_ADDRESS'], () => parseTcpAddress(text))
        if (!('value' in parsed)) return 'refused'
        const { value } = parsed
        expectEqual(formatTcpAddress(value), text, 'the endpoint in words is')
        expect(value.port >= 0 && value.port <= 65_535, `a port is ${value.port}`)
        expect(value.host !== '', 'the host is empty')
        return 'accepted'
      },
    }),
  },
  {
    name: 'memory-address',
    about: '@p2p/transport/memory: the address of a dial',
    generate: pieced,
    open: () => {
      const dial = memoryAddress()
      return { check: input => dial(decoder.decode(input)) }
    },
  },
  {
    name: 'mesh-address',
    about: '@p2p/mesh isAddress: the form of an address that a peer tells',
    generate: pieced,
    open: () => ({
      check: input => {
        const text = decoder.decode(input)
        const accepted = isAddress(text)
        if (accepted)
          expect(/^[a-z][^\s]*:\/\/[^\s]+$/.test(text) && text.length <= 255, `taken for an address: ${text}`)
        return accepted ? 'accepted' : 'refused'
      },
    }),
  },
]
