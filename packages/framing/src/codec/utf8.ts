import { FramingError } from '../errors.ts'

// A byte order mark is a character like any other: left out, text would not come back as it was.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Up to here a loop is faster than a call of the decoder, in bytes. */
const longestLooped = 24

/** @throws `P2P_NOT_DECODABLE` for bytes that are not well-formed UTF-8 */
export const readUtf8 = (bytes: Uint8Array, start: number, end: number): string => {
  if (end - start <= longestLooped) {
    const text = readAscii(bytes, start, end)
    if (text !== undefined) return text
  }
  try {
    return decoder.decode(bytes.subarray(start, end))
  } catch (cause) {
    throw new FramingError('P2P_NOT_DECODABLE', 'text is not well-formed UTF-8', { cause })
  }
}

// four at a time: a string built of single characters costs twice as much
const readAscii = (bytes: Uint8Array, start: number, end: number): string | undefined => {
  let text = ''
  let at = start
  for (; at + 4 <= end; at += 4) {
    const a = bytes[at] as number
    const b = bytes[at + 1] as number
    const c = bytes[at + 2] as number
    const d = bytes[at + 3] as number
    if ((a | b | c | d) > 0x7f) return undefined
    text += String.fromCharCode(a, b, c, d)
  }
  for (; at < end; at++) {
    const a = bytes[at] as number
    if (a > 0x7f) return undefined
    text += String.fromCharCode(a)
  }
  return text
}

/** Whether text has no half of a surrogate pair by itself, which UTF-8 cannot say. */
export const isWellFormed = (text: string): boolean =>
  // ES2024, but everywhere where this package runs
  (text as unknown as { isWellFormed(): boolean }).isWellFormed()

/** The UTF-8 of well-formed text. */
export const toUtf8 = (text: string): Uint8Array => encoder.encode(text)
