import { sharedSlabs, type Slab } from '@p2p/framing'
import { lengthPrefix, recordLength, type RecordOpener } from './core/record-cipher.ts'

/** A record that has come in part waits in memory of this many bytes, at first. */
const firstRoom = 4_096

/** Takes records out of a stream and opens them. It keeps what has come of an unfinished one, and nothing while there is none. */
export class RecordReader {
  readonly #opener: RecordOpener
  #slab: Slab | undefined
  #have = 0

  constructor(opener: RecordOpener) {
    this.#opener = opener
  }

  /** Whether a record has begun and not ended. */
  get isWithin(): boolean {
    return this.#have > 0
  }

  /**
   * Opens the records that a chunk completes, until `take` says that it wants no more. A content is valid only during the call.
   *
   * @returns up to where the chunk was read
   * @throws NoiseError `P2P_TAMPERED`
   */
  read(chunk: Uint8Array, take: (content: Uint8Array) => boolean): number {
    let at = 0
    if (this.#have > 0) {
      at = this.#complete(chunk)
      if (this.#have > 0) return at
      const slab = this.#slab as Slab
      this.#slab = undefined
      const sealed = slab.bytes.subarray(lengthPrefix, this.#wanted(slab.bytes))
      if (!this.#open(sealed, take, slab.release)) return at
    }
    while (chunk.length - at >= lengthPrefix) {
      const end = at + lengthPrefix + recordLength(chunk[at] as number, chunk[at + 1] as number)
      if (end > chunk.length) break
      const sealed = chunk.subarray(at + lengthPrefix, end)
      at = end
      if (!this.#open(sealed, take)) return at
    }
    if (at < chunk.length) this.#keep(chunk.subarray(at))
    return chunk.length
  }

  /** Drops what has come of an unfinished record. */
  dispose(): void {
    this.#have = 0
    this.#slab?.release()
    this.#slab = undefined
    this.#opener.forget()
  }

  /** Opens a record, of which the memory is given back before its content is taken. A content is valid only meanwhile. */
  #open(sealed: Uint8Array, take: (content: Uint8Array) => boolean, release?: () => void): boolean {
    let content: Uint8Array
    try {
      content = this.#opener.open(sealed)
    } finally {
      release?.()
    }
    const goOn = take(content)
    this.#opener.discard(content)
    return goOn
  }

  /** Adds to the unfinished record. Afterwards `#have` is 0 if it is complete. @returns how much of the chunk was used */
  #complete(chunk: Uint8Array): number {
    let used = 0
    while (used < chunk.length) {
      const bytes = (this.#slab as Slab).bytes
      const wanted = this.#have < lengthPrefix ? lengthPrefix : this.#wanted(bytes)
      const more = Math.min(wanted - this.#have, chunk.length - used)
      this.#reserve(this.#have + more)
      this.#slab?.bytes.set(chunk.subarray(used, used + more), this.#have)
      this.#have += more
      used += more
      if (this.#have === wanted && wanted > lengthPrefix) {
        this.#have = 0
        return used
      }
    }
    return used
  }

  #keep(part: Uint8Array): void {
    this.#reserve(part.length)
    this.#slab?.bytes.set(part)
    this.#have = part.length
  }

  /** A stranger's word for a length makes nobody take memory: it grows with what has come. */
  #reserve(length: number): void {
    const old = this.#slab
    if (old !== undefined && old.bytes.length >= length) return
    this.#slab = sharedSlabs.take(Math.max(length, firstRoom))
    if (old === undefined) return
    this.#slab.bytes.set(old.bytes.subarray(0, this.#have))
    old.release()
  }

  /** The length of the whole record of which these are the first bytes. */
  #wanted(bytes: Uint8Array): number {
    return lengthPrefix + recordLength(bytes[0] as number, bytes[1] as number)
  }
}
