import { Buffer } from 'node:buffer'
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  scryptSync,
  verify,
} from 'node:crypto'
import { free } from './free.node.ts'
import { type Primitives, scryptCost, tagLength } from './primitives.ts'
import { isProperPoint } from './proper-point.ts'

const algorithm = 'chacha20-poly1305'
const tagOption = { authTagLength: tagLength }
const kty = 'OKP'

/** A plain view: Buffer's `slice` means something else. */
const plain = (bytes: Buffer): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)

/** Copies what OpenSSL has returned, and is done with it. */
const move = (bytes: Buffer, target: Uint8Array, offset: number): void => {
  target.set(bytes, offset)
  free(bytes)
}

const base64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url')

// As JWK: OpenSSL takes eight times as long to find its way through DER.
const publicKeyOf = (crv: 'X25519' | 'Ed25519', bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: { kty, crv, x: base64url(bytes) }, format: 'jwk' })

/** OpenSSL, by `node:crypto`. */
export const native: Primitives = {
  keyPair: secretKey => {
    // Node.js computes the public key itself, but wants a text in its place
    const jwk = { kty, crv: 'X25519', d: base64url(secretKey), x: base64url(secretKey.slice().fill(0)) }
    const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
    const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
    return {
      publicKey: plain(Buffer.from(x as string, 'base64url')).slice(),
      agree: publicKey => plain(diffieHellman({ privateKey, publicKey: publicKeyOf('X25519', publicKey) })),
      // OpenSSL does, when the object is collected.
      forget: () => undefined,
    }
  },
  sha256: (...parts) => {
    const hash = createHash('sha256')
    for (const part of parts) hash.update(part)
    return plain(hash.digest())
  },
  hmac: (key, ...parts) => {
    const mac = createHmac('sha256', key)
    for (const part of parts) mac.update(part)
    return plain(mac.digest())
  },
  sha384: bytes => plain(createHash('sha384').update(bytes).digest()),
  seal: (key, nonce, associated, plaintext, target, offset) => {
    const cipher = createCipheriv(algorithm, key, nonce, tagOption)
    if (associated !== undefined) cipher.setAAD(associated, { plaintextLength: plaintext.length })
    if (plaintext.length > 0) move(cipher.update(plaintext), target, offset)
    cipher.final()
    target.set(cipher.getAuthTag(), offset + plaintext.length)
  },
  open: (key, nonce, associated, sealed) => {
    const length = sealed.length - tagLength
    if (length < 0) return undefined
    const decipher = createDecipheriv(algorithm, key, nonce, tagOption)
    decipher.setAuthTag(sealed.subarray(length))
    if (associated !== undefined) decipher.setAAD(associated, { plaintextLength: length })
    const plaintext = decipher.update(sealed.subarray(0, length))
    try {
      decipher.final()
    } catch {
      return undefined
    }
    return plain(plaintext)
  },
  discard: free,
  verify: (publicKey, message, signature) => {
    if (!isProperPoint(publicKey) || !isProperPoint(signature.subarray(0, 32))) return false
    try {
      return verify(null, message, publicKeyOf('Ed25519', publicKey), signature)
    } catch {
      return false
    }
  },
  stretch: (secret, salt) =>
    plain(scryptSync(secret, salt, 32, { ...scryptCost, maxmem: 256 * scryptCost.N * scryptCost.r })),
}
