import { FramingError } from '../errors.ts'
import { forbiddenKey } from './plain-value.ts'
import { readUtf8 } from './utf8.ts'
import type { CheckedValueLimits } from './value-limits.ts'

/** Names of properties that came before: so many, in a table that later ones displace, each of at most so many bytes. */
const nameSlots = 256
const longestName = 32

const nothing = new Uint8Array(0)
const scratch = new DataView(new ArrayBuffer(8))

/**
 * Reads exactly one MessagePack value of the types that we encode and checks it in the same pass: lengths before anything is allocated for them, text as
 * UTF-8, depth, and that no property comes twice.
 */
export class MsgpackDecoder {
  private readonly limits: CheckedValueLimits
  private readonly names: string[] = new Array<string>(nameSlots).fill('')
  private bytes: Uint8Array = nothing
  private at = 0
  private left = 0

  constructor(limits: CheckedValueLimits) {
    this.limits = limits
  }

  decode(bytes: Uint8Array): unknown {
    // of a Buffer we would make Buffers
    this.bytes =
      bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    this.at = 0
    this.left = this.limits.values
    try {
      const value = this.take(this.limits.depth)
      if (this.at !== this.bytes.length) throw malformed('there are bytes behind the value')
      return value
    } finally {
      this.bytes = nothing
    }
  }

  private take(depth: number): unknown {
    const type = this.takeByte()
    if (type < 0x80) return type
    if (type >= 0xe0) return type - 0x100
    if (type < 0x90) return this.takeObject(type & 0x0f, depth)
    if (type < 0xa0) return this.takeArray(type & 0x0f, depth)
    if (type < 0xc0) return this.takeText(type & 0x1f)
    switch (type) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
        return this.takeBytes(this.takeByte())
      case 0xc5:
        return this.takeBytes(this.takeUint16())
      case 0xc6:
        return this.takeBytes(this.takeUint32())
      case 0xca:
        this.takeScratch(4)
        return scratch.getFloat32(0) + 0
      case 0xcb:
        this.takeScratch(8)
        return scratch.getFloat64(0) + 0 // −0 becomes 0: we could not write it
      case 0xcc:
        return this.takeByte()
      case 0xcd:
        return this.takeUint16()
      case 0xce:
        return this.takeUint32()
      case 0xcf:
        this.takeScratch(8)
        return scratch.getBigUint64(0)
      case 0xd0:
        return (this.takeByte() << 24) >> 24
      case 0xd1:
        return (this.takeUint16() << 16) >> 16
      case 0xd2:
        return this.takeUint32() | 0
      case 0xd3:
        this.takeScratch(8)
        return scratch.getBigInt64(0)
      case 0xd9:
        return this.takeText(this.takeByte())
      case 0xda:
        return this.takeText(this.takeUint16())
      case 0xdb:
        return this.takeText(this.takeUint32())
      case 0xdc:
        return this.takeArray(this.takeUint16(), depth)
      case 0xdd:
        return this.takeArray(this.takeUint32(), depth)
      case 0xde:
        return this.takeObject(this.takeUint16(), depth)
      case 0xdf:
        return this.takeObject(this.takeUint32(), depth)
      default:
        throw malformed(`no value begins with 0x${type.toString(16)}`)
    }
  }

  private takeObject(length: number, depth: number): Record<string, unknown> {
    this.enter(length, 2 * length, depth)
    const object: Record<string, unknown> = {}
    for (let index = 0; index < length; index++) {
      const name = this.takeName()
      // Of two properties of one name every reader picks the one it likes: neither is taken.
      if (object[name] !== undefined && Object.hasOwn(object, name)) throw malformed('a property comes twice')
      object[name] = this.take(depth - 1)
    }
    return object
  }

  private takeArray(length: number, depth: number): unknown[] {
    this.enter(length, length, depth)
    const array = new Array<unknown>(length)
    for (let index = 0; index < length; index++) array[index] = this.take(depth - 1)
    return array
  }

  /** Before anything is made of so many values, which take so many bytes at least. */
  private enter(values: number, bytes: number, depth: number): void {
    if (depth === 0) throw malformed(`the value is more than ${this.limits.depth} deep`)
    this.left -= values
    if (this.left < 0) throw malformed(`the value contains more than ${this.limits.values} values`)
    if (bytes > this.bytes.length - this.at) throw cutOff()
  }

  private takeName(): string {
    const type = this.takeByte()
    let length = 0
    if (type >= 0xa0 && type < 0xc0) length = type & 0x1f
    else if (type === 0xd9) length = this.takeByte()
    else if (type === 0xda) length = this.takeUint16()
    else if (type === 0xdb) length = this.takeUint32()
    else throw malformed('the name of a property is not text')
    if (length === 0 || length > longestName) return this.takeText(length)

    const start = this.at
    const end = this.advance(length)
    const { bytes, names } = this
    const first = bytes[start] as number
    const middle = bytes[start + (length >> 1)] as number
    const last = bytes[end - 1] as number
    const slot = (first * 7 + middle * 31 + last * 131 + length * 17) % nameSlots
    const known = names[slot] as string
    if (known.length === length && equals(known, bytes, start)) return known
    const name = readUtf8(bytes, start, end)
    if (name === forbiddenKey) throw malformed(`a property is named ${forbiddenKey}`)
    // Only ASCII, which is as long in characters as in bytes: of other text the characters could equal bytes that are not UTF-8.
    if (name.length === length) names[slot] = name
    return name
  }

  private takeText(length: number): string {
    const start = this.at
    return readUtf8(this.bytes, start, this.advance(length))
  }

  private takeBytes(length: number): Uint8Array {
    const start = this.at
    return this.bytes.slice(start, this.advance(length))
  }

  /** Puts four or eight bytes where they can be read as a float or a bigint. */
  private takeScratch(length: 4 | 8): void {
    scratch.setUint32(0, this.takeUint32())
    if (length === 8) scratch.setUint32(4, this.takeUint32())
  }

  private takeByte(): number {
    if (this.at === this.bytes.length) throw cutOff()
    return this.bytes[this.at++] as number
  }

  private takeUint16(): number {
    const start = this.at
    this.advance(2)
    return ((this.bytes[start] as number) << 8) | (this.bytes[start + 1] as number)
  }

  private takeUint32(): number {
    const start = this.at
    this.advance(4)
    const { bytes } = this
    return (
      (((bytes[start] as number) << 24) |
        ((bytes[start + 1] as number) << 16) |
        ((bytes[start + 2] as number) << 8) |
        (bytes[start + 3] as number)) >>>
      0
    )
  }

  /** Goes so many bytes forward, if there are so many, and returns the offset there. */
  private advance(length: number): number {
    if (length > this.bytes.length - this.at) throw cutOff()
    this.at += length
    return this.at
  }
}

const equals = (name: string, bytes: Uint8Array, start: number): boolean => {
  for (let index = 0; index < name.length; index++) {
    if (name.charCodeAt(index) !== bytes[start + index]) return false
  }
  return true
}

const malformed = (why: string): FramingError =>
  new FramingError('P2P_NOT_DECODABLE', `not our MessagePack: ${why}`)

const cutOff = (): FramingError => malformed('it ends within a value')
