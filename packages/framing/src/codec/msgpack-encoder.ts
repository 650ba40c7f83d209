import { forbiddenKey, inspect, isPlainObject, type ValueRules } from './plain-value.ts'
import { isWellFormed, writeUtf8 } from './utf8.ts'

/** Messages are written one behind the other into pieces of memory of this size, in bytes: memory of its own costs a small message more than its encoding. */
const pieceSize = 8 * 2 ** 10
/** With less room than this a new piece is begun, in bytes. */
const smallestRest = 512
/** Up to here a loop over its characters is faster than a call of the encoder. */
const longestLooped = 40

/** By so many bytes a header is longer than it was guessed to be, at most: with 256 to 65 535 characters that take 65 536 bytes or more. */
const longestMove = 2

/** Says that the value has a fault; which one is found by another walk, so that this one need not keep track of where it is. */
const faulty = new Error('not encodable')

const scratch = new DataView(new ArrayBuffer(8))

/** Writes values as MessagePack in its shortest form. Not to be called again from within, as a getter of the value could. */
export class MsgpackEncoder {
  private readonly rules: ValueRules
  /** Messages were written up to here. */
  private piece: Uint8Array = new Uint8Array(0)
  private pieceAt = 0
  /** The message at hand: in the piece, or in memory of its own once it has outgrown that. */
  private bytes: Uint8Array = this.piece
  private start = 0
  private at = 0
  private left = 0

  constructor(rules: ValueRules) {
    this.rules = rules
  }

  encode(value: unknown): Uint8Array {
    if (this.piece.length - this.pieceAt < smallestRest) {
      this.piece = new Uint8Array(pieceSize)
      this.pieceAt = 0
    }
    this.bytes = this.piece
    this.start = this.at = this.pieceAt
    this.left = this.rules.values
    try {
      this.put(value, this.rules.depth)
    } catch (error) {
      this.bytes = this.piece
      throw error === faulty ? (inspect(value, this.rules).error ?? changed()) : error
    }
    const { bytes, start, at } = this
    if (bytes === this.piece) this.pieceAt = at
    this.bytes = this.piece
    return bytes.subarray(start, at)
  }

  private put(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        this.putText(value)
        return
      case 'number':
        this.putNumber(value)
        return
      case 'boolean':
        this.reserve(1)
        this.putByte(value ? 0xc3 : 0xc2)
        return
      case 'bigint':
        this.putBigint(value)
        return
      case 'object':
        if (value === null) this.putNull()
        else if (Array.isArray(value)) this.putArray(value, depth)
        else if (isPlainObject(value)) this.putObject(value, depth)
        else if (value instanceof Uint8Array) this.putBytes(value)
        else throw faulty
        return
      default:
        throw faulty
    }
  }

  private putNull(): void {
    this.reserve(1)
    this.putByte(0xc0)
  }

  private putObject(value: Record<string, unknown>, depth: number): void {
    const keys = Object.keys(value)
    const { length } = keys
    this.enter(length, depth)
    this.putLength(length, 0x80, 15, 0xde)
    for (let index = 0; index < length; index++) {
      const key = keys[index] as string
      if (key === forbiddenKey) throw faulty
      this.putText(key)
      this.put(value[key], depth - 1)
    }
  }

  private putArray(value: readonly unknown[], depth: number): void {
    const { length } = value
    this.enter(length, depth)
    this.putLength(length, 0x90, 15, 0xdc)
    for (let index = 0; index < length; index++) this.put(value[index], depth - 1)
  }

  private enter(length: number, depth: number): void {
    this.left -= length
    if (depth === 0 || this.left < 0) throw faulty
  }

  private putText(text: string): void {
    const { length } = text
    if (length <= longestLooped && this.putAscii(text)) return
    if (!isWellFormed(text)) throw faulty
    // The header's length depends on that of the UTF-8. Most text is ASCII: it is written as if all were, and once more if it needs more room than that.
    let written = this.writeText(text, length)
    if (written < 0) written = this.writeText(text, 3 * length)
    const guessed = this.at + headerLength(length)
    const start = this.at + headerLength(written)
    if (start !== guessed) this.bytes.copyWithin(start, guessed, guessed + written)
    this.putTextLength(written)
    this.at += written
  }

  /** Writes text behind where its header goes if it is ASCII, leaving room to move it behind a longer one; −1 if it does not fit into `room` bytes or what else there is. */
  private writeText(text: string, room: number): number {
    this.reserve(5 + room + longestMove)
    return writeUtf8(text, this.bytes, this.at + headerLength(text.length), this.bytes.length - longestMove)
  }

  private putAscii(text: string): boolean {
    const { length } = text
    this.reserve(2 + length)
    const { bytes } = this
    let at = this.at + headerLength(length)
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code > 0x7f) return false
      bytes[at++] = code
    }
    this.putTextLength(length)
    this.at = at
    return true
  }

  private putTextLength(length: number): void {
    if (length < 32) this.putByte(0xa0 | length)
    else this.putSize(length, 0xd9)
  }

  private putBytes(value: Uint8Array): void {
    const { length } = value
    this.putSize(length, 0xc4)
    this.reserve(length)
    this.bytes.set(value, this.at)
    this.at += length
  }

  private putNumber(value: number): void {
    this.reserve(9)
    const { bytes } = this
    if (value >>> 0 === value && (value !== 0 || 1 / value > 0)) {
      if (value < 0x80) bytes[this.at++] = value
      else this.putSize(value, 0xcc)
    } else if (value >> 0 === value && value !== 0) {
      this.putNegative(value)
    } else {
      bytes[this.at++] = 0xcb
      scratch.setFloat64(0, value)
      this.putScratch()
    }
  }

  private putNegative(value: number): void {
    if (value >= -0x20) {
      this.putByte(value)
    } else if (value >= -0x80) {
      this.putByte(0xd0)
      this.putByte(value)
    } else if (value >= -0x8000) {
      this.putByte(0xd1)
      this.putByte(value >> 8)
      this.putByte(value)
    } else {
      this.putByte(0xd2)
      this.putUint32(value)
    }
  }

  private putBigint(value: bigint): void {
    this.reserve(9)
    if (value >= 0n && value === BigInt.asUintN(64, value)) {
      scratch.setBigUint64(0, value)
      this.putByte(0xcf)
    } else if (value === BigInt.asIntN(64, value)) {
      scratch.setBigInt64(0, value)
      this.putByte(0xd3)
    } else {
      throw faulty
    }
    this.putScratch()
  }

  private putScratch(): void {
    this.putUint32(scratch.getUint32(0))
    this.putUint32(scratch.getUint32(4))
  }

  /** A number of one, two or four bytes behind the first of three types that follow each other. */
  private putSize(value: number, type: number): void {
    this.reserve(5)
    if (value < 0x100) {
      this.putByte(type)
    } else if (value < 0x10000) {
      this.putByte(type + 1)
      this.putByte(value >> 8)
    } else {
      this.putByte(type + 2)
      this.putUint32(value)
      return
    }
    this.putByte(value)
  }

  /** A count within the first byte if it is small enough, else of two or four bytes behind the first of two types. */
  private putLength(length: number, small: number, most: number, type: number): void {
    this.reserve(5)
    if (length <= most) {
      this.putByte(small | length)
    } else if (length < 0x10000) {
      this.putByte(type)
      this.putByte(length >> 8)
      this.putByte(length)
    } else {
      this.putByte(type + 1)
      this.putUint32(length)
    }
  }

  private putUint32(value: number): void {
    const { bytes, at } = this
    bytes[at] = value >>> 24
    bytes[at + 1] = value >>> 16
    bytes[at + 2] = value >>> 8
    bytes[at + 3] = value
    this.at = at + 4
  }

  /** There must be room for it: whoever writes more than one byte reserves once for all. */
  private putByte(byte: number): void {
    this.bytes[this.at++] = byte
  }

  private reserve(length: number): void {
    if (this.bytes.length - this.at < length) this.grow(length)
  }

  /** Moves the message at hand to memory of its own, with as much room again. */
  private grow(length: number): void {
    const written = this.at - this.start
    const grown = new Uint8Array(Math.max(pieceSize, 2 * (written + length)))
    grown.set(this.bytes.subarray(this.start, this.at))
    this.bytes = grown
    this.start = 0
    this.at = written
  }
}

const changed = () => new TypeError('the value changed while it was encoded')

const headerLength = (length: number): number =>
  length < 32 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 5
