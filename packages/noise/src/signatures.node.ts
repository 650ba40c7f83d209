/**
 * Ed25519 (RFC 8032), as identities and signed origins use it. In Node.js it computes with `node:crypto`.
 *
 * @packageDocumentation
 */
import { Buffer } from 'node:buffer'
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { native } from './primitives/native.node.ts'

/**
 * Signs with the secret key, 32 bytes (the seed of RFC 8032), which the function keeps.
 *
 * @returns the public key, 32 bytes, and what signs: 64 bytes
 */
export const signer = (
  secretKey: Uint8Array,
): { readonly publicKey: Uint8Array; readonly sign: (message: Uint8Array) => Uint8Array } => {
  // Node.js computes the public key itself, but wants a text in its place
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
  const [d, x] = [text(secretKey), text(new Uint8Array(32))]
  const privateKey = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' })
  const publicKey = createPublicKey(privateKey).export({ format: 'jwk' }).x as string
  return {
    publicKey: new Uint8Array(Buffer.from(publicKey, 'base64url')),
    sign: message => new Uint8Array(sign(null, message, privateKey)),
  }
}

/**
 * Whether it is a signature of the message by that key. The same for the same bytes on both platforms: no cofactor, S < L, R to the byte, and
 * neither a key nor an R of small order or in another than its canonical encoding.
 */
export const verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  native.verify(publicKey, message, signature)

/** SHA-256. */
export const sha256 = (bytes: Uint8Array): Uint8Array => native.sha256(bytes)
