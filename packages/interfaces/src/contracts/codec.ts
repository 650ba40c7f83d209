import type { Codec } from '../codec.ts'
import { P2PError } from '../errors.ts'
import type { ContractCase } from './case.ts'
import { attempt, check, same } from './check.ts'

/** What {@link codecContract} tries a codec on. */
export interface CodecSamples<T> {
  /** Values that come back as they were: equal numbers, text, bytes, and arrays and plain objects of such. At least one. */
  readonly values: readonly T[]
  /** What the codec cannot represent: each is a `TypeError` of `encode`. */
  readonly unencodable?: readonly unknown[]
  /** What `encode` would not have made: each is `P2P_NOT_DECODABLE`. */
  readonly undecodable?: readonly Uint8Array[]
}

/** The promises of {@link Codec}. */
export const codecContract = <T>(
  create: () => Codec<T>,
  samples: CodecSamples<T>,
): readonly ContractCase[] => [
  {
    name: 'values come back as they were',
    run: async () => {
      const codec = create()
      for (const value of samples.values) checkEqual(codec.decode(codec.encode(value)), value, 'the value')
    },
  },
  {
    name: 'what encode returns is the caller’s own',
    run: async () => {
      const codec = create()
      const first = samples.values.map(value => codec.encode(value))
      const copies = first.map(bytes => bytes.slice())
      for (const value of samples.values) codec.encode(value).fill(0xff)
      first.forEach((bytes, index) => same(bytes, copies[index], 'bytes encoded before others were'))
      first.forEach((bytes, index) => {
        checkEqual(codec.decode(bytes), samples.values[index], 'the value, encoded before others were')
      })
    },
  },
  {
    name: 'decode keeps no reference to the bytes, and changes none',
    run: async () => {
      const codec = create()
      for (const value of samples.values) {
        const bytes = codec.encode(value)
        const copy = bytes.slice()
        const decoded = codec.decode(bytes)
        same(bytes, copy, 'the bytes after decoding')
        bytes.fill(0x20)
        checkEqual(decoded, value, 'the value after its bytes were overwritten')
      }
    },
  },
  {
    name: 'decode reads a view into longer memory',
    run: async () => {
      const codec = create()
      for (const value of samples.values) {
        const bytes = codec.encode(value)
        const memory = new Uint8Array(bytes.length + 9).fill(0x93)
        memory.set(bytes, 4)
        checkEqual(codec.decode(memory.subarray(4, 4 + bytes.length)), value, 'the value')
      }
    },
  },
  {
    name: 'what it cannot represent is a TypeError',
    run: async () => {
      const codec = create()
      for (const value of samples.unencodable ?? []) {
        const error = attempt(() => codec.encode(value as T))
        check(error instanceof TypeError, `encoding ${String(value)} throws a TypeError`)
      }
    },
  },
  {
    name: 'what encode would not have made is P2P_NOT_DECODABLE',
    run: async () => {
      const codec = create()
      for (const bytes of samples.undecodable ?? []) {
        const error = attempt(() => codec.decode(bytes))
        check(P2PError.is(error, 'P2P_NOT_DECODABLE'), `decoding ${hex(bytes)} throws P2P_NOT_DECODABLE`)
      }
    },
  },
  {
    name: 'of damaged bytes it makes an error, or a value that it can encode',
    run: async () => {
      const codec = create()
      for (const value of samples.values) {
        const bytes = codec.encode(value)
        if (bytes.length > longestDamaged) continue
        for (let index = 0; index < Math.min(bytes.length, 64); index++) {
          for (const damage of damages) {
            const damaged = damage(bytes, index)
            let decoded: T
            try {
              decoded = codec.decode(damaged)
            } catch (error) {
              check(
                P2PError.is(error, 'P2P_NOT_DECODABLE'),
                `decoding ${hex(damaged)} throws P2P_NOT_DECODABLE`,
              )
              continue
            }
            checkEqual(codec.decode(codec.encode(decoded)), decoded, `what ${hex(damaged)} was decoded to`)
          }
        }
      }
    },
  },
]

/** Longer encodings, in bytes, are not tried damaged: it takes long and shows nothing new. */
const longestDamaged = 1000

const damages: readonly ((bytes: Uint8Array, index: number) => Uint8Array)[] = [
  (bytes, index) => bytes.slice(0, index),
  (bytes, index) => bytes.map((byte, at) => (at === index ? byte ^ 0x80 : byte)),
  (bytes, index) => bytes.map((byte, at) => (at === index ? byte + 1 : byte)),
  (bytes, index) => bytes.map((byte, at) => (at === index ? 0xc1 : byte)),
  (bytes, index) => Uint8Array.from([...bytes.subarray(0, index), ...bytes.subarray(index + 1)]),
  (bytes, index) => Uint8Array.from([...bytes, index]),
]

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes.subarray(0, 32), byte => byte.toString(16).padStart(2, '0')).join(' ')

const checkEqual = (actual: unknown, expected: unknown, what: string): void => {
  check(equal(actual, expected), `${what} is equal to the one that was encoded`)
}

/** Equality of values as codecs know them: NaN is itself, and 0 is −0. */
const equal = (a: unknown, b: unknown): boolean => {
  if (a === b || Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return (
      a instanceof Uint8Array &&
      b instanceof Uint8Array &&
      a.constructor === b.constructor &&
      a.length === b.length &&
      a.every((byte, index) => byte === b[index])
    )
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every(key => Object.hasOwn(b, key) && equal(Reflect.get(a, key), Reflect.get(b, key)))
  )
}
