import type { Address, Transport } from '@p2p/interfaces'
import { createMemoryNetwork } from '@p2p/transport/memory'
import { tcp } from '@p2p/transport/tcp'

const memory: [string, () => Transport, Address] = [
  'memory',
  () => createMemoryNetwork().transport(),
  'memory://*',
]

/** What is tested over each of them: its name, how it is made, and where a node listens. In a browser there is no TCP. */
export const transports: readonly [string, () => Transport, Address][] =
  process.env['P2P_BROWSER'] === '1' ? [memory] : [memory, ['TCP', () => tcp(), 'tcp://127.0.0.1:0']]
