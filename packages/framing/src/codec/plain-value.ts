import { FramingError } from '../errors.ts'
import { isWellFormed } from './utf8.ts'
import type { CheckedValueLimits } from './value-limits.ts'

/** What a codec takes, beside null, booleans, finite numbers, well-formed text, arrays and plain objects. */
export interface ValueRules extends CheckedValueLimits {
  readonly bytes: boolean
  readonly bigints: boolean
  readonly nonFinite: boolean
}

/** A property of this name is refused: assigned by a careless reader it changes an object's prototype. */
export const forbiddenKey = '__proto__'

/** Whether it was made by a literal, by `JSON.parse` or by `Object.create(null)`, here or in another realm; not of a class. */
export const isPlainObject = (value: object): value is Record<string, unknown> => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null
}

/** What a walk over a value has found. */
export interface Findings {
  /** Why it cannot be encoded, with the place in it: a `TypeError`, or `P2P_NOT_ENCODABLE` beyond the limits; `undefined` if it can. */
  readonly error: TypeError | FramingError | undefined
  /** How many properties its objects have, if there is no error. */
  readonly properties: number
}

/** Walks over a value that is to be encoded, or that a parser has made. */
export const inspect = (value: unknown, rules: ValueRules): Findings => {
  const inspection = new Inspection(rules)
  const found = inspection.visit(value)
  return { error: found === undefined ? undefined : errorOf(found), properties: inspection.properties }
}

const errorOf = ({ what, path, beyondLimits }: Fault) => {
  const where = path === '' ? '' : ` at ${path}`
  return beyondLimits
    ? new FramingError('P2P_NOT_ENCODABLE', `${what}${where}`)
    : new TypeError(`cannot encode ${what}${where}`)
}

interface Fault {
  readonly what: string
  readonly path: string
  readonly beyondLimits: boolean
}

const fault = (what: string, path = ''): Fault => ({ what, path, beyondLimits: false })

class Inspection {
  private readonly rules: ValueRules
  private readonly ancestors: object[] = []
  private values = 0
  properties = 0

  constructor(rules: ValueRules) {
    this.rules = rules
  }

  visit(value: unknown): Fault | undefined {
    switch (typeof value) {
      case 'boolean':
        return undefined
      case 'string':
        return isWellFormed(value) ? undefined : fault('text with half of a surrogate pair')
      case 'number':
        return this.rules.nonFinite || Number.isFinite(value) ? undefined : fault(String(value))
      case 'bigint':
        if (!this.rules.bigints) return fault('a bigint')
        return value === BigInt.asIntN(64, value) || value === BigInt.asUintN(64, value)
          ? undefined
          : fault('a bigint of more than 64 bits')
      case 'object':
        return value === null ? undefined : this.visitObject(value)
      default:
        return fault(typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`)
    }
  }

  private visitObject(value: object): Fault | undefined {
    const array = Array.isArray(value)
    if (!array && !isPlainObject(value)) {
      if (this.rules.bytes && value instanceof Uint8Array) return undefined
      return fault(`an instance of ${nameOf(value)}`)
    }
    if (this.ancestors.length === this.rules.depth) {
      // a cycle is as deep as we look
      if (this.ancestors.includes(value)) return fault('a cycle')
      return { ...fault(`a value more than ${this.rules.depth} deep`), beyondLimits: true }
    }
    this.ancestors.push(value)
    const found = array ? this.visitItems(value) : this.visitProperties(value)
    this.ancestors.pop()
    return found
  }

  private visitItems(items: readonly unknown[]): Fault | undefined {
    const beyond = this.count(items.length)
    if (beyond !== undefined) return beyond
    for (let index = 0; index < items.length; index++) {
      const found = this.visit(items[index])
      if (found !== undefined) return { ...found, path: `[${index}]${found.path}` }
    }
    return undefined
  }

  private visitProperties(object: Record<string, unknown>): Fault | undefined {
    const keys = Object.keys(object)
    this.properties += keys.length
    const beyond = this.count(keys.length)
    if (beyond !== undefined) return beyond
    for (const key of keys) {
      if (key === forbiddenKey) return fault('a property of this name', `.${key}`)
      if (!isWellFormed(key)) return fault('a property name with half of a surrogate pair', `.${key}`)
      const found = this.visit(object[key])
      if (found !== undefined) return { ...found, path: `.${key}${found.path}` }
    }
    return undefined
  }

  private count(more: number): Fault | undefined {
    this.values += more
    if (this.values <= this.rules.values) return undefined
    return { ...fault(`a value that contains more than ${this.rules.values} values`), beyondLimits: true }
  }
}

const nameOf = (value: object): string => {
  const constructor: unknown = Reflect.get(value, 'constructor')
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'a class'
}
