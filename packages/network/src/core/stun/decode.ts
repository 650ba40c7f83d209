import { crc32 } from 'node:zlib'
import { NetworkError } from '../../errors.ts'
import { type Endpoint } from '../endpoint.ts'
import { fromBytes } from '../ip.ts'
import {
  attributeTypes as types,
  headerLength,
  magicCookie,
  type StunAttributes,
  type StunKind,
  stunLimits,
  type StunMessage,
} from './message.ts'

const kinds: readonly StunKind[] = ['request', 'indication', 'success', 'error']

const bad = (reason: string) => new NetworkError('P2P_PROTOCOL_ERROR', `not a message of STUN: ${reason}`)

/** What FINGERPRINT is combined with, "STUN" in ASCII (RFC 8489, 14.7). */
export const fingerprintMask = 0x5354554e

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Bytes that each text may have, by RFC 8489, 14.3 to 14.14. */
const longestText = 763

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * Reads one message of STUN: RFC 8489, and RFC 3489, whose messages lack the magic cookie. A FINGERPRINT must be the last attribute and right.
 * MESSAGE-INTEGRITY is not checked, see {@link verifyIntegrity}; what follows it is ignored, as the RFC wants. Of an attribute that comes twice
 * the first counts.
 *
 * @throws NetworkError `P2P_PROTOCOL_ERROR` for anything else
 */
export const decodeStun = (bytes: Uint8Array): StunMessage => {
  if (bytes.length < headerLength) throw bad('shorter than its header')
  if (bytes.length > stunLimits.maxMessage) throw bad(`longer than ${stunLimits.maxMessage} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const type = view.getUint16(0)
  if (type > 0x3fff) throw bad('its first two bits are not 0')
  const length = view.getUint16(2)
  if (length % 4 !== 0 || length !== bytes.length - headerLength) throw bad('its length is wrong')
  const isClassic = view.getUint32(4) !== magicCookie
  const transaction = bytes.slice(isClassic ? 4 : 8, headerLength)
  const attributes: Writable<StunAttributes> = {}
  const unknown: number[] = []
  const seen = new Set<number>()
  let isSealed = false
  let count = 0
  for (let offset = headerLength; offset < bytes.length;) {
    if (seen.has(types.fingerprint)) throw bad('something follows its fingerprint')
    if (++count > stunLimits.maxAttributes) throw bad(`more than ${stunLimits.maxAttributes} attributes`)
    const attribute = view.getUint16(offset)
    const size = view.getUint16(offset + 2)
    const begin = offset + 4
    offset = begin + Math.ceil(size / 4) * 4
    if (offset > bytes.length) throw bad('an attribute is longer than the message')
    const value = bytes.subarray(begin, begin + size)
    if (attribute === types.fingerprint) {
      seen.add(attribute)
      checkFingerprint(bytes, begin, value)
    } else if (!isSealed && !seen.has(attribute)) {
      seen.add(attribute)
      const isIntegrity = attribute === types.messageIntegrity || attribute === types.messageIntegritySha256
      if (isIntegrity) isSealed = true
      else if (!read(attributes, attribute, value, bytes) && attribute < 0x8000) unknown.push(attribute)
    }
  }
  const kind = kinds[((type >> 7) & 2) | ((type >> 4) & 1)] as StunKind
  const method = (type & 0xf) | ((type >> 1) & 0x70) | ((type >> 2) & 0xf80)
  return { kind, method, transaction, attributes, unknown }
}

const checkFingerprint = (bytes: Uint8Array, begin: number, value: Uint8Array) => {
  const expected = (crc32(bytes.subarray(0, begin - 4)) ^ fingerprintMask) >>> 0
  if (value.length !== 4 || uint32(value) !== expected) throw bad('its fingerprint is wrong')
}

const uint32 = (value: Uint8Array) => new DataView(value.buffer, value.byteOffset, 4).getUint32(0)

const sized = (value: Uint8Array, size: number) => {
  if (value.length !== size) throw bad(`an attribute has ${value.length} bytes instead of ${size}`)
  return new DataView(value.buffer, value.byteOffset, size)
}

const text = (value: Uint8Array) => {
  if (value.length > longestText) throw bad('a text is too long')
  try {
    return utf8.decode(value)
  } catch {
    throw bad('a text is not UTF-8')
  }
}

/** An address of 4 or 16 bytes. Of an XOR address, `mask` is what it is combined with: the cookie and the transaction (RFC 8489, 14.2). */
const endpoint = (value: Uint8Array, mask?: Uint8Array): Endpoint => {
  const family = value[1] === 1 ? 4 : value[1] === 2 ? 6 : undefined
  if (family === undefined) throw bad('an address is neither IPv4 nor IPv6')
  const view = sized(value, family === 4 ? 8 : 20)
  const address = [...value.subarray(4)].map((byte, index) => byte ^ (mask?.[index] ?? 0))
  const port = view.getUint16(2) ^ (mask === undefined ? 0 : magicCookie >>> 16)
  return { address: fromBytes(address), family, port }
}

/** Takes one attribute. Answers whether it is known. */
const read = (into: Writable<StunAttributes>, type: number, value: Uint8Array, message: Uint8Array) => {
  switch (type) {
    case types.mappedAddress:
      into.mappedAddress = endpoint(value)
      return true
    case types.xorMappedAddress:
      into.xorMappedAddress = endpoint(value, message.subarray(4, headerLength))
      return true
    case types.responseOrigin:
      into.responseOrigin = endpoint(value)
      return true
    case types.sourceAddress:
      into.sourceAddress = endpoint(value)
      return true
    case types.otherAddress:
      into.otherAddress = endpoint(value)
      return true
    case types.changedAddress:
      into.changedAddress = endpoint(value)
      return true
    case types.changeRequest: {
      const flags = sized(value, 4).getUint32(0)
      into.changeRequest = { address: (flags & 4) !== 0, port: (flags & 2) !== 0 }
      return true
    }
    case types.responsePort:
      if (value.length < 2) throw bad('a port is missing')
      into.responsePort = sized(value.subarray(0, 2), 2).getUint16(0)
      return true
    case types.errorCode:
      into.errorCode = errorCode(value)
      return true
    case types.unknownAttributes:
      if (value.length % 2 !== 0) throw bad('a list of attributes is cut off')
      into.unknownAttributes = Array.from(
        { length: value.length / 2 },
        (_, index) => ((value[index * 2] ?? 0) << 8) | (value[index * 2 + 1] ?? 0),
      )
      return true
    case types.username:
      into.username = text(value)
      return true
    case types.nonce:
      into.nonce = text(value)
      return true
    case types.realm:
      into.realm = text(value)
      return true
    case types.software:
      into.software = text(value)
      return true
    case types.priority:
      into.priority = sized(value, 4).getUint32(0)
      return true
    case types.useCandidate:
      sized(value, 0)
      into.useCandidate = true
      return true
    case types.iceControlling:
      into.iceControlling = sized(value, 8).getBigUint64(0)
      return true
    case types.iceControlled:
      into.iceControlled = sized(value, 8).getBigUint64(0)
      return true
    default:
      return false
  }
}

/** RFC 8489, 14.8: the hundreds, 3 to 6, and the rest, 0 to 99. */
const errorCode = (value: Uint8Array) => {
  const hundreds = (value[2] ?? 0) & 7
  const rest = value[3] ?? 100
  if (value.length < 4 || hundreds < 3 || hundreds > 6 || rest > 99) throw bad('its error has no code')
  return { code: hundreds * 100 + rest, reason: text(value.subarray(4)) }
}
