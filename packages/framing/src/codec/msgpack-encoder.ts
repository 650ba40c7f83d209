import { Packr, RESET_BUFFER_MODE } from 'msgpackr'

import { inspect, type ValueRules } from './plain-value.ts'

/** Messages are put one behind the other into pieces of memory of this size, in bytes: memory of its own costs a small message more than its encoding. */
const pieceSize = 8 * 2 ** 10

/** Without msgpackr's own extensions: a map carries the names of its properties, and no value is asked how it would like to be written. */
const packr = new Packr({ useRecords: false, variableMapSize: true, useToJSON: false })

/**
 * Writes values with msgpackr. An inspection comes first: msgpackr itself would also write dates, functions or `undefined`, each in a way of its own, and not see a
 * cycle. Its memory grows with the longest message and is written again for each, so what is given away is a copy.
 */
export class MsgpackEncoder {
  private readonly rules: ValueRules
  private piece: Uint8Array = new Uint8Array(0)
  /** The piece is full up to here. */
  private at = 0

  constructor(rules: ValueRules) {
    this.rules = rules
  }

  encode(value: unknown): Uint8Array {
    const { error } = inspect(value, this.rules)
    if (error !== undefined) throw error
    const packed = packr.pack(value, RESET_BUFFER_MODE)
    const { length } = packed
    if (length > pieceSize / 2) return new Uint8Array(packed)
    if (length > this.piece.length - this.at) {
      this.piece = new Uint8Array(pieceSize)
      this.at = 0
    }
    const start = this.at
    this.at += length
    this.piece.set(packed, start)
    return this.piece.subarray(start, this.at)
  }
}
