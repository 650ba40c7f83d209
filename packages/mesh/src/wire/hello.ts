import type { Address } from '@p2p/interfaces'
import { sha256 } from '@noble/hashes/sha2.js'
import { lengthPrefixed } from '@p2p/framing'
import type { Proof } from '../core/streams.ts'
import { readAddresses, writeAddresses } from './contact.ts'
import { headerLength, Kind, protocolVersion, type ReasonCode } from './header.ts'
import { malformed } from './malformed.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

/** The first message of each end. PROTOCOL.md, "Hello". */
export interface Hello {
  readonly oldest: number
  readonly newest: number
  /** 32 bytes: {@link networkTag} of the network's name. */
  readonly network: Uint8Array
  /** 32 bytes, Ed25519. */
  readonly publicKey: Uint8Array
  /** 8 bytes, random, the same for the life of a process. */
  readonly incarnation: Uint8Array
  readonly serial: number
  /** 8 bytes: the link's name. */
  readonly nonce: Uint8Array
  /** The newest that the sender knows of the other's broadcasts: see PROTOCOL.md. */
  readonly epoch: number
  readonly sequence: number
  /** Whether origins sign what they broadcast. */
  readonly signed: boolean
  /** Where they do: that the other has said it. */
  readonly proof?: Proof | undefined
  readonly addresses: readonly Address[]
  /** Names of the links to this peer that the sender holds or is dialling; `undefined` while it does not know its peer. */
  readonly held: readonly Uint8Array[] | undefined
}

/** Most links to one peer that a HELLO names; a node that holds more of them is broken. */
export const maxHeld = 16

/** Stands for "the sender does not know its peer yet" in place of the number of links. */
const heldUnknown = 255

/** Set in the header's flags by a node whose network has origins sign. */
const signedFlag = 0x01
const noDigest = new Uint8Array(32)
const noSignature = new Uint8Array(64)

const utf8 = new TextEncoder()

/** What stands for the network's name on the wire. */
export const networkTag = (network: string): Uint8Array =>
  sha256(utf8.encode(`@p2p/mesh network\n${network}`))

export const encodeHello = (hello: Hello): Uint8Array => {
  const writer = begin(Kind.hello, 384, hello.signed ? signedFlag : 0)
    .u8(hello.oldest)
    .u8(hello.newest)
    .bytes(hello.network)
    .bytes(hello.publicKey)
    .bytes(hello.incarnation)
    .u32(hello.serial)
    .bytes(hello.nonce)
    .u48(hello.epoch)
    .u48(hello.sequence)
  if (hello.signed) {
    const { digest = noDigest, signature = noSignature } = hello.proof ?? {}
    writer.bytes(digest).bytes(signature)
  }
  writeAddresses(writer, hello.addresses)
  if (hello.held === undefined) return writer.u8(heldUnknown).done()
  const held = hello.held.slice(0, maxHeld)
  writer.u8(held.length)
  for (const nonce of held) writer.bytes(nonce)
  return writer.done()
}

/** @throws `P2P_MALFORMED` */
export const decodeHello = (bytes: Uint8Array, start: number, end: number): Hello => {
  const reader = new Reader(bytes, start + headerLength, end)
  const signed = ((bytes[start + 2] as number) & signedFlag) !== 0
  const hello = {
    signed,
    oldest: reader.u8(),
    newest: reader.u8(),
    network: reader.bytes(32),
    publicKey: reader.bytes(32),
    incarnation: reader.bytes(8),
    serial: reader.u32(),
    nonce: reader.bytes(8),
    epoch: reader.u48(),
    sequence: reader.u48(),
    proof: signed ? { digest: reader.bytes(32), signature: reader.bytes(64) } : undefined,
    addresses: readAddresses(reader),
    held: readHeld(reader),
  }
  if (hello.oldest > hello.newest) throw malformed('an empty range of versions')
  return hello
}

const readHeld = (reader: Reader): Uint8Array[] | undefined => {
  const count = reader.u8()
  if (count === heldUnknown) return undefined
  if (count > maxHeld) throw malformed(`a HELLO with ${count} links`)
  return Array.from({ length: count }, () => reader.bytes(8))
}

/** REFUSE and GOODBYE. */
export interface Farewell {
  readonly reason: ReasonCode
  readonly text: string
}

export const encodeFarewell = (
  kind: typeof Kind.refuse | typeof Kind.goodbye,
  farewell: Farewell,
): Uint8Array => begin(kind).u8(farewell.reason).text8(farewell.text).done()

/** REFUSE as all that is written to a connection which does not become a link. */
export const refusalFrame = (farewell: Farewell): Uint8Array => {
  const message = encodeFarewell(Kind.refuse, farewell)
  const framing = lengthPrefixed()
  const frame = new Uint8Array(framing.frameLength(message.length))
  framing.encode(message, frame, 0)
  return frame
}

/** @throws `P2P_MALFORMED` */
export const decodeFarewell = (bytes: Uint8Array, start: number, end: number): Farewell => {
  const reader = new Reader(bytes, start + headerLength, end)
  const farewell = { reason: reader.u8(), text: reader.text8() }
  reader.end()
  return farewell
}

/** A writer that has written the header of a message without a name. */
export const begin = (kind: number, capacity = 64, flags = 0): Writer =>
  new Writer(capacity).u8(protocolVersion).u8(kind).u8(flags).u8(0)
