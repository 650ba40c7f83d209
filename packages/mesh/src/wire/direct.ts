import { MeshError } from '../errors.ts'
import { headerLength, Kind, protocolVersion } from './header.ts'
import { begin } from './hello.ts'
import { malformed } from './malformed.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

const utf8 = new TextEncoder()

// Applications use a handful of names; a peer that sends many different ones only empties this cache.
const cacheLimit = 1024
const names = new Map<string, Uint8Array>()

/** The UTF-8 of a protocol's name. @throws `P2P_BAD_OPTION` unless it is 1 to 255 bytes of well-formed text */
export const protocolBytes = (protocol: string): Uint8Array => {
  let bytes = names.get(protocol)
  if (bytes === undefined) {
    bytes = utf8.encode(protocol)
    if (bytes.length === 0 || bytes.length > 255 || !protocol.isWellFormed()) {
      throw new MeshError('P2P_BAD_OPTION', 'a protocol is named by 1 to 255 bytes of text')
    }
    if (names.size >= cacheLimit) names.clear()
    names.set(protocol, bytes)
  }
  return bytes
}

/** Header and name of a SEND; the body follows. */
export const sendHead = (protocol: string): Uint8Array => {
  const name = protocolBytes(protocol)
  return new Writer(headerLength + name.length)
    .u8(protocolVersion)
    .u8(Kind.send)
    .u8(0)
    .u8(name.length)
    .bytes(name)
    .done()
}

/** Header, id and name of a REQUEST; the body follows. */
export const requestHead = (id: number, protocol: string): Uint8Array => {
  const name = protocolBytes(protocol)
  return new Writer(headerLength + 4 + name.length)
    .u8(protocolVersion)
    .u8(Kind.request)
    .u8(0)
    .u8(name.length)
    .u32(id)
    .bytes(name)
    .done()
}

/** Header and id of a RESPONSE; the body follows. */
export const responseHead = (id: number): Uint8Array => begin(Kind.response, 8).u32(id).done()

export const encodeCancel = (id: number): Uint8Array => begin(Kind.cancel, 8).u32(id).done()

/** Why a request failed at the other end. */
export interface Rejection {
  readonly id: number
  readonly code: string
  readonly message: string
}

export const encodeReject = ({ id, code, message }: Rejection): Uint8Array =>
  begin(Kind.reject, 128).u32(id).text8(shorten(code)).text8(shorten(message)).done()

/** @throws `P2P_MALFORMED` */
export const decodeReject = (bytes: Uint8Array, start: number, end: number): Rejection => {
  const reader = new Reader(bytes, start + headerLength, end)
  const rejection = { id: reader.u32(), code: reader.text8(), message: reader.text8() }
  reader.end()
  return rejection
}

/** A message with a name and a body, taken apart. `body` is a view. */
export interface Named {
  readonly protocol: string
  readonly body: Uint8Array
}

/** Reads name and body from a reader that stands before the name. @throws `P2P_MALFORMED` */
export const readNamed = (reader: Reader, nameLength: number): Named => {
  if (nameLength === 0) throw malformed('a message without a protocol')
  return { protocol: reader.text(nameLength), body: reader.rest() }
}

// 80 characters are at most 240 bytes of UTF-8; a longer text of an error is cut with a sign that it was.
const shorten = (text: string): string => {
  const characters = Array.from(text.toWellFormed())
  if (utf8.encode(text).length <= 255) return text.toWellFormed()
  let cut = characters.slice(0, 250).join('')
  while (utf8.encode(cut).length > 252) cut = cut.slice(0, -8).toWellFormed()
  return `${cut}…`
}
