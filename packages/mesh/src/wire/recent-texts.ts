/** Longer runs of bytes are not kept. */
const longest = 64
/** A power of two: 64 KiB of bytes, and their texts. */
const slots = 1024

/**
 * The texts of runs of bytes that come again and again: ids, streams, names of protocols. To compare the bytes costs a third of making the text (54 bytes: 100 ns
 * for 300), and a text that came before is found in a map by its identity and a hash that is known. Whoever sends what shares a slot slows us down to what it cost before.
 */
export class RecentTexts {
  readonly #decode: (bytes: Uint8Array, at: number, length: number) => string
  readonly #bytes = new Uint8Array(slots * longest)
  readonly #texts: (string | undefined)[] = new Array<string | undefined>(slots).fill(undefined)
  readonly #lengths = new Uint8Array(slots)

  /** @param decode makes the text of `length` bytes from `at` on: of the same bytes always the same */
  constructor(decode: (bytes: Uint8Array, at: number, length: number) => string) {
    this.#decode = decode
  }

  /** The text of `length` bytes from `at` on, which must be there. */
  of(bytes: Uint8Array, at: number, length: number): string {
    if (length === 0 || length > longest) return this.#decode(bytes, at, length)
    const last = at + length - 1
    const middle = at + (length >>> 1)
    const slot =
      ((bytes[at] as number) + (bytes[middle] as number) * 5 + (bytes[last] as number) * 67) & (slots - 1)
    const from = slot * longest
    const kept = this.#bytes
    if (this.#lengths[slot] === length) {
      let index = 0
      while (index < length && kept[from + index] === bytes[at + index]) index++
      if (index === length) return this.#texts[slot] as string
    }
    const text = this.#decode(bytes, at, length)
    for (let index = 0; index < length; index++) kept[from + index] = bytes[at + index] as number
    this.#lengths[slot] = length
    this.#texts[slot] = text
    return text
  }
}
