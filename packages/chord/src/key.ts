import { type Key, textSize } from '@p2p/replica'
import { ChordError } from './errors.ts'

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A key in its one form: text where its bytes are UTF-8, a copy of the bytes otherwise.
 *
 * @throws `TypeError` for what is no key, text with a lone surrogate included; `P2P_KEY_TOO_LONG` above the limit
 */
export const checkKey = (key: unknown, limit: number): Key => {
  if (typeof key !== 'string' && !(key instanceof Uint8Array))
    throw new TypeError('a key is text or a Uint8Array')
  // The length first: nothing of what is far too long is looked at.
  if (key.length > limit || (typeof key === 'string' && textSize(key) > limit))
    throw new ChordError('P2P_KEY_TOO_LONG', `a key has more than ${limit} bytes`)
  if (typeof key === 'string') return key
  try {
    return strictUtf8.decode(key)
  } catch {
    // Not UTF-8: it has no text.
    return key.slice()
  }
}

/** For what is handed out: bytes are the caller's own. */
export const ownKey = (key: Key): Key => (typeof key === 'string' ? key : key.slice())
