import { sha1 } from '@noble/hashes/legacy.js'
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Position } from './position.ts'
import { ringSize } from './ring.ts'

/** One number per table, in the order of the tables: SHA-1, SHA-224, SHA-256, SHA-384, SHA-512. */
export type FiveHashes = readonly [
  sha1: bigint,
  sha224: bigint,
  sha256: bigint,
  sha384: bigint,
  sha512: bigint,
]

/** Hexadecimal digits of a position. */
const digits = 96

/** The digest as the leading bits of a position: a shorter one is shifted up, a longer one stays as it is. */
const toBigint = (digest: Uint8Array): bigint => BigInt(`0x${bytesToHex(digest).padEnd(digits, '0')}`)

/**
 * The five hashes of a key as the numbers that py2p's `get_hashes` gives: SHA-1 « 224, SHA-224 « 160, SHA-256 « 128, SHA-384, and SHA-512 in its full 512 bits.
 * The fifth is thus beyond the ring; `positions` has it on the ring, and every function of the ring takes it modulo {@link ringSize}.
 *
 * @param key a text stands for its UTF-8 bytes
 */
export const hashes = (key: string | Uint8Array): FiveHashes => {
  const bytes = typeof key === 'string' ? utf8ToBytes(key) : key
  return [
    toBigint(sha1(bytes)),
    toBigint(sha224(bytes)),
    toBigint(sha256(bytes)),
    toBigint(sha384(bytes)),
    toBigint(sha512(bytes)),
  ]
}

/** Where a key lies on the ring in each of the five tables: its {@link hashes}, each from 0 to `ringSize - 1`. */
export const positions = (key: string | Uint8Array): FiveHashes => {
  const [first, second, third, fourth, fifth] = hashes(key)
  return [first, second, third, fourth, fifth % ringSize]
}

const digests = [sha1, sha224, sha256, sha384, sha512] as const

const toText = (digest: Uint8Array): Position => bytesToHex(digest).padEnd(digits, '0').slice(-digits)

/** Keys whose positions are remembered: a key that is in use is asked for again, written, copied and compared, and each would hash it. */
const remembered = 1_024
const known = new Map<string, (Position | undefined)[]>()

const remember = (key: string): (Position | undefined)[] => {
  if (known.size >= remembered) known.clear()
  const none: (Position | undefined)[] = []
  known.set(key, none)
  return none
}

const hashOfKey = (key: string | Uint8Array, table: number): Position => {
  const digest = digests[table]
  if (digest === undefined) throw new RangeError(`there is no table ${table}`)
  return toText(digest(typeof key === 'string' ? utf8ToBytes(key) : key))
}

/** Where a key lies in one table: one of its {@link positions}, as text, made from the digest directly, for a number of 384 bits costs as much as the hash. */
export const positionOfKey = (key: string | Uint8Array, table: number): Position => {
  if (typeof key !== 'string') return hashOfKey(key, table)
  const places = known.get(key) ?? remember(key)
  return (places[table] ??= hashOfKey(key, table))
}

/** Where it lies in all of them. */
export const positionsOfKey = (key: string | Uint8Array): readonly Position[] =>
  digests.map((_, table) => positionOfKey(key, table))
