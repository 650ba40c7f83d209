import { sha384 } from '@noble/hashes/sha2.js'
import type { PeerId, Random } from '@p2p/interfaces'
import { signer } from '@p2p/noise/signatures'
import { systemRandom } from '@p2p/interfaces/system'
import { MeshError } from './errors.ts'
import { idFromBytes } from './wire/ids.ts'
import { latin1 } from './wire/reader.ts'

/** Who a node is: an Ed25519 key pair. The id is SHA-384 of the public key, so it can be checked by whoever has the key. */
export interface Identity {
  /** Base58 of SHA-384 of the public key. */
  readonly id: PeerId
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** Signs with Ed25519 (RFC 8032); 64 bytes. The secret key does not leave the object. */
  sign(message: Uint8Array): Uint8Array
}

// The hash takes tens of microseconds, and the same few nodes dial again and again. Bounded: emptied when full.
const cacheLimit = 8192
const known = new Map<string, PeerId>()

/** The id of the node with this public key. */
export const idOf = (publicKey: Uint8Array): PeerId => {
  const key = latin1(publicKey, 0, publicKey.length)
  let id = known.get(key)
  if (id === undefined) {
    id = idFromBytes(sha384(publicKey))
    if (known.size >= cacheLimit) known.clear()
    known.set(key, id)
  }
  return id
}

/**
 * The identity with this secret key, 32 bytes (the seed of RFC 8032).
 *
 * @throws `P2P_BAD_IDENTITY` for another length
 */
export const identityFromKey = (secretKey: Uint8Array): Identity => {
  if (!(secretKey instanceof Uint8Array) || secretKey.length !== 32) {
    throw new MeshError('P2P_BAD_IDENTITY', 'a secret key is 32 bytes')
  }
  const { publicKey, sign } = signer(secretKey)
  return { id: idOf(publicKey), publicKey, sign }
}

/** A new identity, for a node that need not be known again. */
export const createIdentity = (random: Random = systemRandom): Identity =>
  identityFromKey(random.fill(new Uint8Array(32)))
