import { broadcastHeadLength } from './broadcast.ts'
import { type Named, protocolBytes, readNamed } from './direct.ts'
import { Kind, protocolVersion } from './header.ts'
import { idLength, idToBytes } from './ids.ts'
import { malformed } from './malformed.ts'
import { Reader, readU32 } from './reader.ts'
import { writeU32, writeU48 } from './writer.ts'

const keyLength = 32
const signatureLength = 64

/** A SIGNED begins as a BROADCAST does, up to its number; then come the origin's key, its signature, and what was said. */
const keyAt = broadcastHeadLength
const signatureAt = keyAt + keyLength

/** Length of a SIGNED up to the first of its messages. */
export const signedHeadLength: number = signatureAt + signatureLength

/** What a message within a SIGNED takes beside its name and its body. */
export const entryOverhead = 5

/** Most messages under one signature: what a neighbour can make us deliver by one frame. */
export const maxEntries = 4_096

/** Writes a message where it is to stand in a SIGNED. @returns where it ends */
export const writeEntry = (target: Uint8Array, at: number, protocol: string, body: Uint8Array): number => {
  const name = protocolBytes(protocol)
  const bodyAt = at + entryOverhead + name.length
  target[at] = name.length
  target.set(name, at + 1)
  writeU32(target, bodyAt - 4, body.length)
  target.set(body, bodyAt)
  return bodyAt + body.length
}

/** Writes all of a SIGNED that stands before its messages, the signature left out. */
export const writeSignedHead = (
  target: Uint8Array,
  origin: string,
  epoch: number,
  sequence: number,
  publicKey: Uint8Array,
): void => {
  target.fill(0, 0, signedHeadLength)
  target[0] = protocolVersion
  target[1] = Kind.signed
  target.set(idToBytes(origin), broadcastHeadLength - 12 - idLength)
  writeU48(target, broadcastHeadLength - 12, epoch)
  writeU48(target, broadcastHeadLength - 6, sequence)
  target.set(publicKey, keyAt)
}

export const writeSignature = (target: Uint8Array, signature: Uint8Array): void => {
  target.set(signature, signatureAt)
}

/** Views of a SIGNED. @throws `P2P_MALFORMED` if it is too short to be one */
export const decodeSigned = (
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly publicKey: Uint8Array; readonly signature: Uint8Array; readonly entries: Uint8Array } => {
  if (bytes[start + 3] !== 0 || end - start <= signedHeadLength) throw malformed('a broadcast cut short')
  return {
    publicKey: bytes.subarray(start + keyAt, start + signatureAt),
    signature: bytes.subarray(start + signatureAt, start + signedHeadLength),
    entries: bytes.subarray(start + signedHeadLength, end),
  }
}

/** What was said in a turn; bodies are views. @throws `P2P_MALFORMED` */
export const readEntries = (entries: Uint8Array): Named[] => {
  const named: Named[] = []
  let at = 0
  while (at < entries.length) {
    const bodyAt = at + entryOverhead + (entries[at] as number)
    if (bodyAt > entries.length) throw malformed('a broadcast cut short')
    const bodyEnd = bodyAt + readU32(entries, bodyAt - 4)
    if (bodyEnd > entries.length) throw malformed('a broadcast cut short')
    if (named.length === maxEntries) throw malformed(`more than ${maxEntries} messages under one signature`)
    const name = new Reader(entries, at + 1, bodyAt - 4)
    const { protocol } = readNamed(name, entries[at] as number)
    named.push({ protocol, body: entries.subarray(bodyAt, bodyEnd) })
    at = bodyEnd
  }
  return named
}
