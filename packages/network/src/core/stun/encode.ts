import { createHmac, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { type Endpoint } from '../endpoint.ts'
import { toBytes } from '../ip.ts'
import { fingerprintMask } from './decode.ts'
import {
  attributeTypes as types,
  binding,
  headerLength,
  magicCookie,
  type StunAttributes,
  type StunKind,
  stunLimits,
} from './message.ts'

const classes: Readonly<Record<StunKind, number>> = {
  request: 0,
  indication: 0x10,
  success: 0x100,
  error: 0x110,
}

/** What {@link encodeStun} writes. */
export interface StunDraft {
  readonly kind: StunKind
  /** Default {@link binding}. */
  readonly method?: number
  /** 12 bytes; 16 for a message of RFC 3489. */
  readonly transaction: Uint8Array
  readonly attributes?: StunAttributes
  /** Adds MESSAGE-INTEGRITY with this key: the password for short-term credentials, MD5 of `user:realm:password` for long-term ones. */
  readonly key?: Uint8Array
  /** Adds FINGERPRINT. Default `false`. */
  readonly fingerprint?: boolean
}

const utf8 = new TextEncoder()

const uint = (size: 2 | 4 | 8, value: number | bigint) => {
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  if (size === 2) view.setUint16(0, Number(value))
  else if (size === 4) view.setUint32(0, Number(value))
  else view.setBigUint64(0, BigInt(value))
  return bytes
}

/** @param mask what an XOR address is combined with */
const endpointBytes = ({ address, family, port }: Endpoint, mask?: Uint8Array) => {
  const masked = toBytes(address).map((byte, index) => byte ^ (mask?.[index] ?? 0))
  const bytes = Uint8Array.of(0, family === 4 ? 1 : 2, 0, 0, ...masked)
  new DataView(bytes.buffer).setUint16(2, port ^ (mask === undefined ? 0 : magicCookie >>> 16))
  return bytes
}

type Entry = readonly [type: number, value: Uint8Array]

const entries = (attributes: StunAttributes, mask: Uint8Array): Entry[] => {
  const list: Entry[] = []
  const add = <T>(type: number, value: T | undefined, write: (value: T) => Uint8Array) => {
    if (value !== undefined) list.push([type, write(value)])
  }
  const text = (value: string) => utf8.encode(value)
  const plain = (value: Endpoint) => endpointBytes(value)
  add(types.software, attributes.software, text)
  add(types.username, attributes.username, text)
  add(types.nonce, attributes.nonce, text)
  add(types.realm, attributes.realm, text)
  add(types.mappedAddress, attributes.mappedAddress, plain)
  add(types.xorMappedAddress, attributes.xorMappedAddress, value => endpointBytes(value, mask))
  add(types.sourceAddress, attributes.sourceAddress, plain)
  add(types.changedAddress, attributes.changedAddress, plain)
  add(types.responseOrigin, attributes.responseOrigin, plain)
  add(types.otherAddress, attributes.otherAddress, plain)
  add(types.changeRequest, attributes.changeRequest, ({ address, port }) =>
    uint(4, (address ? 4 : 0) | (port ? 2 : 0)),
  )
  add(types.responsePort, attributes.responsePort, port => Uint8Array.of(...uint(2, port), 0, 0))
  add(types.errorCode, attributes.errorCode, ({ code, reason }) =>
    Uint8Array.of(0, 0, Math.floor(code / 100), code % 100, ...text(reason)),
  )
  add(types.unknownAttributes, attributes.unknownAttributes, list =>
    Uint8Array.from(list.flatMap(type => [type >> 8, type & 255])),
  )
  add(types.priority, attributes.priority, value => uint(4, value))
  if (attributes.useCandidate === true) list.push([types.useCandidate, new Uint8Array(0)])
  add(types.iceControlling, attributes.iceControlling, value => uint(8, value))
  add(types.iceControlled, attributes.iceControlled, value => uint(8, value))
  return list
}

/**
 * Writes one message of STUN. Attributes come in a fixed order, padding is zero.
 *
 * @throws RangeError for a transaction of another length than 12 or 16 bytes, and for a message above `stunLimits.maxMessage`
 */
export const encodeStun = (draft: StunDraft): Uint8Array => {
  const { kind, method = binding, transaction, attributes = {}, key, fingerprint = false } = draft
  if (transaction.length !== 12 && transaction.length !== 16)
    throw new RangeError(`a transaction has 12 or 16 bytes, not ${transaction.length}`)
  const bytes = new Uint8Array(stunLimits.maxMessage)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, classes[kind] | (method & 0xf) | ((method & 0x70) << 1) | ((method & 0xf80) << 2))
  view.setUint32(4, magicCookie)
  bytes.set(transaction, headerLength - transaction.length)
  let end = headerLength
  const write = (type: number, value: Uint8Array) => {
    const next = end + 4 + Math.ceil(value.length / 4) * 4
    if (next > bytes.length) throw new RangeError(`a message has at most ${bytes.length} bytes`)
    view.setUint16(end, type)
    view.setUint16(end + 2, value.length)
    bytes.set(value, end + 4)
    end = next
    view.setUint16(2, end - headerLength)
  }
  for (const [type, value] of entries(attributes, bytes.slice(4, headerLength))) write(type, value)
  if (key !== undefined) {
    // The hash is over a message whose length counts the attribute already (RFC 8489, 14.5)
    const upTo = end
    write(types.messageIntegrity, new Uint8Array(20))
    bytes.set(hmac(key, bytes.subarray(0, upTo)), upTo + 4)
  }
  if (fingerprint) {
    const upTo = end
    write(types.fingerprint, new Uint8Array(4))
    view.setUint32(upTo + 4, (crc32(bytes.subarray(0, upTo)) ^ fingerprintMask) >>> 0)
  }
  return bytes.slice(0, end)
}

const hmac = (key: Uint8Array, bytes: Uint8Array) => createHmac('sha1', key).update(bytes).digest()

/**
 * Whether a message has a MESSAGE-INTEGRITY that was made with this key. Take only messages that {@link decodeStun} has taken.
 */
export const verifyIntegrity = (bytes: Uint8Array, key: Uint8Array): boolean => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let offset = headerLength; offset + 4 <= bytes.length;) {
    const size = view.getUint16(offset + 2)
    if (view.getUint16(offset) === types.messageIntegrity) {
      if (size !== 20 || offset + 24 > bytes.length) return false
      const covered = bytes.slice(0, offset)
      new DataView(covered.buffer).setUint16(2, offset + 24 - headerLength)
      return timingSafeEqual(hmac(key, covered), bytes.subarray(offset + 4, offset + 24))
    }
    offset += 4 + Math.ceil(size / 4) * 4
  }
  return false
}
