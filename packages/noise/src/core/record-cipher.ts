import { NoiseError } from '../errors.ts'
import { maxRecord, recordOverhead, rekeyAfter } from '../limits.ts'
import { tagLength } from '../primitives/primitives.ts'
import type { CipherState } from './cipher-state.ts'

/** Length of what stands before each record's ciphertext: its length, as a u16. */
export const lengthPrefix = 2

/** The sending half of an established session: contents to records. */
export class RecordSealer {
  readonly #cipher: CipherState

  constructor(cipher: CipherState) {
    this.#cipher = cipher
  }

  /**
   * Puts the record of a content into `target`, where that may stand already, two bytes from the start.
   *
   * @returns the record's length
   */
  seal(target: Uint8Array, content: Uint8Array): number {
    const sealed = content.length + tagLength
    this.#cipher.sealInto(undefined, content, target, lengthPrefix)
    target[0] = sealed >>> 8
    target[1] = sealed & 0xff
    rekeyInTime(this.#cipher)
    return lengthPrefix + sealed
  }

  forget(): void {
    this.#cipher.forget()
  }
}

/** The receiving half: records to contents. */
export class RecordOpener {
  readonly #cipher: CipherState

  constructor(cipher: CipherState) {
    this.#cipher = cipher
  }

  /** The content of the record whose ciphertext and tag these are. @throws NoiseError `P2P_TAMPERED` if it is not the next one that was sent */
  open(sealed: Uint8Array): Uint8Array {
    const content = this.#cipher.open(undefined, sealed)
    if (content === undefined) {
      throw new NoiseError('P2P_TAMPERED', 'a record was changed, repeated, left out or put in on the way')
    }
    rekeyInTime(this.#cipher)
    return content
  }

  /** Gives back the memory of a content that nobody looks at any more. */
  discard(content: Uint8Array): void {
    this.#cipher.discard(content)
  }

  forget(): void {
    this.#cipher.forget()
  }
}

/** The length of the rest of a record. @throws NoiseError `P2P_TAMPERED` if no record is as long, or as short */
export const recordLength = (high: number, low: number): number => {
  const length = (high << 8) | low
  if (length < tagLength || length > maxRecord - recordOverhead + tagLength) {
    throw new NoiseError('P2P_TAMPERED', `a record of ${length} bytes`)
  }
  return length
}

const rekeyInTime = (cipher: CipherState): void => {
  if (cipher.counter % rekeyAfter === 0) cipher.rekey()
}
