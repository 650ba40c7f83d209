import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { hmac } from '@noble/hashes/hmac.js'
import { scrypt } from '@noble/hashes/scrypt.js'
import { sha256, sha384 } from '@noble/hashes/sha2.js'
import { type Primitives, scryptCost } from './primitives.ts'
import { isSignature } from './signature.ts'

/** The audited noble packages: everywhere where there is no `node:crypto`. */
export const portable: Primitives = {
  keyPair: secretKey => {
    const secret = secretKey.slice()
    return {
      publicKey: x25519.getPublicKey(secret),
      agree: publicKey => x25519.getSharedSecret(secret, publicKey),
      forget: () => void secret.fill(0),
    }
  },
  sha256: (...parts) => {
    const hash = sha256.create()
    for (const part of parts) hash.update(part)
    return hash.digest()
  },
  hmac: (key, ...parts) => {
    const mac = hmac.create(sha256, key)
    for (const part of parts) mac.update(part)
    return mac.digest()
  },
  sha384: bytes => sha384(bytes),
  seal: (key, nonce, associated, plaintext, target, offset) => {
    target.set(chacha20poly1305(key, nonce, associated).encrypt(plaintext), offset)
  },
  open: (key, nonce, associated, sealed) => {
    try {
      return chacha20poly1305(key, nonce, associated).decrypt(sealed)
    } catch {
      return undefined
    }
  },
  discard: () => undefined,
  verify: (publicKey, message, signature) => {
    try {
      return isSignature(publicKey, message, signature)
    } catch {
      return false
    }
  },
  stretch: (secret, salt) => scrypt(secret, salt, { ...scryptCost, dkLen: 32 }),
}
