import type { Codec } from '@p2p/interfaces'

import { FramingError } from '../errors.ts'
import { inspect, type ValueRules } from './plain-value.ts'
import { readUtf8, toUtf8 } from './utf8.ts'
import { checkedValueLimits, type CheckedValueLimits, type ValueLimits } from './value-limits.ts'

/**
 * JSON in UTF-8, for programs that speak nothing else and for people who read along.
 *
 * Values are null, booleans, finite numbers (−0 becomes 0), text, arrays and plain objects. All else is a `TypeError` of `encode` that says where in the value
 * it is, where `JSON.stringify` would leave it out or change it: undefined, functions, bigints, NaN, bytes, dates, instances of classes, cycles, text with half
 * of a surrogate pair, a property named `__proto__`. The same, a property that comes twice, and all that is not JSON is `P2P_NOT_DECODABLE` in `decode`.
 *
 * @throws `P2P_BAD_OPTION` for a limit out of range
 */
export const json = (limits: ValueLimits = {}): Codec =>
  new Json({ ...checkedValueLimits(limits), bytes: false, bigints: false, nonFinite: false })

class Json implements Codec {
  private readonly rules: ValueRules

  constructor(rules: ValueRules) {
    this.rules = rules
  }

  encode(value: unknown): Uint8Array {
    const { error } = inspect(value, this.rules)
    if (error !== undefined) throw error
    return toUtf8(JSON.stringify(value))
  }

  decode(bytes: Uint8Array): unknown {
    const properties = measure(bytes, this.rules)
    const value = parse(readUtf8(bytes, 0, bytes.length))
    const findings = inspect(value, this.rules)
    if (findings.error !== undefined) throw malformed(findings.error.message, findings.error)
    // of two properties of one name the parser has kept the last
    if (findings.properties !== properties) throw malformed('a property comes twice')
    return value
  }
}

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a]
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * Counts the properties, if it is JSON, and refuses what is beyond the limits before the parser makes anything of it: a byte can become an array of
 * 16 bytes or more.
 */
const measure = (bytes: Uint8Array, { depth, values }: CheckedValueLimits): number => {
  let level = 0
  let opened = 0
  let commas = 0
  let colons = 0
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case quote:
        at = endOfText(bytes, at + 1)
        break
      case openArray:
      case openObject:
        opened++
        if (++level > depth) throw malformed(`it is more than ${depth} deep`)
        break
      case closeArray:
      case closeObject:
        level--
        break
      case comma:
        commas++
        break
      case colon:
        colons++
    }
  }
  // An empty array has neither comma nor value in it; the exact count is taken of what was parsed.
  if (commas > values || opened > values + 1) throw malformed(`it contains more than ${values} values`)
  return colons
}

const endOfText = (bytes: Uint8Array, start: number): number => {
  let at = start
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1
  return at
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw malformed('it is not JSON', cause)
  }
}

const malformed = (why: string, cause?: unknown): FramingError =>
  new FramingError('P2P_NOT_DECODABLE', `not our JSON: ${why}`, { cause })
