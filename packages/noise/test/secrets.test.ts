import { inspect } from 'node:util'
import { SeededRandom } from '@p2p/simulation'
import { describe, expect, it, vi } from 'vitest'
import { CipherState } from '../src/core/cipher-state.ts'
import { createNoiseWith, type NoiseOptions } from '../src/noise.ts'
import { portable } from '../src/primitives/portable.ts'
import type { Primitives } from '../src/primitives/primitives.ts'
import { loadSodium, sodiumSealing } from '../src/primitives/sodium.node.ts'
import type { Noise } from '../src/index.ts'
import { between, type Way } from './middle.ts'
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

/** Ends what waits for it. */
const giveUp = () => {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}

/** Each secret as whatever it might be printed: decimal bytes, hexadecimal, base64. */
const traces = (secret: Uint8Array): string[] => [
  Array.from(secret.subarray(0, 8), (byte, index) => `"${index}":${byte}`).join(','),
  Array.from(secret.subarray(0, 8)).join(','),
  hex(secret.subarray(0, 8)),
  Buffer.from(secret).toString('base64').slice(0, 10),
]

/** These primitives, and all keys that go in and come out: the memory that they are in, and what they were. */
const watched = (primitives: Primitives) => {
  const memory = new Set<Uint8Array>()
  const keys: Uint8Array[] = []
  const forgotten = new Set<Uint8Array>()
  const note = (key: Uint8Array) => {
    memory.add(key)
    keys.push(key.slice())
    return key
  }
  const watching: Primitives = {
    ...primitives,
    keyPair: secretKey => {
      const pair = primitives.keyPair(note(secretKey))
      return {
        publicKey: pair.publicKey,
        agree: theirs => note(pair.agree(theirs)),
        forget: () => {
          pair.forget()
          forgotten.add(pair.publicKey)
        },
      }
    },
    hmac: (key, ...parts) => note(primitives.hmac(note(key), ...parts)),
    seal: (key, nonce, associated, plaintext, target, offset) => {
      primitives.seal(note(key), nonce, associated, plaintext, target, offset)
      // Noise §4.2: what REKEY seals is the next key
      if (nonce.subarray(4).every(byte => byte === 0xff)) note(target)
    },
    open: (key, ...rest) => primitives.open(note(key), ...rest),
    stretch: (...args) => {
      const psk = primitives.stretch(...args)
      keys.push(psk.slice())
      return psk
    },
  }
  return {
    primitives: watching,
    keys,
    /** How much of that memory is not overwritten. */
    left: () => [...memory].filter(bytes => bytes.some(byte => byte !== 0)).length,
    /** How many key pairs are. */
    forgotten: () => forgotten.size,
  }
}

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

describe.each(builds)('secrets of %s', (_name, primitives, createNoise) => {
  it('are in nothing that is printed: not the object, not a connection, not an error', async () => {
    const written = (['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'] as const).map(method =>
      vi.spyOn(console, method),
    )
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
    const [psk, otherPsk] = [dice.fill(new Uint8Array(32)), dice.fill(new Uint8Array(32))]
    const secret = 'a very secret sentence'
    const watch = watched(primitives)
    const end = (seed: number, known: string | Uint8Array) =>
      createNoiseWith(watch.primitives, { identity: identity(seed), network: 'quiet', secret: known, random })
    const [noise, other, foreign, stranger] = [end(1, psk), end(2, psk), end(2, secret), end(3, otherPsk)]
    const { outbound, inbound } = await securedPair(await memoryPair(), [noise, other])
    const errors = []
    for (const [dials, listens] of [
      [noise, foreign],
      [foreign, noise],
      [noise, stranger],
    ] as const) {
      const pair = await memoryPair()
      errors.push(...(await Promise.allSettled([dials.secure(pair.outbound), listens.secure(pair.inbound)])))
    }
    expect(errors.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 'rejected'))
    const ends = [noise, other, foreign, stranger, outbound, inbound]
    const open = [...ends, errors].map(printed)
    // Four long-lived keys, and two for each of four handshakes
    expect(drawn.length).toBe(4 + 2 * 4)
    outbound.write(new Uint8Array(1))
    outbound.abort()
    const ended = [...ends, await outbound.closed, await inbound.closed].map(printed)
    const all = [...open, ...ended].join('\n')
    const secrets = [psk, otherPsk, ...drawn, ...watch.keys]
    expect(secrets.length).toBeGreaterThan(100)
    for (const bytes of secrets) for (const trace of traces(bytes)) expect(all).not.toContain(trace)
    expect(all).not.toContain(secret.replaceAll(' ', ''))
    for (const spy of written) {
      expect(spy).not.toHaveBeenCalled()
      spy.mockRestore()
    }
  })

  it('are overwritten when they are replaced, when a handshake is over or has failed, and when a connection ends', async () => {
    const watch = watched(primitives)
    const end = (seed: number, more: Partial<NoiseOptions> = {}) =>
      createNoiseWith(watch.primitives, { identity: identity(seed), network: 'quiet', ...more })
    const [alice, bob] = [end(1), end(2)]
    expect([watch.keys.length, watch.left()]).toEqual([2, 0])

    const session = await securedPair(await memoryPair(), [alice, bob])
    // One key for each direction, which both ends have
    expect([watch.left(), watch.forgotten()]).toEqual([4, 2])
    session.inbound.onData(() => void session.inbound.close())
    session.outbound.onData(() => undefined)
    session.outbound.write(new Uint8Array(100))
    await Promise.all([session.outbound.closed, session.inbound.closed])
    expect(watch.left(), 'closed').toBe(0)

    const broken = await securedPair(await memoryPair(), [alice, bob])
    broken.inbound.onData(() => undefined)
    broken.outbound.abort()
    await Promise.all([broken.outbound.closed, broken.inbound.closed])
    expect(watch.left(), 'aborted').toBe(0)

    const secret = new Uint8Array(32)
    const [first, second] = [end(1, { secret: secret.fill(1) }), end(2, { secret: secret.fill(2) })]
    const liar = end(3, { identity: { ...identity(2), publicKey: identity(3).publicKey } })
    const failing = [
      { dials: first, listens: second },
      { dials: alice, listens: liar },
      { dials: liar, listens: alice },
      { dials: alice, listens: bob, expected: identity(3).id },
    ]
    for (const [index, { dials, listens, expected }] of failing.entries()) {
      const pair = await memoryPair()
      const both = [dials.secure(pair.outbound, { expected }), listens.secure(pair.inbound)]
      const statuses = (await Promise.allSettled(both)).map(({ status }) => status)
      expect([...statuses, watch.left()], `${index}`).toEqual(['rejected', 'rejected', 0])
    }

    // Nobody hears the last message, and both give up
    const stalled = await between(memoryPair, chunk => (chunk[4] === 3 ? [] : [chunk]))
    const { signal, abort } = giveUp()
    const waiting = [alice.secure(stalled.outbound, { signal }), bob.secure(stalled.inbound, { signal })]
    await vi.waitFor(() => expect(stalled.passed.back.length).toBeGreaterThan(0))
    abort()
    const given = (await Promise.allSettled(waiting)).map(({ status }) => status)
    expect([...given, watch.left()]).toEqual(['rejected', 'rejected', 0])
    expect(watch.forgotten()).toBe(2 * 7)
  })

  it('are overwritten when they are replaced by new ones', () => {
    const watch = watched(primitives)
    const key = new Uint8Array(32).fill(5)
    const cipher = new CipherState(watch.primitives, key)
    cipher.rekey()
    // The new one is where the old one was, and nowhere else
    expect([watch.keys.length, watch.left()]).toEqual([2, 1])
    expect(key).not.toEqual(new Uint8Array(32).fill(5))
    cipher.forget()
    expect(watch.left()).toBe(0)
  })

  it('would be found by this test', () => {
    const secret = new SeededRandom(2).fill(new Uint8Array(32))
    for (const shown of [printed({ secret }), printed({ secret: Buffer.from(secret) }), hex(secret)]) {
      expect(traces(secret).some(trace => shown.includes(trace))).toBe(true)
    }
  })

  it('are fresh for each handshake: of a node no two have the same key, and none can be repeated to it', async () => {
    const [dialler, listener] = [1, 2].map(seed =>
      createNoise({ identity: identity(seed), network: 'quiet' }),
    ) as [Noise, Noise]
    const recorded: Record<Way, Uint8Array>[] = []
    const fresh = new Set<string>()
    for (let count = 0; count < 2; count++) {
      const ends = await between(memoryPair)
      const { outbound, inbound } = await securedPair(ends, [dialler, listener])
      const heard = new Promise(resolve => inbound.onData(resolve))
      outbound.write(new TextEncoder().encode('once'))
      await heard
      outbound.abort()
      const [there, back] = [Uint8Array.from(ends.passed.there), Uint8Array.from(ends.passed.back)]
      recorded.push({ there, back })
      // PROTOCOL.md: behind the frame's header, and the hints
      fresh.add(hex(there.subarray(17, 49)))
      fresh.add(hex(back.subarray(7, 39)))
    }
    expect(fresh.size).toBe(4)
    for (const { there, back } of recorded) {
      for (const [end, role, stream] of [
        [listener, 'listener', there],
        [dialler, 'dialler', back],
      ] as const) {
        const { outbound, inbound } = await memoryPair()
        outbound.onData(() => undefined)
        outbound.write(stream)
        await expect(end.secure(inbound, { role })).rejects.toMatchObject({ code: 'P2P_TAMPERED' })
        outbound.abort()
      }
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

it('a key pair of noble that is forgotten agrees on nothing that it agreed on before', () => {
  const pair = portable.keyPair(new Uint8Array(32).fill(3))
  const theirs = portable.keyPair(new Uint8Array(32).fill(4)).publicKey
  const before = pair.agree(theirs)
  pair.forget()
  expect(pair.agree(theirs)).not.toEqual(before)
})
