import { NetworkError } from '../../errors.ts'
import type { Endpoint } from '../endpoint.ts'
import { decodeStun } from '../stun/decode.ts'
import { encodeStun, verifyIntegrity } from '../stun/encode.ts'

const utf8 = new TextEncoder()

/** The two ends of an attempt. */
export interface Ends {
  readonly id: string
  readonly password: string
}

/** What a check turned out to be. */
export type Check =
  | { readonly type: 'request'; readonly transaction: Uint8Array; readonly isNomination: boolean }
  | { readonly type: 'answer'; readonly transaction: Uint8Array; readonly mapped: Endpoint | undefined }

/**
 * Connectivity checks between two nodes, as ICE makes them (RFC 8445, 7): requests of STUN that carry both names and are sealed with the password of
 * who is asked, so that nobody who has not seen the offers can make one or answer one.
 */
export class Checks {
  readonly #mine: Ends
  readonly #theirs: Ends
  readonly #myKey: Uint8Array
  readonly #theirKey: Uint8Array

  constructor(mine: Ends, theirs: Ends) {
    if (mine.id === theirs.id)
      throw new NetworkError('P2P_PROTOCOL_ERROR', 'the other offer to punch is our own')
    this.#mine = mine
    this.#theirs = theirs
    this.#myKey = utf8.encode(mine.password)
    this.#theirKey = utf8.encode(theirs.password)
  }

  /** Whether we choose the path: one of the two must. */
  get isDecider(): boolean {
    return this.#mine.id > this.#theirs.id
  }

  request(transaction: Uint8Array, isNomination: boolean): Uint8Array {
    const username = `${this.#theirs.id}:${this.#mine.id}`
    const attributes = { username, ...(isNomination ? { useCandidate: true } : {}) }
    return encodeStun({ kind: 'request', transaction, attributes, key: this.#theirKey, fingerprint: true })
  }

  /** The answer to their request. `seen`: where it came from. */
  answer(transaction: Uint8Array, seen: Endpoint): Uint8Array {
    const attributes = { xorMappedAddress: seen }
    return encodeStun({ kind: 'success', transaction, attributes, key: this.#myKey, fingerprint: true })
  }

  /** What came; `undefined` for all that is not a check of this attempt. */
  read(bytes: Uint8Array): Check | undefined {
    try {
      const { kind, transaction, attributes, unknown } = decodeStun(bytes)
      if (unknown.length > 0) return undefined
      if (kind === 'request') {
        const isOurs = attributes.username === `${this.#mine.id}:${this.#theirs.id}`
        if (!isOurs || !verifyIntegrity(bytes, this.#myKey)) return undefined
        return { type: 'request', transaction, isNomination: attributes.useCandidate === true }
      }
      if (kind !== 'success' || !verifyIntegrity(bytes, this.#theirKey)) return undefined
      return { type: 'answer', transaction, mapped: attributes.xorMappedAddress }
    } catch {
      // Not STUN
      return undefined
    }
  }
}
