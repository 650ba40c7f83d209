import type { Codec } from '@p2p/interfaces'

import { MsgpackDecoder } from './msgpack-decoder.ts'
import { MsgpackEncoder } from './msgpack-encoder.ts'
import type { ValueRules } from './plain-value.ts'
import { checkedValueLimits, type ValueLimits } from './value-limits.ts'

/**
 * MessagePack without surprises, written by msgpackr and read by a strict reader: what `decode` returns is always something that `encode` takes, and comes back equal.
 *
 * - Values are null, booleans, numbers, bigints of 64 bits, text, `Uint8Array`, arrays, and plain objects (of a literal, `JSON.parse` or
 *   `Object.create(null)`; own enumerable properties with text keys). Numbers keep NaN and the infinities; −0 becomes 0, as in JSON.
 * - All else is a `TypeError` of `encode` that says where in the value it is: undefined, functions, symbols, instances of classes, cycles, text with half of a
 *   surrogate pair, a property named `__proto__`.
 * - All else is `P2P_NOT_DECODABLE` in `decode`: extension types, keys that are not text, a property that comes twice, text that is not UTF-8, bytes that are
 *   missing or left over. Nothing is allocated for a length that is only announced.
 * - Numbers are written in the shortest form and read in any form. An integer of 64 bits is read as a bigint and a bigint is written as one, whatever its value,
 *   so that a type never depends on a value. Integers of more than 32 bits are written as floats, which are exact up to 2^53.
 * - A `Uint8Array` comes back as one, never as a Buffer, whatever was passed, with memory of its own. What `encode` returns may share its `buffer` with other
 *   messages, though no byte.
 *
 * Format: https://github.com/msgpack/msgpack/blob/master/spec.md
 *
 * @throws `P2P_BAD_OPTION` for a limit out of range
 */
export const msgpack = (limits: ValueLimits = {}): Codec => {
  const { depth, values } = checkedValueLimits(limits)
  // No spread: it makes a hidden class for each codec, and with 1000 of them in a process each `decode` would look its limits up
  return new Msgpack({ depth, values, bytes: true, bigints: true, nonFinite: true })
}

class Msgpack implements Codec {
  private readonly encoder: MsgpackEncoder
  private readonly decoder: MsgpackDecoder

  constructor(rules: ValueRules) {
    this.encoder = new MsgpackEncoder(rules)
    this.decoder = new MsgpackDecoder(rules)
  }

  encode(value: unknown): Uint8Array {
    return this.encoder.encode(value)
  }

  decode(bytes: Uint8Array): unknown {
    return this.decoder.decode(bytes)
  }
}
