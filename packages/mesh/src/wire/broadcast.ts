import { headerLength, Kind, protocolVersion } from './header.ts'
import { protocolBytes } from './direct.ts'
import { idLength, idToBytes } from './ids.ts'
import { malformed } from './malformed.ts'
import { readU32, readU48 } from './reader.ts'
import { writeU32, writeU48 } from './writer.ts'

/** Offsets within a BROADCAST, from its first byte: relays read and patch them in place. */
const ageAt = headerLength
const originAt = ageAt + 4
const epochAt = originAt + idLength
const sequenceAt = epochAt + 6
const nameAt = sequenceAt + 6

/** Length of a BROADCAST up to its name. */
export const broadcastHeadLength: number = nameAt

/** A whole BROADCAST in memory of its own. */
export const encodeBroadcast = (
  origin: string,
  epoch: number,
  sequence: number,
  protocol: string,
  body: Uint8Array,
): Uint8Array => {
  const name = protocolBytes(protocol)
  const bytes = new Uint8Array(nameAt + name.length + body.length)
  bytes[0] = protocolVersion
  bytes[1] = Kind.broadcast
  bytes[3] = name.length
  bytes.set(idToBytes(origin), originAt)
  writeU48(bytes, epochAt, epoch)
  writeU48(bytes, sequenceAt, sequence)
  bytes.set(name, nameAt)
  bytes.set(body, nameAt + name.length)
  return bytes
}

/** @throws `P2P_MALFORMED` if it is too short to be a BROADCAST */
export const checkBroadcast = (bytes: Uint8Array, start: number, end: number): void => {
  const nameLength = bytes[start + 3] as number
  if (nameLength === 0 || end - start < nameAt + nameLength) throw malformed('a broadcast cut short')
}

export const ageOf = (bytes: Uint8Array, start: number): number => readU32(bytes, start + ageAt)
export const epochOf = (bytes: Uint8Array, start: number): number => readU48(bytes, start + epochAt)
export const sequenceOf = (bytes: Uint8Array, start: number): number => readU48(bytes, start + sequenceAt)
/** Where the origin's 48 bytes stand. */
export const originOffset = (start: number): number => start + originAt
/** Where the protocol's name stands. */
export const nameOffset = (start: number): number => start + nameAt

/** Only of a message that nobody was given yet. */
export const setEpoch = (bytes: Uint8Array, start: number, epoch: number): void => {
  writeU48(bytes, start + epochAt, epoch)
}

export const setAge = (bytes: Uint8Array, start: number, age: number): void => {
  writeU32(bytes, start + ageAt, Math.min(age, 0xffffffff))
}
