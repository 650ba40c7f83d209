/**
 * A connection made private, and its other end proven, over any connection. In Node.js it computes with `node:crypto`, and with libsodium where
 * messages are short.
 *
 * @packageDocumentation
 */
import { createNoiseWith, type Noise, type NoiseOptions } from './noise.ts'
import { fast, loadShort } from './primitives/fast.node.ts'

export * from './exports.ts'

/**
 * A node's end of protected connections: makes its key pair, and has the identity sign it.
 *
 * @throws NoiseError `P2P_BAD_OPTION`
 */
export const createNoise = (options: NoiseOptions): Noise => {
  // Without WebAssembly it stays as it is: slower, and the same to the byte.
  loadShort().catch(() => undefined)
  return createNoiseWith(fast, options)
}
