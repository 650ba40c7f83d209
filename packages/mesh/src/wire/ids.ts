import type { PeerId } from '@p2p/interfaces'
import { base58 } from '@scure/base'
import { malformed } from './malformed.ts'
import { latin1 } from './reader.ts'

/** Length of a node's id: SHA-384 of its public key. */
export const idLength = 48

// Base58 costs microseconds, and the same few ids come again and again. Bounded: emptied when full.
const cacheLimit = 8192
const textOf = new Map<string, PeerId>()
const bytesOf = new Map<PeerId, Uint8Array>()

/** The id whose 48 bytes stand at `at`. */
export const idFromBytes = (bytes: Uint8Array, at = 0): PeerId => idFromKey(latin1(bytes, at, idLength))

/** The id of 48 bytes that are given as a text of as many characters. */
export const idFromKey = (key: string): PeerId => {
  let id = textOf.get(key)
  if (id === undefined) {
    id = base58.encode(Uint8Array.from(key, character => character.charCodeAt(0)))
    if (textOf.size >= cacheLimit) textOf.clear()
    textOf.set(key, id)
  }
  return id
}

/** The 48 bytes of an id: shared, do not change them. @throws `P2P_MALFORMED` if it is none */
export const idToBytes = (id: PeerId): Uint8Array => {
  let bytes = bytesOf.get(id)
  if (bytes === undefined) {
    try {
      bytes = base58.decode(id)
    } catch (error) {
      throw malformed('something that is not an id', error)
    }
    if (bytes.length !== idLength) throw malformed('something that is not an id')
    if (bytesOf.size >= cacheLimit) bytesOf.clear()
    bytesOf.set(id, bytes)
  }
  return bytes
}

/** Whether the text is the id of a node. */
export const isPeerId = (id: string): boolean => {
  try {
    idToBytes(id)
    return true
  } catch {
    return false
  }
}

/** The order of ids: that of their bytes. */
export const compareIds = (a: PeerId, b: PeerId): number => compareBytes(idToBytes(a), idToBytes(b))

/** Lexicographic order of bytes. */
export const compareBytes = (a: Uint8Array, b: Uint8Array): number => {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const difference = (a[index] as number) - (b[index] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
