import { distance } from './ring.ts'

/** A position on the ring as 96 lower-case hexadecimal digits. Text of one length sorts as the numbers do, and compares five times as fast as bigints of 384 bits. */
export type Position = string

const digits = 96

/** The text of a number, taken modulo the ring's size. */
export const toPosition = (number: bigint): Position =>
  distance(0n, number).toString(16).padStart(digits, '0')

export const toNumber = (position: Position): bigint => BigInt(`0x${position}`)

export const isPosition = (value: unknown): value is Position =>
  typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/.test(value)

/** Whether `x` is on the arc `(from, to]`, clockwise; from a position to itself is the whole ring. The same as `isBetween`, on texts. */
export const isWithin = (x: Position, from: Position, to: Position): boolean =>
  from < to ? from < x && x <= to : from < x || x <= to

/** Whether `x` is on the arc `(from, to)`, neither end included; from a position to itself is all but that position. */
export const isInside = (x: Position, from: Position, to: Position): boolean =>
  x !== to && isWithin(x, from, to)
