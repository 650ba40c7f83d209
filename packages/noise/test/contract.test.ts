import { runContract } from '@p2p/contracts'
import { connectionContract } from '@p2p/interfaces/contracts'
import { systemClock } from '@p2p/interfaces/system'
import { CipherState } from '../src/core/cipher-state.ts'
import { SecureConnection, type Session } from '../src/secure-connection.ts'
import { identity, memoryPair, securedPair, tcpPair } from './pairs.ts'
import { builds } from './primitives.ts'

const [[, , createNoise], , [, portable]] = builds

const noises = [
  createNoise({ identity: identity(1), network: 'contract', secret: new Uint8Array(32).fill(7) }),
  createNoise({ identity: identity(2), network: 'contract', secret: new Uint8Array(32).fill(7) }),
] as const
for (const [transport, create] of Object.entries({ memory: memoryPair, tcp: tcpPair })) {
  runContract(
    `a connection over ${transport}, protected as in Node.js`,
    connectionContract(async () => securedPair(await create(), noises)),
  )
}

/** An established session without its handshake, which takes the portable build long. */
const establishedPair = async () => {
  const pair = await memoryPair()
  const cipher = (fill: number) => new CipherState(portable, new Uint8Array(32).fill(fill))
  const session = (role: Session['role']): Session => ({
    below: role === 'dialler' ? pair.outbound : pair.inbound,
    peer: { ...identity(role === 'dialler' ? 2 : 1), hello: new Uint8Array(0) },
    keys:
      role === 'dialler' ? { send: cipher(1), receive: cipher(2) } : { send: cipher(2), receive: cipher(1) },
    primitives: portable,
    clock: systemClock,
    rest: new Uint8Array(0),
    role,
  })
  const outbound = new SecureConnection(session('dialler'))
  const inbound = new SecureConnection(session('listener'))
  await outbound.confirmed()
  return { outbound, inbound }
}

runContract('a connection protected by noble', connectionContract(establishedPair))
