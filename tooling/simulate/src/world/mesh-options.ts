import type { Address } from '@p2p/interfaces'
import { identityFromKey, type MeshOptions, plaintext } from '@p2p/mesh'
import type { Machine } from '@p2p/simulation'
import type { Store } from './life.ts'

/** Where the node of a host listens. */
export const addressOf = (name: string): Address => `sim://${name}:1`

/** How a node is made on a host: it keeps its identity where a restart finds it, and looks for the first two of these hosts. */
export const meshOptions = (machine: Machine<Store>, names: readonly string[]): MeshOptions => {
  const { name, store, random, clock, transport } = machine
  let secret = store.get('secret')
  if (!(secret instanceof Uint8Array)) store.set('secret', (secret = random.fill(new Uint8Array(32))))
  return {
    network: 'simulated',
    transports: [transport],
    listen: [addressOf(name)],
    seeds: names
      .slice(0, 2)
      .filter(seed => seed !== name)
      .map(addressOf),
    identity: identityFromKey(secret as Uint8Array),
    // What is simulated is the network and not its cryptography
    security: plaintext(),
    signed: false,
    clock,
    random,
  }
}
