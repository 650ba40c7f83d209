import type { Primitives } from '../src/primitives/primitives.ts'
import { native } from '../src/primitives/native.node.ts'
import { portable } from '../src/primitives/portable.ts'
import { createNoise as createNative } from '../src/index.node.ts'
import { createNoise as createPortable } from '../src/index.ts'

/** A build: its name, its primitives, its entry. */
export type Build = readonly [name: string, primitives: Primitives, create: typeof createNative]

/** Both builds: everything holds for each. */
export const builds: readonly [Build, Build] = [
  ['node:crypto', native, createNative],
  ['noble', portable, createPortable],
]

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
