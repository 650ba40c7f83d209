import { ReplicaError } from './errors.ts'

/** What a dictionary can hold: what msgpack can, with text as the names in maps. */
export type Value =
  null | boolean | number | string | Uint8Array | readonly Value[] | { readonly [name: string]: Value }

/** How deep a value may be nested: an array of numbers is 2 deep. */
export const depthLimit = 32

/** A value of the replica's own: nobody else can change it. */
export interface OwnValue {
  /** Arrays and maps in it are frozen. */
  readonly value: Value
  /** About how many bytes it takes encoded, a little more rather than less. */
  readonly size: number
  /** Whether byte arrays are in it, which cannot be frozen: hand out a {@link copyValue} then. */
  readonly hasBytes: boolean
}

/**
 * Checks any input and takes a copy of it: maps become plain frozen objects, arrays frozen arrays, byte arrays of any kind `Uint8Array`, −0 becomes 0.
 *
 * @param limit the greatest size in bytes
 * @throws `TypeError` for what is no value: `undefined`, functions, symbols, bigints, instances of classes, text with a lone surrogate, a map
 * with the name `__proto__`, and anything nested deeper than {@link depthLimit} (a cycle is). `P2P_VALUE_TOO_LARGE` above the limit, before more of it is read
 */
export const ownValue = (input: unknown, limit: number): OwnValue => {
  if (input === null || typeof input === 'boolean') return { value: input, size: 1, hasBytes: false }
  if (typeof input === 'number') return { value: input + 0, size: 9, hasBytes: false }
  const copier = new Copier(limit)
  const value = copier.copy(input, 1)
  return { value, size: copier.size, hasBytes: copier.hasBytes }
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

// What an array, a map or a text's length take at most in msgpack.
const header = 5

class Copier {
  size = 0
  hasBytes = false
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  copy(input: unknown, depth: number): Value {
    switch (typeof input) {
      case 'string':
        this.#grow(header + input.length)
        this.#grow(textSize(input) - input.length)
        return input
      case 'number':
        this.#grow(9)
        return input + 0
      case 'boolean':
        this.#grow(1)
        return input
      case 'object':
        break
      default:
        throw new TypeError(`${article(typeof input)} is not a value that a dictionary can hold`)
    }
    if (input === null) {
      this.#grow(1)
      return null
    }
    if (depth > depthLimit) throw new TypeError(`a value is nested deeper than ${depthLimit}, or has a cycle`)
    if (input instanceof Uint8Array) {
      this.#grow(header + input.length)
      this.hasBytes = true
      return new Uint8Array(input)
    }
    if (Array.isArray(input)) return this.#list(input, depth)
    return this.#map(input, depth)
  }

  #list(input: readonly unknown[], depth: number): Value {
    this.#grow(header + input.length)
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
    this.size += bytes
    if (this.size > this.#limit) {
      throw new ReplicaError('P2P_VALUE_TOO_LARGE', `a value takes more than ${this.#limit} bytes`)
    }
  }
}

const article = (noun: string) => (noun === 'undefined' ? noun : `a ${noun}`)
