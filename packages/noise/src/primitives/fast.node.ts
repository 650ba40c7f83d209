import { native } from './native.node.ts'
import { type Primitives, type Sealing, tagLength } from './primitives.ts'
import { isShort, loadSodium, sodiumSealing } from './sodium.node.ts'

// OpenSSL until it is loaded, and where it cannot be.
let short: Sealing = native

let loading: Promise<void> | undefined

/** Loads what short messages are sealed with, once. Rejects where that cannot be: then OpenSSL seals them too, and the next call tries again. */
export const loadShort = (): Promise<void> => {
  loading ??= load().catch((error: unknown) => {
    loading = undefined
    throw error
  })
  return loading
}

const load = async () => {
  short = sodiumSealing(await loadSodium())
}

/** The primitives of Node.js: those of OpenSSL, but for short messages those of libsodium, once that is loaded. */
export const fast: Primitives = {
  ...native,
  seal: (key, nonce, associated, plaintext, target, offset) => {
    const sealing = isShort(plaintext.length, associated) ? short : native
    sealing.seal(key, nonce, associated, plaintext, target, offset)
  },
  open: (key, nonce, associated, sealed) => {
    const sealing = isShort(sealed.length - tagLength, associated) ? short : native
    return sealing.open(key, nonce, associated, sealed)
  },
}
