import type { Primitives } from '../primitives/primitives.ts'
import { CipherState } from './cipher-state.ts'

const hashLength = 32

/** Noise §5.2: what both ends have said and agreed on so far, as one hash and one chaining key. */
export class SymmetricState {
  readonly #primitives: Primitives
  #hash: Uint8Array
  #chaining: Uint8Array
  #cipher: CipherState | undefined

  constructor(primitives: Primitives, protocolName: Uint8Array) {
    this.#primitives = primitives
    const isShort = protocolName.length <= hashLength
    this.#hash = isShort ? new Uint8Array(hashLength) : primitives.sha256(protocolName)
    if (isShort) this.#hash.set(protocolName)
    // Of its own: it is overwritten, and the hash is not
    this.#chaining = this.#hash.slice()
  }

  /** The hash of all that was said: the same at both ends, and only there. */
  get hash(): Uint8Array {
    return this.#hash
  }

  mixHash(data: Uint8Array): void {
    this.#hash = this.#primitives.sha256(this.#hash, data)
  }

  mixKey(material: Uint8Array): void {
    const [chaining, key] = this.#derive(material, 2) as [Uint8Array, Uint8Array]
    this.#setKeys(chaining, key)
  }

  mixKeyAndHash(material: Uint8Array): void {
    const [chaining, hash, key] = this.#derive(material, 3) as [Uint8Array, Uint8Array, Uint8Array]
    this.mixHash(hash)
    hash.fill(0)
    this.#setKeys(chaining, key)
  }

  /** Whether what is encrypted now is protected: before the first key it is not. */
  get hasKey(): boolean {
    return this.#cipher !== undefined
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const sealed = this.#cipher?.seal(this.#hash, plaintext) ?? plaintext
    this.mixHash(sealed)
    return sealed
  }

  /** `undefined` if it was not encrypted so. */
  decryptAndHash(sealed: Uint8Array): Uint8Array | undefined {
    const plaintext = this.#cipher === undefined ? sealed : this.#cipher.open(this.#hash, sealed)
    this.mixHash(sealed)
    return plaintext
  }

  /** The keys of the two directions, the initiator's first. The state is spent. */
  split(): readonly [CipherState, CipherState] {
    const [first, second] = this.#derive(new Uint8Array(0), 2) as [Uint8Array, Uint8Array]
    this.forget()
    return [new CipherState(this.#primitives, first), new CipherState(this.#primitives, second)]
  }

  /** Forgets all keys. The state is spent. */
  forget(): void {
    this.#cipher?.forget()
    this.#cipher = undefined
    this.#chaining.fill(0)
  }

  #setKeys(chaining: Uint8Array, key: Uint8Array): void {
    this.forget()
    this.#chaining = chaining
    this.#cipher = new CipherState(this.#primitives, key)
  }

  /** HKDF (RFC 5869) with the chaining key as its salt, Noise §4.3. */
  #derive(material: Uint8Array, count: 2 | 3): Uint8Array[] {
    const primitives = this.#primitives
    const extracted = primitives.hmac(this.#chaining, material)
    const outputs: Uint8Array[] = []
    let last: Uint8Array = new Uint8Array(0)
    for (let index = 1; index <= count; index++) {
      last = primitives.hmac(extracted, last, Uint8Array.of(index))
      outputs.push(last)
    }
    extracted.fill(0)
    return outputs
  }
}
