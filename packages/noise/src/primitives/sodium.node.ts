import { type Sealing, tagLength } from './primitives.ts'

/** What we use of libsodium as Emscripten compiles it: C's own functions, each u64 in two halves, the lower one first. Pointers are offsets in `HEAPU8`. */
export interface Sodium {
  readonly HEAPU8: Uint8Array
  _sodium_init(): number
  _malloc(length: number): number
  _crypto_aead_chacha20poly1305_ietf_encrypt(
    sealed: number,
    sealedLength: number,
    message: number,
    messageLow: number,
    messageHigh: number,
    associated: number,
    associatedLow: number,
    associatedHigh: number,
    secretNonce: number,
    nonce: number,
    key: number,
  ): number
  _crypto_aead_chacha20poly1305_ietf_decrypt(
    message: number,
    messageLength: number,
    secretNonce: number,
    sealed: number,
    sealedLow: number,
    sealedHigh: number,
    associated: number,
    associatedLow: number,
    associatedHigh: number,
    nonce: number,
    key: number,
  ): number
}

type Load = (options: { readonly getRandomValue: () => number }) => Promise<Sodium>

/** Longest plaintext for it, in bytes: about where OpenSSL, which takes longer to begin, overtakes it. */
const longestShort = 1_024

/** Longest associated data: a handshake's hash. */
const longestAssociated = 32

/** Whether {@link sodiumSealing} takes a plaintext of this length. */
export const isShort = (length: number, associated: Uint8Array | undefined): boolean =>
  length <= longestShort && (associated === undefined || associated.length <= longestAssociated)

/** An instance of libsodium. @throws what a platform without WebAssembly throws */
export const loadSodium = async (): Promise<Sodium> => {
  // @ts-expect-error it comes without types
  const { default: load } = (await import('libsodium')) as { readonly default: Load }
  const sodium = await load({ getRandomValue: () => crypto.getRandomValues(new Uint32Array(1))[0] as number })
  if (sodium._sodium_init() < 0) throw new Error('libsodium cannot be used here')
  return sodium
}

/**
 * ChaCha20-Poly1305 of short messages by libsodium, in WebAssembly: it is called with two pointers, where OpenSSL looks its algorithm up, makes a
 * context and has it collected as garbage. What goes through its memory is wiped before the call returns.
 */
export const sodiumSealing = (sodium: Sodium): Sealing => {
  const key = sodium._malloc(32 + 12 + longestAssociated + longestShort + tagLength)
  const nonce = key + 32
  const associated = nonce + 12
  const message = associated + longestAssociated
  // Its memory does not grow: nothing else is allocated in it.
  const heap = sodium.HEAPU8

  const begin = (keyBytes: Uint8Array, nonceBytes: Uint8Array, data: Uint8Array | undefined): number => {
    heap.set(keyBytes, key)
    heap.set(nonceBytes, nonce)
    if (data === undefined) return 0
    heap.set(data, associated)
    return data.length
  }

  return {
    seal: (keyBytes, nonceBytes, data, plaintext, target, offset) => {
      heap.set(plaintext, message)
      const { length } = plaintext
      const extra = begin(keyBytes, nonceBytes, data)
      sodium._crypto_aead_chacha20poly1305_ietf_encrypt(
        message,
        0,
        message,
        length,
        0,
        associated,
        extra,
        0,
        0,
        nonce,
        key,
      )
      heap.fill(0, key, nonce)
      target.set(heap.subarray(message, message + length + tagLength), offset)
    },
    open: (keyBytes, nonceBytes, data, sealed) => {
      const length = sealed.length - tagLength
      if (length < 0) return undefined
      heap.set(sealed, message)
      const extra = begin(keyBytes, nonceBytes, data)
      const failed = sodium._crypto_aead_chacha20poly1305_ietf_decrypt(
        message,
        0,
        0,
        message,
        sealed.length,
        0,
        associated,
        extra,
        0,
        nonce,
        key,
      )
      heap.fill(0, key, nonce)
      if (failed !== 0) return undefined
      const plaintext = heap.slice(message, message + length)
      heap.fill(0, message, message + length)
      return plaintext
    },
  }
}
