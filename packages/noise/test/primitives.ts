import { createNoiseWith, type NoiseOptions } from '../src/noise.ts'
import { fast, loadShort } from '../src/primitives/fast.node.ts'
import type { KeyPair, Primitives } from '../src/primitives/primitives.ts'
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

/** What was computed for a text before. */
const remembered = <T>(compute: () => T, texts: Map<string, T>, text: string): T => {
  const known = texts.get(text) ?? compute()
  texts.set(text, known)
  return known
}

/** These primitives, but what is dear, key pairs, agreements and signatures, is computed once for the same arguments. */
const remembering = (primitives: Primitives): Primitives => {
  const pairs = new Map<string, KeyPair>()
  const agreements = new Map<string, Uint8Array>()
  const verdicts = new Map<string, boolean>()
  return {
    ...primitives,
    keyPair: secretKey => {
      const pair = remembered(() => primitives.keyPair(secretKey), pairs, hex(secretKey))
      return {
        publicKey: pair.publicKey,
        agree: theirs =>
          remembered(() => pair.agree(theirs), agreements, hex(pair.publicKey) + hex(theirs)).slice(),
        forget: () => undefined,
      }
    },
    verify: (...args) =>
      remembered(() => primitives.verify(...args), verdicts, args.map(part => hex(part)).join(' ')),
  }
}

/** The same two keys each time: the long-lived one, and that of every handshake. */
const sameKeys = ({ identity }: NoiseOptions): NoiseOptions['random'] => {
  let drawn = 0
  return {
    next: () => 0,
    fill: bytes => {
      bytes.set(identity.publicKey)
      bytes[0] = drawn++ === 0 ? 1 : 2
      return bytes
    },
  }
}

/**
 * Both builds for some thousand handshakes. A handshake takes 1 ms, with noble 15; so they all have the same keys, of which the dear part is computed
 * once. All else, and whatever is changed on the way, is computed each time.
 */
export const manyTimes: readonly (readonly [name: string, create: typeof createFast])[] = [
  builds[0],
  builds[2],
].map(([name, primitives]) => {
  const memory = remembering(primitives)
  return [name, options => createNoiseWith(memory, { ...options, random: sameKeys(options) })]
})
