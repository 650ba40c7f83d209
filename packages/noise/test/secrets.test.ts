import { inspect } from 'node:util'
import { SeededRandom } from '@p2p/simulation'
import { describe, expect, it } from 'vitest'
import { loadSodium, sodiumSealing } from '../src/primitives/sodium.node.ts'
import { identity, memoryPair, securedPair } from './pairs.ts'
import { builds, hex } from './primitives.ts'

/** All that a curious program can print of something, without the space between. */
const printed = (value: unknown): string =>
  `${inspect(value, everything)} ${JSON.stringify(value)}`.replaceAll(/\s/gu, '')
const everything = {
  depth: Infinity,
  showHidden: true,
  maxArrayLength: Infinity,
  maxStringLength: Infinity,
} as const

/** Each secret as whatever it might be printed: decimal bytes, hexadecimal, base64. */
const traces = (secret: Uint8Array): string[] => [
  Array.from(secret.subarray(0, 8), (byte, index) => `"${index}":${byte}`).join(','),
  Array.from(secret.subarray(0, 8)).join(','),
  hex(secret.subarray(0, 8)),
  Buffer.from(secret).toString('base64').slice(0, 10),
]

describe('the memory of libsodium', () => {
  it('holds neither key nor plaintext once a message was sealed, opened or refused', async () => {
    const dice = new SeededRandom(3)
    const drawn = (length: number) => dice.fill(new Uint8Array(length))
    const [key, plaintext, hash] = [drawn(32), drawn(900), drawn(32)]
    const nonce = new Uint8Array(12)
    const sodium = await loadSodium()
    const sealing = sodiumSealing(sodium)
    const memory = () => hex(sodium.HEAPU8)
    const seen = (bytes: Uint8Array) =>
      [0, 8, 16, 24].some(at => memory().includes(hex(bytes.subarray(at, at + 8))))
    const target = new Uint8Array(916)
    sealing.seal(key, nonce, hash, plaintext, target, 0)
    expect([seen(target), seen(key), seen(plaintext)]).toEqual([true, false, false])
    expect(sealing.open(key, nonce, hash, target)).toEqual(plaintext)
    expect([seen(key), seen(plaintext)]).toEqual([false, false])
    expect(sealing.open(key, nonce, undefined, target)).toBeUndefined()
    expect([seen(key), seen(plaintext)]).toEqual([false, false])
  })
})

describe.each(builds)('secrets of %s', (_name, _primitives, createNoise) => {
  it('are in nothing that is printed: not the object, not a connection, not an error', async () => {
    const drawn: Uint8Array[] = []
    const dice = new SeededRandom(1)
    const random = {
      next: () => dice.next(),
      fill: (bytes: Uint8Array) => {
        dice.fill(bytes)
        drawn.push(bytes.slice())
        return bytes
      },
    }
    const psk = dice.fill(new Uint8Array(32))
    const secret = 'a very secret sentence'
    const noise = createNoise({ identity: identity(1), network: 'quiet', secret: psk, random })
    const other = createNoise({ identity: identity(2), network: 'quiet', secret: psk, random })
    const foreign = createNoise({ identity: identity(2), network: 'quiet', secret, random })
    const { outbound, inbound } = await securedPair(await memoryPair(), [noise, other])
    const pair = await memoryPair()
    const errors = await Promise.allSettled([noise.secure(pair.outbound), foreign.secure(pair.inbound)])
    expect(errors.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    // Two long-lived keys, and the handshakes' own
    expect(drawn.length).toBeGreaterThanOrEqual(6)
    const all = [noise, other, foreign, outbound, inbound, errors].map(printed).join('\n')
    for (const bytes of [psk, ...drawn]) for (const trace of traces(bytes)) expect(all).not.toContain(trace)
    expect(all).not.toContain(secret.replaceAll(' ', ''))
    outbound.abort()
    inbound.abort()
  })

  it('would be found by this test', () => {
    const secret = new SeededRandom(2).fill(new Uint8Array(32))
    for (const shown of [printed({ secret }), printed({ secret: Buffer.from(secret) }), hex(secret)]) {
      expect(traces(secret).some(trace => shown.includes(trace))).toBe(true)
    }
  })

  it('are the caller’s own: what it does to its copy afterwards changes nothing', async () => {
    const psk = new Uint8Array(32).fill(1)
    const options = { network: 'quiet', secret: psk }
    const first = createNoise({ ...options, identity: identity(1) })
    const second = createNoise({ ...options, identity: identity(2) })
    psk.fill(0)
    const { outbound, inbound } = await securedPair(await memoryPair(), [first, second])
    outbound.abort()
    inbound.abort()
  })
})
