import { isDeepStrictEqual } from 'node:util'
import { P2PError } from '@p2p/interfaces'

export const toHex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')

/** The bytes that hexadecimal digits say, or `undefined` if these are none. */
export const fromHex = (hex: string): Uint8Array | undefined =>
  /^(?:[\da-f]{2})*$/i.test(hex) ? Uint8Array.from(Buffer.from(hex, 'hex')) : undefined

export const concat = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts))

/** FNV-1a, 32 bits: choices that must be the same whenever an input is fed again. */
export const hashOf = (bytes: Uint8Array): number => {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

/** @throws if the two differ */
export const expectEqual = (actual: unknown, expected: unknown, what: string): void => {
  if (isDeepStrictEqual(actual, expected)) return
  throw new Error(`${what}: ${show(actual)} instead of ${show(expected)}`)
}

/** @throws if it does not hold */
export const expect = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what)
}

/** Runs what may refuse with one of these codes; whatever else it throws passes through. */
export const unlessRefused = <T>(
  codes: readonly string[],
  decode: () => T,
): { readonly value: T } | P2PError => {
  try {
    return { value: decode() }
  } catch (error) {
    if (P2PError.is(error) && codes.includes(error.code)) return error
    throw error
  }
}

/**
 * The first error in a chain of causes that is neither one of ours nor what the platform says of bad data (text that is not UTF-8 and the like have a
 * `code`, what base58 and BigInt refuse is a plain `Error` or a `SyntaxError`): a mistake of the program that somebody has wrapped.
 */
export const mistakeIn = (error: unknown): unknown => {
  for (let at = error; at !== undefined; at = at instanceof Error ? at.cause : undefined) {
    if (P2PError.is(at)) continue
    const bug = at instanceof TypeError || at instanceof RangeError || at instanceof ReferenceError
    if (!(at instanceof Error) || (bug && !('code' in at))) return at
  }
  return undefined
}

const show = (value: unknown): string => {
  const text =
    value instanceof Uint8Array
      ? toHex(value)
      : ((JSON.stringify(value, (_, item: unknown) =>
          typeof item === 'bigint' ? `${item}n` : item instanceof Uint8Array ? toHex(item) : item,
        ) as string | undefined) ?? String(value))
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
