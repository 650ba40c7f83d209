import type { Codec } from '@p2p/interfaces'

import { isWellFormed, readUtf8, toUtf8 } from './utf8.ts'

/** Text as UTF-8. Half of a surrogate pair is a `TypeError`, bytes that are not UTF-8 are `P2P_NOT_DECODABLE`. A byte order mark is kept. */
export const text = (): Codec<string> => ({
  encode: value => {
    if (typeof value !== 'string') throw new TypeError(`text is a string, not of type ${typeof value}`)
    if (!isWellFormed(value)) throw new TypeError('cannot encode text with half of a surrogate pair')
    return toUtf8(value)
  },
  decode: bytes => readUtf8(bytes, 0, bytes.length),
})
