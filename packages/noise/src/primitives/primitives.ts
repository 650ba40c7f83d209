/** An X25519 key pair (RFC 7748). The secret key does not leave the object. */
export interface KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** The secret shared with the owner of that public key; 32 bytes. @throws for a point of small order */
  agree(publicKey: Uint8Array): Uint8Array
  /** Overwrites the secret key, where it is in memory of JavaScript. The pair is spent. */
  forget(): void
}

/** ChaCha20-Poly1305 (RFC 8439). */
export interface Sealing {
  /** Puts the ciphertext and its tag of 16 bytes into `target` from `offset` on, where the plaintext may stand already. */
  seal(
    key: Uint8Array,
    nonce: Uint8Array,
    associated: Uint8Array | undefined,
    plaintext: Uint8Array,
    target: Uint8Array,
    offset: number,
  ): void
  /** The plaintext, in memory of its own; `undefined` if the tag is not the right one. */
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    associated: Uint8Array | undefined,
    sealed: Uint8Array,
  ): Uint8Array | undefined
}

/** The cryptography that the handshake is made of. Nothing else in this package computes any. */
export interface Primitives extends Sealing {
  /** The X25519 key pair with this secret key of 32 bytes, which it copies. */
  keyPair(secretKey: Uint8Array): KeyPair
  /** SHA-256 of the parts, one behind the other. */
  sha256(...parts: readonly Uint8Array[]): Uint8Array
  /** HMAC-SHA-256 of the parts, one behind the other. */
  hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array
  /** SHA-384. */
  sha384(bytes: Uint8Array): Uint8Array
  /** Gives back the memory of a plaintext that {@link Sealing.open} has returned and nobody looks at any more, where waiting for the collector is dear. */
  discard(plaintext: Uint8Array): void
  /**
   * Whether it is an Ed25519 signature (RFC 8032) by that key, without the cofactor and to the byte: every build must say the same of the same bytes,
   * or a hostile signature divides a network. A key of small order, or one that is not in its canonical encoding, has signed nothing.
   */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  /** A key of 32 bytes from a text that may be guessable: scrypt (RFC 7914) with N = 2^15, r = 8, p = 1: 32 MiB and some 0.1 s. */
  stretch(secret: Uint8Array, salt: Uint8Array): Uint8Array
}

/** Length of the tag of a sealed message, in bytes. */
export const tagLength = 16

/** Parameters of {@link Primitives.stretch}. */
export const scryptCost: Readonly<Record<'N' | 'r' | 'p', number>> = { N: 2 ** 15, r: 8, p: 1 }
