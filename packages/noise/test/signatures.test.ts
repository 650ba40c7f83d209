import { createHash } from 'node:crypto'
import { ed25519, ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js'
import { describe, expect, it } from 'vitest'
import { isProperPoint } from '../src/primitives/proper-point.ts'
import * as page from '../src/signatures.ts'
import * as server from '../src/signatures.node.ts'
import { builds, fromHex, hex } from './primitives.ts'

const { Point } = ed25519
const { BASE, Fn } = Point
const p = 2n ** 255n - 19n
type PointOfCurve = typeof BASE

/** All that verifies: what handshakes use, and what meshes sign with. */
const verifiers = [
  ...builds.map(([name, primitives]) => [name, primitives.verify.bind(primitives)] as const),
  ['the entry for Node.js', server.verify] as const,
  ['the entry for browsers', page.verify] as const,
]

/** Whether it is a signature, which all must agree on. */
const verdict = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean | string => {
  const verdicts = verifiers.map(([name, verify]) => [name, verify(publicKey, message, signature)] as const)
  const [, first] = verdicts[0] as (typeof verdicts)[number]
  return verdicts.every(([, each]) => each === first) ? first : verdicts.join('; ')
}

const littleEndian = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(64, '0')).toReversed()
const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${hex(bytes.toReversed())}`)
const utf8 = (text: string) => new TextEncoder().encode(text)
const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts))
/** RFC 8032's k. */
const challenge = (r: Uint8Array, publicKey: Uint8Array, message: Uint8Array): bigint =>
  Fn.create(
    numberOf(
      createHash('sha512')
        .update(joined(r, publicKey, message))
        .digest(),
    ),
  )

const torsion = ED25519_TORSION_SUBGROUP.map(text => Point.fromHex(text))
/** A point of order 8. */
const eighth = torsion.find(point => !point.double().double().is0()) as PointOfCurve
const [secret, nonce] = [0x1234567890abcdefn ** 3n, 0xfedcba0987654321n ** 3n]

/** Messages enough that k has any remainder by 8. */
const messages = Array.from({ length: 60 }, (_, index) => utf8(`message ${index}`))

/** `nonce`·B with each part of small order. */
const nonces = torsion.map(part => [BASE.multiply(nonce).add(part).toBytes(), part] as const)

/**
 * What somebody signs who knows the secret key but for a part of small order, as whoever checks without the cofactor takes it: R is `nonce`·B and so much
 * of that part that it comes out. All messages for which it can be done.
 */
const signaturesBy = (key: Uint8Array, secretPart: bigint, smallPart: PointOfCurve) => {
  const multiples = torsion.map((_, index) => smallPart.multiplyUnsafe(BigInt(index)).negate())
  const guesses = nonces.map(([r, part]) => [r, multiples.map(each => each.equals(part))] as const)
  return messages.flatMap(message =>
    guesses.flatMap(([r, fits]) => {
      const k = challenge(r, key, message)
      if (fits[Number(k % 8n)] !== true) return []
      return [{ k, message, signature: joined(r, littleEndian(Fn.create(nonce + k * secretPart))) }]
    }),
  )
}

// RFC 8032 §7.1: tests 1, 2, 3 and SHA(abc)
const vectors = [
  {
    secretKey: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    secretKey: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    secretKey: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    secretKey: '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    publicKey: 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    message: createHash('sha512').update('abc').digest('hex'),
    signature:
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
] as const

describe('a signature', () => {
  it('is that of RFC 8032 on both platforms, and each takes those of the other', () => {
    for (const vector of vectors) {
      const [message, signature] = [fromHex(vector.message), fromHex(vector.signature)]
      for (const { signer } of [server, page]) {
        const { publicKey, sign } = signer(fromHex(vector.secretKey))
        expect([hex(publicKey), hex(sign(message))]).toEqual([vector.publicKey, vector.signature])
      }
      expect(verdict(fromHex(vector.publicKey), message, signature)).toBe(true)
      expect(verdict(fromHex(vector.publicKey), joined(message, utf8('!')), signature)).toBe(false)
    }
  })

  it('is none with S of L and more, with another R, or of another length', () => {
    const [{ publicKey, message, signature }] = vectors
    const [key, text, honest] = [fromHex(publicKey), fromHex(message), fromHex(signature)]
    const [r, s] = [honest.subarray(0, 32), honest.subarray(32)]
    for (const more of [Fn.ORDER, 7n * Fn.ORDER]) {
      expect(verdict(key, text, joined(r, littleEndian(numberOf(s) + more)))).toBe(false)
    }
    expect(verdict(key, text, joined(r.with(31, (r[31] ?? 0) ^ 0x80), s))).toBe(false)
    for (const wrong of [honest.subarray(0, 63), joined(honest, Uint8Array.of(0)), new Uint8Array(0)]) {
      expect(verdict(key, text, wrong)).toBe(false)
    }
    for (const wrong of [key.subarray(0, 31), joined(key, Uint8Array.of(0)), new Uint8Array(0)]) {
      expect(verdict(wrong, text, honest)).toBe(false)
    }
  })

  it('is none with a part of small order in R, which the cofactor would hide', () => {
    const key = BASE.multiply(secret).toBytes()
    const [message] = messages as [Uint8Array]
    for (const [r, part] of nonces) {
      const s = littleEndian(Fn.create(nonce + challenge(r, key, message) * secret))
      expect(verdict(key, message, joined(r, s)), part.toHex()).toBe(part.is0())
    }
  })

  it('is none with an R of small order, which OpenSSL 3.0 takes and 3.5 does not, however it is encoded', () => {
    const key = BASE.multiply(secret).toBytes()
    const [message] = messages as [Uint8Array]
    const signed = (r: Uint8Array) => joined(r, littleEndian(Fn.create(challenge(r, key, message) * secret)))
    // All of them stand for the neutral element
    for (const r of [1n, p + 1n, 1n + 2n ** 255n, p + 1n + 2n ** 255n]) {
      expect(verdict(key, message, signed(littleEndian(r)))).toBe(false)
    }
  })

  it('by a key with a part of small order counts, without the cofactor', () => {
    const key = BASE.multiply(secret).add(eighth).toBytes()
    const counted = signaturesBy(key, secret, eighth)
    const each = new Map(counted.map(one => [one.k % 8n, one]))
    expect(each.size).toBe(8)
    for (const { message, signature } of each.values()) expect(verdict(key, message, signature)).toBe(true)
    const r = BASE.multiply(nonce).toBytes()
    // As its owner would sign who does not know of that part: with the cofactor it always counts, without it only by chance
    const verdicts = messages.slice(0, 24).map(message => {
      const k = challenge(r, key, message)
      const given = verdict(key, message, joined(r, littleEndian(Fn.create(nonce + k * secret))))
      expect(given).toBe(k % 8n === 0n)
      return given
    })
    expect(new Set(verdicts)).toEqual(new Set([true, false]))
  })

  it('by a key of small order is none, for any message and however the key is written', () => {
    const canonical = torsion.map(point => [point.toBytes(), point] as const)
    const [, neutral] = canonical.find(([, point]) => point.is0()) as (typeof canonical)[number]
    const half = Point.fromBytes(littleEndian(p - 1n))
    const sign = 2n ** 255n
    const others = [
      [littleEndian(1n + sign), neutral],
      [littleEndian(p + 1n), neutral],
      [littleEndian(p + 1n + sign), neutral],
      [littleEndian(p - 1n + sign), half],
      ...[p, p + sign].map(y => [littleEndian(y), Point.fromBytes(littleEndian(y), true)] as const),
    ] as const
    expect(canonical.length + others.length).toBe(14)
    for (const [key, point] of [...canonical, ...others]) {
      const forged = signaturesBy(key, 0n, point)
      expect(forged.length).toBeGreaterThan(10)
      for (const { message, signature } of forged.slice(0, 2)) {
        expect(verdict(key, message, signature), hex(key)).toBe(false)
      }
      const simplest = joined(littleEndian(1n), littleEndian(0n))
      for (const message of messages.slice(0, 8)) expect(verdict(key, message, simplest)).toBe(false)
    }
  })

  it('has a key in its canonical encoding only', () => {
    for (const sign of [0n, 2n ** 255n]) {
      for (let y = p; y < 2n ** 255n; y++) expect(isProperPoint(littleEndian(y + sign)), `${y}`).toBe(false)
      expect(isProperPoint(littleEndian(p - 2n + sign))).toBe(true)
      expect(isProperPoint(littleEndian(2n + sign))).toBe(true)
    }
    // What they are read from may be a part of something
    expect(isProperPoint(joined(littleEndian(0n), littleEndian(2n)).subarray(32))).toBe(true)
    expect(isProperPoint(joined(littleEndian(2n), littleEndian(0n)).subarray(32))).toBe(false)
  })
})
