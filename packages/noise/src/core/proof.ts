import { NoiseError } from '../errors.ts'
import { maxHello } from '../limits.ts'
import type { Primitives } from '../primitives/primitives.ts'

const publicKeyLength = 32
const signatureLength = 64
const context = new TextEncoder().encode('@p2p/noise static key\n')

/** What messages 2 and 3 carry: who the sender is, and what it has to say. */
export interface Proof {
  /** The sender's Ed25519 public key. */
  readonly publicKey: Uint8Array
  /** By that key, over {@link signedBytes}. */
  readonly signature: Uint8Array
  readonly hello: Uint8Array
}

/** What an identity signs, once: the X25519 key that stands for it in handshakes. */
export const signedBytes = (staticKey: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(context.length + staticKey.length)
  bytes.set(context)
  bytes.set(staticKey, context.length)
  return bytes
}

export const encodeProof = ({ publicKey, signature, hello }: Proof): Uint8Array => {
  const bytes = new Uint8Array(publicKeyLength + signatureLength + hello.length)
  bytes.set(publicKey)
  bytes.set(signature, publicKeyLength)
  bytes.set(hello, publicKeyLength + signatureLength)
  return bytes
}

/** The proof in a payload, if it proves that its key owns the session's static key. @throws NoiseError `P2P_MALFORMED`, `P2P_NOT_PROVEN` */
export const decodeProof = (primitives: Primitives, payload: Uint8Array, staticKey: Uint8Array): Proof => {
  const helloAt = publicKeyLength + signatureLength
  if (payload.length < helloAt || payload.length > helloAt + maxHello) {
    throw new NoiseError('P2P_MALFORMED', `a proof of ${payload.length} bytes`)
  }
  const proof = {
    publicKey: payload.slice(0, publicKeyLength),
    signature: payload.slice(publicKeyLength, helloAt),
    hello: payload.slice(helloAt),
  }
  if (!primitives.verify(proof.publicKey, signedBytes(staticKey), proof.signature)) {
    throw new NoiseError('P2P_NOT_PROVEN', 'the other end names a key that has not signed for it')
  }
  return proof
}
