/**
 * A connection made private, and its other end proven, over any connection. In Node.js it computes with `node:crypto`.
 *
 * @packageDocumentation
 */
import { createNoiseWith, type Noise, type NoiseOptions } from './noise.ts'
import { native } from './primitives/native.node.ts'

export * from './exports.ts'

/**
 * A node's end of protected connections: makes its key pair, and has the identity sign it.
 *
 * @throws NoiseError `P2P_BAD_OPTION`
 */
export const createNoise = (options: NoiseOptions): Noise => createNoiseWith(native, options)
