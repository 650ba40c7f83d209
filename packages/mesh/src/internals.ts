/**
 * The parts of a mesh, for the simulator, which plants bugs in them to see whether its checks catch them. Not published: this entry exists in the workspace only.
 *
 * @packageDocumentation
 */
export { Book } from './core/book.ts'
export { Component } from './core/component.ts'
export { Membership } from './core/membership.ts'
export { Plumtree } from './core/plumtree.ts'
export { SequenceWindow } from './core/sequence-window.ts'
export { Broadcasts } from './broadcasts.ts'
export { Link } from './link/link.ts'
export { Peer } from './link/peer.ts'
export { Requests } from './requests.ts'
export {
  ageOf,
  checkBroadcast,
  encodeBroadcast,
  epochOf,
  nameOffset,
  originOffset,
  sequenceOf,
  setAge,
} from './wire/broadcast.ts'
export { isAddress } from './wire/contact.ts'
export { decodeReject, encodeReject, type Rejection } from './wire/direct.ts'
export { headerLength, Kind } from './wire/header.ts'
export {
  decodeFarewell,
  decodeHello,
  encodeFarewell,
  encodeHello,
  type Farewell,
  type Hello,
  networkTag,
} from './wire/hello.ts'
export { idFromBytes } from './wire/ids.ts'
export {
  decodeMembership,
  decodeProbe,
  encodeMembership,
  encodeProbe,
  type MembershipMessage,
  type Probe,
} from './wire/membership.ts'
export {
  decodeSigned,
  readEntries,
  signedHeadLength,
  writeEntry,
  writeSignature,
  writeSignedHead,
} from './wire/signed.ts'
export { decodeTree, encodeTree } from './wire/tree.ts'
