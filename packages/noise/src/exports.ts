/** What both builds of this package export beside `createNoise`. */
export { NoiseError, type NoiseErrorCode } from './errors.ts'
export type { Noise, NoiseOptions, SecureOptions, SigningKey } from './noise.ts'
export type { ProvenPeer, SecuredConnection } from './secure-connection.ts'
