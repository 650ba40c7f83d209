import { createNoiseWith } from '../src/noise.ts'
import { fast, loadShort } from '../src/primitives/fast.node.ts'
import type { Primitives } from '../src/primitives/primitives.ts'
import { native } from '../src/primitives/native.node.ts'
import { portable } from '../src/primitives/portable.ts'
import { createNoise as createFast } from '../src/index.node.ts'
import { createNoise as createPortable } from '../src/index.ts'

/** A build: its name, its primitives, its entry. */
export type Build = readonly [name: string, primitives: Primitives, create: typeof createFast]

await loadShort()

/** What computes in Node.js, there before libsodium is loaded, and elsewhere: everything holds for each. */
export const builds: readonly [Build, Build, Build] = [
  ['libsodium and node:crypto', fast, createFast],
  ['node:crypto', native, options => createNoiseWith(native, options)],
  ['noble', portable, createPortable],
]

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
