import type { Contact } from '@p2p/interfaces'
import type { Belonging } from '../core/component.ts'
import { readContact, readContacts, writeContact, writeContacts } from './contact.ts'
import { headerLength, Kind } from './header.ts'
import { begin } from './hello.ts'
import { idFromBytes, idLength, idToBytes } from './ids.ts'
import { malformed } from './malformed.ts'
import { Reader } from './reader.ts'

/** Which part of the network the sender belongs to, and whether it asks the same of the other. PROTOCOL.md, "Membership". */
export interface Probe {
  readonly asks: boolean
  readonly belonging: Belonging | undefined
}

const unknownRoot = new Uint8Array(idLength)

export const encodeProbe = ({ asks, belonging }: Probe): Uint8Array =>
  begin(Kind.probe, 64)
    .u8(asks ? 1 : 0)
    .bytes(belonging === undefined ? unknownRoot : idToBytes(belonging.root))
    .u48(belonging?.pulse ?? 0)
    .done()

/** @throws `P2P_MALFORMED` */
export const decodeProbe = (bytes: Uint8Array, start: number, end: number): Probe => {
  const reader = new Reader(bytes, start + headerLength, end)
  const asks = readBoolean(reader)
  const root = reader.bytes(idLength)
  const pulse = reader.u48()
  reader.end()
  return { asks, belonging: root.every(byte => byte === 0) ? undefined : { root: idFromBytes(root), pulse } }
}

/** What nodes say to each other about who is whose neighbour. PROTOCOL.md, "Membership". */
export type MembershipMessage =
  | { readonly type: 'join' }
  | { readonly type: 'forwardJoin'; readonly hops: number; readonly contact: Contact }
  | { readonly type: 'neighbour'; readonly urgent: boolean }
  | { readonly type: 'neighbourReply'; readonly accepted: boolean; readonly contacts: readonly Contact[] }
  | { readonly type: 'unneighbour'; readonly contacts: readonly Contact[] }
  | { readonly type: 'shuffle'; readonly hops: number; readonly contacts: readonly Contact[] }

export const encodeMembership = (message: MembershipMessage): Uint8Array => {
  switch (message.type) {
    case 'join':
      return begin(Kind.join, 4).done()
    case 'forwardJoin': {
      const writer = begin(Kind.forwardJoin, 128).u8(message.hops)
      writeContact(writer, message.contact)
      return writer.done()
    }
    case 'neighbour':
      return begin(Kind.neighbour, 5)
        .u8(message.urgent ? 1 : 0)
        .done()
    case 'neighbourReply': {
      const writer = begin(Kind.neighbourReply, 512).u8(message.accepted ? 1 : 0)
      writeContacts(writer, message.contacts)
      return writer.done()
    }
    case 'unneighbour': {
      const writer = begin(Kind.unneighbour, 512)
      writeContacts(writer, message.contacts)
      return writer.done()
    }
    case 'shuffle': {
      const writer = begin(Kind.shuffle, 1024).u8(message.hops)
      writeContacts(writer, message.contacts)
      return writer.done()
    }
  }
}

/** @returns the message, or `undefined` if the kind is none of membership's. @throws `P2P_MALFORMED` */
export const decodeMembership = (
  bytes: Uint8Array,
  start: number,
  end: number,
): MembershipMessage | undefined => {
  const kind = bytes[start + 1] as number
  if (kind < Kind.join || kind > Kind.shuffle) return undefined
  const reader = new Reader(bytes, start + headerLength, end)
  const message = read(kind, reader)
  if (message !== undefined) reader.end()
  return message
}

const read = (kind: number, reader: Reader): MembershipMessage | undefined => {
  switch (kind) {
    case Kind.join:
      return { type: 'join' }
    case Kind.forwardJoin:
      return { type: 'forwardJoin', hops: reader.u8(), contact: readContact(reader) }
    case Kind.neighbour:
      return { type: 'neighbour', urgent: readBoolean(reader) }
    case Kind.neighbourReply:
      return { type: 'neighbourReply', accepted: readBoolean(reader), contacts: readContacts(reader) }
    case Kind.unneighbour:
      return { type: 'unneighbour', contacts: readContacts(reader) }
    case Kind.shuffle:
      return { type: 'shuffle', hops: reader.u8(), contacts: readContacts(reader) }
    default:
      return undefined
  }
}

const readBoolean = (reader: Reader): boolean => {
  const value = reader.u8()
  if (value > 1) throw malformed(`${value} where 0 or 1 belongs`)
  return value === 1
}
