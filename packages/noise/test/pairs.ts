import type { Connection } from '@p2p/interfaces'
import type { ConnectionPair } from '@p2p/interfaces/contracts'
import { createMemoryNetwork } from '@p2p/transport/memory'
import { tcp } from '@p2p/transport/tcp'
import type { Transport } from '@p2p/interfaces'
import { portable } from '../src/primitives/portable.ts'
import { ed25519 } from '@noble/curves/ed25519.js'
import { base58 } from '@scure/base'
import type { Noise, SecuredConnection, SecureOptions, SigningKey } from '../src/index.ts'

/** An identity from one byte. */
export const identity = (seed: number): SigningKey & { readonly id: string } => {
  const secret = new Uint8Array(32).fill(seed)
  const publicKey = ed25519.getPublicKey(secret)
  return {
    id: base58.encode(portable.sha384(publicKey)),
    publicKey,
    sign: message => ed25519.sign(message, secret),
  }
}

/** Both ends of a fresh connection. */
export const plainPair = async (
  transport: Transport,
  at: `${string}://${string}`,
): Promise<ConnectionPair> => {
  let accepted: (connection: Connection) => void
  const inbound = new Promise<Connection>(resolve => (accepted = resolve))
  const listener = await transport.listen(at, connection => accepted(connection))
  const outbound = await transport.dial(listener.address)
  const pair = { outbound, inbound: await inbound }
  await listener.close()
  return pair
}

export const memoryPair = (): Promise<ConnectionPair> =>
  plainPair(createMemoryNetwork().transport(), 'memory://*')

export const tcpPair = (): Promise<ConnectionPair> => plainPair(tcp(), 'tcp://127.0.0.1:0')

/** Both ends secured. */
export const securedPair = async (
  { outbound, inbound }: ConnectionPair,
  [dialler, listener]: readonly [Noise, Noise],
  options: { readonly dialler?: SecureOptions; readonly listener?: SecureOptions } = {},
): Promise<{ readonly outbound: SecuredConnection; readonly inbound: SecuredConnection }> => {
  const [first, second] = await Promise.all([
    dialler.secure(outbound, options.dialler),
    listener.secure(inbound, options.listener),
  ])
  return { outbound: first, inbound: second }
}
