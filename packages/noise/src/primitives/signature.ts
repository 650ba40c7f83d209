import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE, concatBytes, equalBytes } from '@noble/curves/utils.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { isProperPoint } from './proper-point.ts'

const { Point } = ed25519
const { Fn, BASE } = Point

/**
 * Whether it is an Ed25519 signature, as OpenSSL would say: S < L, and S·B − k·A written as bytes is R (RFC 8032 §5.1.7 without the cofactor).
 *
 * Noble's own `verify` multiplies by the cofactor and takes signatures that OpenSSL refuses: their author could have one half of a network believe
 * what the other half refuses. RFC 8032 allows either; but all must do the same, and OpenSSL cannot be told to. So these are its steps, each by an operation of the audited
 * library: decoding, hashing, multiplying, adding, encoding. Nothing is computed with a secret here.
 *
 * @throws for a key that is no point
 */
export const isSignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  const r = signature.subarray(0, 32)
  if (!isProperPoint(publicKey) || !isProperPoint(r) || signature.length !== 64) return false
  const s = bytesToNumberLE(signature.subarray(32))
  if (!Fn.isValid(s)) return false
  const k = Fn.create(bytesToNumberLE(sha512(concatBytes(r, publicKey, message))))
  const expected = BASE.multiplyUnsafe(s).subtract(Point.fromBytes(publicKey).multiplyUnsafe(k))
  return equalBytes(expected.toBytes(), r)
}
