import { runContract } from '@p2p/contracts'
import { connectionContract } from '@p2p/interfaces/contracts'
import { identity, memoryPair, securedPair, tcpPair } from './pairs.ts'
import { builds } from './primitives.ts'

for (const [name, , createNoise] of builds) {
  const noises = [
    createNoise({ identity: identity(1), network: 'contract', secret: new Uint8Array(32).fill(7) }),
    createNoise({ identity: identity(2), network: 'contract', secret: new Uint8Array(32).fill(7) }),
  ] as const
  // What the portable build computes with is slow, and how bytes travel below does not depend on it.
  const under = { memory: memoryPair, ...(name === 'noble' ? {} : { tcp: tcpPair }) }
  for (const [transport, create] of Object.entries(under)) {
    runContract(
      `a connection over ${transport}, protected by ${name}`,
      connectionContract(async () => securedPair(await create(), noises)),
    )
  }
}
