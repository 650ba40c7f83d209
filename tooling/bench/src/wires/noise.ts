import { generateKeyPairSync, sign } from 'node:crypto'
import type { Address } from '@p2p/interfaces'
import { createNoise, type Noise } from '@p2p/noise'
import { tcp } from '@p2p/transport/tcp'
import type { Wire } from '../pair/port.ts'
import { portOf } from './ours.ts'

/** An end of protected connections with an identity of its own. */
export const secured = (): Noise => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return createNoise({
    network: 'bench',
    identity: {
      publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)),
      sign: message => new Uint8Array(sign(null, message, privateKey)),
    },
  })
}

const transport = tcp()
const noise = secured()

/** Our framing over noise over TCP. */
export const oursOverNoise: Wire = {
  listen: async accept => {
    const listener = await transport.listen('tcp://127.0.0.1:0', connection => {
      void noise.secure(connection).then(secure => accept(portOf(secure)))
    })
    return listener.address
  },
  dial: async there => portOf(await noise.secure(await transport.dial(there as Address))),
}
