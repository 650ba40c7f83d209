/**
 * The contracts between the `@p2p` packages: types, and the error base. Depends on nothing.
 *
 * @packageDocumentation
 */
export type { Address } from './address.ts'
export type { Clock } from './clock.ts'
export type { Codec } from './codec.ts'
export type { CloseInfo, Connection } from './connection.ts'
export { type ErrorOptions, P2PError, WaitError, type WaitErrorCode } from './errors.ts'
export type { FrameDecoder, FrameListener, Framing } from './framing.ts'
export type { Group, PeerChange } from './group.ts'
export type { Contact, Handler, Incoming, MessageId, Messenger, PeerId } from './messenger.ts'
export type { Random } from './random.ts'
export type { CloseReason, Listener, Transport } from './transport.ts'
export type { WaitOptions } from './wait-options.ts'
