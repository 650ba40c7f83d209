/**
 * A connection made private, and its other end proven, over any connection. Everywhere but in Node.js it computes with the noble packages.
 *
 * @packageDocumentation
 */
import { createNoiseWith, type Noise, type NoiseOptions } from './noise.ts'
import { portable } from './primitives/portable.ts'

export * from './exports.ts'

/**
 * A node's end of protected connections: makes its key pair, and has the identity sign it.
 *
 * @throws NoiseError `P2P_BAD_OPTION`
 */
export const createNoise = (options: NoiseOptions): Noise => createNoiseWith(portable, options)
