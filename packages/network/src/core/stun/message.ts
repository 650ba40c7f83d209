import type { Endpoint } from '../endpoint.ts'

/** What a message of STUN is (RFC 8489 calls it the class). */
export type StunKind = 'request' | 'indication' | 'success' | 'error'

/** RFC 8489, section 5. */
export const magicCookie = 0x2112a442

/** The method Binding, the only one of STUN itself. */
export const binding = 0x001

/** Bytes of a message's header. */
export const headerLength = 20

/** Limits on what is decoded. */
export const stunLimits = {
  /** Bytes of a message. RFC 8489 (6.1) keeps those over UDP below the path's MTU; this leaves room for long-term credentials. */
  maxMessage: 2_048,
  /** Attributes of a message. A message has about ten of the known ones. */
  maxAttributes: 64,
} as const

/** Numbers of attributes (RFC 8489, 5780, 8445; those of RFC 3489 that servers still send). */
export const attributeTypes = {
  mappedAddress: 0x0001,
  changeRequest: 0x0003,
  sourceAddress: 0x0004,
  changedAddress: 0x0005,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  realm: 0x0014,
  nonce: 0x0015,
  messageIntegritySha256: 0x001c,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  responsePort: 0x0027,
  software: 0x8022,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
  responseOrigin: 0x802b,
  otherAddress: 0x802c,
} as const

/** The attributes that we know, decoded. */
export interface StunAttributes {
  readonly username?: string
  readonly nonce?: string
  readonly realm?: string
  readonly software?: string
  readonly mappedAddress?: Endpoint
  readonly xorMappedAddress?: Endpoint
  /** Where the answer came from, as the server says (RFC 5780; RFC 3489: SOURCE-ADDRESS). */
  readonly responseOrigin?: Endpoint
  readonly sourceAddress?: Endpoint
  /** The server's other address and other port (RFC 5780; RFC 3489: CHANGED-ADDRESS). */
  readonly otherAddress?: Endpoint
  readonly changedAddress?: Endpoint
  /** Asks to be answered from the server's other address, other port, or both (RFC 5780). */
  readonly changeRequest?: { readonly address: boolean; readonly port: boolean }
  /** Asks for the answer at another port of ours (RFC 5780). */
  readonly responsePort?: number
  readonly errorCode?: { readonly code: number; readonly reason: string }
  readonly unknownAttributes?: readonly number[]
  readonly priority?: number
  readonly useCandidate?: boolean
  /** The tie-breaker of the agent that decides (RFC 8445). */
  readonly iceControlling?: bigint
  readonly iceControlled?: bigint
}

/** A message of STUN. */
export interface StunMessage {
  readonly kind: StunKind
  /** {@link binding}, or another of the 4096. */
  readonly method: number
  /** 12 bytes; 16 in a message of RFC 3489, which has no magic cookie. */
  readonly transaction: Uint8Array
  readonly attributes: StunAttributes
  /** Attributes that we do not know and that must be understood (0x0000 … 0x7fff). Only a decoded message has any. */
  readonly unknown: readonly number[]
}
