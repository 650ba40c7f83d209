/**
 * Ed25519 (RFC 8032), as identities and signed origins use it. Everywhere but in Node.js it computes with the noble packages.
 *
 * @packageDocumentation
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { portable } from './primitives/portable.ts'

/**
 * Signs with the secret key, 32 bytes (the seed of RFC 8032), which the function keeps.
 *
 * @returns the public key, 32 bytes, and what signs: 64 bytes
 */
export const signer = (
  secretKey: Uint8Array,
): { readonly publicKey: Uint8Array; readonly sign: (message: Uint8Array) => Uint8Array } => {
  const secret = secretKey.slice()
  return { publicKey: ed25519.getPublicKey(secret), sign: message => ed25519.sign(message, secret) }
}

/**
 * Whether it is a signature of the message by that key. The same for the same bytes on both platforms: no cofactor, S < L, R to the byte, and
 * neither a key nor an R of small order or in another than its canonical encoding.
 */
export const verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  portable.verify(publicKey, message, signature)

/** SHA-256. */
export const sha256 = (bytes: Uint8Array): Uint8Array => portable.sha256(bytes)
