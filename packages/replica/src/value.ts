import { ReplicaError } from './errors.ts'

/** What a dictionary can hold: what msgpack can, with text as the names in maps. Bigints are those of 64 bits, signed or unsigned. */
export type Value =
  | null
  | bigint
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [name: string]: Value }

/** How deep a value may be nested: an array of numbers is 2 deep. */
export const depthLimit = 32

/**
 * Checks any input and takes a copy of it that nobody else can change: maps become plain frozen objects, arrays frozen arrays, byte arrays of any kind
 * `Uint8Array` (which cannot be frozen: hand out a {@link copyValue}), −0 becomes 0.
 *
 * @param limit the greatest {@link valueSize}
 * @throws `TypeError` for what is no value: `undefined`, functions, symbols, bigints of more than 64 bits, instances of classes, text with a lone surrogate, a map
 * with the name `__proto__`, and anything nested deeper than {@link depthLimit} (a cycle is). `P2P_VALUE_TOO_LARGE` above the limit, before more of it is read
 */
export const ownValue = (input: unknown, limit: number): Value =>
  // What needs no copy and is within any limit; most values are.
  typeof input === 'number' && limit >= numberSize ? input + 0 : new Copier(limit).copy(input, 1)

/** About how many bytes a value takes encoded, a little more rather than less. */
export const valueSize = (value: Value): number => {
  switch (typeof value) {
    case 'string':
      return header + textSize(value)
    case 'number':
    case 'bigint':
      return numberSize
    case 'boolean':
      return smallSize
  }
  if (value === null) return smallSize
  let size = header
  if (value instanceof Uint8Array) size += value.length
  else if (isList(value)) for (const item of value) size += valueSize(item)
  else
    for (const name of Object.keys(value)) size += header + textSize(name) + valueSize(value[name] as Value)
  return size
}

/** Whether there are byte arrays in a value. */
export const hasBytes = (value: Value): boolean => {
  if (typeof value !== 'object' || value === null) return false
  if (value instanceof Uint8Array) return true
  return isList(value) ? value.some(hasBytes) : Object.values(value).some(hasBytes)
}

/** How many bytes text takes in UTF-8. @throws `TypeError` if it is not well-formed Unicode */
export const textSize = (text: string): number => {
  let size = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    if (unit < 0x800) size += 1
    else if (unit < 0xd800 || unit > 0xdfff) size += 2
    else {
      const next = text.charCodeAt(index + 1)
      if (unit > 0xdbff || !(next >= 0xdc00 && next <= 0xdfff)) {
        throw new TypeError(`text with a lone surrogate at index ${index} has no UTF-8`)
      }
      size += 2
      index++
    }
  }
  return size
}

/** The same value with byte arrays of its own; arrays and maps are frozen. */
export const copyValue = (value: Value): Value => {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return value.slice()
  if (isList(value)) return Object.freeze(value.map(copyValue))
  const copy: Record<string, Value> = {}
  for (const name of Object.keys(value)) copy[name] = copyValue(value[name] as Value)
  return Object.freeze(copy)
}

/** Whether both are the same value; the order of the names in a map does not count. */
export const equalValues = (a: Value | undefined, b: Value | undefined): boolean => {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return (
      a instanceof Uint8Array &&
      b instanceof Uint8Array &&
      a.length === b.length &&
      a.every((byte, index) => byte === b[index])
    )
  }
  if (isList(a) || isList(b)) {
    return (
      isList(a) && isList(b) && a.length === b.length && a.every((item, index) => equalValues(item, b[index]))
    )
  }
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every(name => Object.hasOwn(b, name) && equalValues(a[name], b[name]))
  )
}

/** Whether a value is a map. */
export const isMap = (value: Value | undefined): value is { readonly [name: string]: Value } =>
  typeof value === 'object' && value !== null && !isList(value) && !(value instanceof Uint8Array)

/** Whether a value is an array. */
export const isList = (value: Value): value is readonly Value[] => Array.isArray(value)

// What a number takes at most in msgpack, and the length of text, bytes, an array or a map.
const numberSize = 9
const header = 5

// Twice what msgpack needs, so that a value that is within a limit of bytes has at most half as many items.
const smallSize = 2

class Copier {
  #size = 0
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  copy(input: unknown, depth: number): Value {
    switch (typeof input) {
      case 'string':
        // UTF-8 has at least a byte for each of JavaScript's units, so most of what is too long is refused unread.
        this.#expect(header + input.length)
        this.#grow(header + textSize(input))
        return input
      case 'number':
        this.#grow(numberSize)
        return input + 0
      case 'bigint':
        if (input < -(2n ** 63n) || input >= 2n ** 64n) throw new TypeError('a bigint has more than 64 bits')
        this.#grow(numberSize)
        return input
      case 'boolean':
        this.#grow(smallSize)
        return input
      case 'object':
        break
      default:
        throw new TypeError(`${article(typeof input)} is not a value that a dictionary can hold`)
    }
    if (input === null) {
      this.#grow(smallSize)
      return null
    }
    if (depth > depthLimit) throw new TypeError(`a value is nested deeper than ${depthLimit}, or has a cycle`)
    if (input instanceof Uint8Array) {
      this.#grow(header + input.length)
      return new Uint8Array(input)
    }
    if (Array.isArray(input)) return this.#list(input, depth)
    return this.#map(input, depth)
  }

  #list(input: readonly unknown[], depth: number): Value {
    this.#expect(input.length)
    this.#grow(header)
    const copy: Value[] = []
    // By index, so that a hole is seen as the undefined that it is.
    for (let index = 0; index < input.length; index++) copy.push(this.copy(input[index], depth + 1))
    return Object.freeze(copy)
  }

  #map(input: object, depth: number): Value {
    const prototype: unknown = Object.getPrototypeOf(input)
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      const kind = Object.prototype.toString.call(input)
      throw new TypeError(`an instance of a class (${kind}) is not a value that a dictionary can hold`)
    }
    this.#grow(header)
    const copy: Record<string, Value> = {}
    for (const [name, item] of Object.entries(input)) {
      if (name === '__proto__') throw new TypeError('the name __proto__ cannot stand in a map')
      this.#grow(header + textSize(name))
      copy[name] = this.copy(item, depth + 1)
    }
    return Object.freeze(copy)
  }

  #grow(bytes: number): void {
    this.#expect(bytes)
    this.#size += bytes
  }

  #expect(bytes: number): void {
    if (this.#size + bytes > this.#limit) {
      throw new ReplicaError('P2P_VALUE_TOO_LARGE', `a value takes more than ${this.#limit} bytes`)
    }
  }
}

const article = (noun: string) => (noun === 'undefined' ? noun : `a ${noun}`)
