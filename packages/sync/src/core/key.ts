import { type Key, textSize } from '@p2p/replica'
import { SyncError } from '../errors.ts'

/**
 * A key's identity as one text, the same for text and for its bytes in UTF-8. Text is its own, so that a read costs no more than that of a Map;
 * bytes that are no UTF-8 are written as characters behind {@link mark}.
 */
export type KeyId = string

// A lone surrogate begins no text that has a UTF-8, so no text is the id of bytes.
const mark = '\ud800'
const markUnit = 0xd800

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The identity of a key. @throws `TypeError` for what is neither text nor bytes */
export const keyId = (key: Key): KeyId => {
  if (typeof key === 'string') return key
  if (!(key instanceof Uint8Array)) throw new TypeError('a key is text or a Uint8Array')
  try {
    return strictUtf8.decode(key)
  } catch {
    // Not UTF-8: it has no text.
    let id = mark
    for (const byte of key) id += String.fromCharCode(byte)
    return id
  }
}

/** Whether a text is the id of bytes that are no UTF-8; text that has a UTF-8 and begins like that goes on with the other half of a pair. */
export const isMarked = (id: KeyId): boolean => {
  if (id.charCodeAt(0) !== markUnit) return false
  const next = id.charCodeAt(1)
  return !(next >= 0xdc00 && next <= 0xdfff)
}

/** The key of an identity, in its one form: text where there is one. */
export const keyOf = (id: KeyId): Key =>
  isMarked(id) ? Uint8Array.from(id.slice(1), unit => unit.charCodeAt(0)) : id

/**
 * The identity of a key that may be new here.
 *
 * @throws `TypeError` for what is no key, text with a lone surrogate included; `P2P_KEY_TOO_LONG` for more bytes than `limit`
 */
export const checkKey = (key: Key, limit: number): KeyId => {
  if (typeof key !== 'string' && !(key instanceof Uint8Array))
    throw new TypeError('a key is text or a Uint8Array')
  // The length first: nothing of what is far too long is looked at.
  if (key.length > limit || (typeof key === 'string' && textSize(key) > limit)) {
    throw new SyncError('P2P_KEY_TOO_LONG', `a key has more than ${limit} bytes`)
  }
  return keyId(key)
}
