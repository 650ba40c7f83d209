import { type Primitives, tagLength } from '../primitives/primitives.ts'

/** The largest counter that a `number` counts without a gap; Noise itself stops at 2^64 - 1. Nobody gets there. */
const lastCounter = Number.MAX_SAFE_INTEGER

const empty = new Uint8Array(0)

/** Noise §5.1: a key, and a counter that makes each of its nonces a new one. */
export class CipherState {
  readonly #primitives: Primitives
  readonly #key: Uint8Array
  readonly #nonce = new Uint8Array(12)
  readonly #view = new DataView(this.#nonce.buffer)
  #counter = 0

  /** @param key 32 bytes; they are the state's from now on */
  constructor(primitives: Primitives, key: Uint8Array) {
    this.#primitives = primitives
    this.#key = key
  }

  /** Messages sealed or opened so far. */
  get counter(): number {
    return this.#counter
  }

  /** Puts ciphertext and tag into `target`, where the plaintext may already stand. @throws RangeError when all nonces were used */
  sealInto(
    associated: Uint8Array | undefined,
    plaintext: Uint8Array,
    target: Uint8Array,
    offset: number,
  ): void {
    this.#next()
    this.#primitives.seal(this.#key, this.#nonce, associated, plaintext, target, offset)
  }

  /** Ciphertext and tag. @throws RangeError when all nonces were used */
  seal(associated: Uint8Array | undefined, plaintext: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(plaintext.length + tagLength)
    this.sealInto(associated, plaintext, sealed, 0)
    return sealed
  }

  /** The plaintext; `undefined` if it was not sealed so, and then the state is spent. @throws RangeError when all nonces were used */
  open(associated: Uint8Array | undefined, sealed: Uint8Array): Uint8Array | undefined {
    this.#next()
    return this.#primitives.open(this.#key, this.#nonce, associated, sealed)
  }

  /** Gives back the memory of what {@link open} has returned: nobody looks at it any more. */
  discard(plaintext: Uint8Array): void {
    this.#primitives.discard(plaintext)
  }

  /** Noise §4.2, REKEY: a new key, from which the old one cannot be computed. The counter goes on. */
  rekey(): void {
    const nonce = new Uint8Array(12).fill(0xff, 4)
    const sealed = new Uint8Array(32 + tagLength)
    this.#primitives.seal(this.#key, nonce, empty, new Uint8Array(32), sealed, 0)
    this.#key.set(sealed.subarray(0, 32))
    sealed.fill(0)
  }

  /** Forgets the key. */
  forget(): void {
    this.#key.fill(0)
  }

  #next(): void {
    if (this.#counter >= lastCounter) throw new RangeError('all nonces of this key were used')
    this.#view.setUint32(4, this.#counter >>> 0, true)
    this.#view.setUint32(8, Math.floor(this.#counter / 2 ** 32), true)
    this.#counter++
  }
}
