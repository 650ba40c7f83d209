import type { Address } from './address.ts'
import type { WaitOptions } from './wait-options.ts'

/** A node's name: unique, printable, compared as text. In `@p2p/mesh` it is base58 of SHA-384 of the node's public key. */
export type PeerId = string

/** A message's name, unique in the network. */
export type MessageId = string

/** A node and where it can be reached: enough to talk to one that we were never linked to. */
export interface Contact {
  readonly id: PeerId
  /** In order of preference; empty when none is known. */
  readonly addresses: readonly Address[]
}

/** A message as its handler sees it. */
export interface Incoming {
  /** How it came: to us alone, to us with an answer expected, or to everybody. */
  readonly kind: 'send' | 'request' | 'broadcast'
  /** Who made it (not who relayed it). `addresses` may be empty. */
  readonly from: Contact
  readonly protocol: string
  /** What the sender passed. It comes from a peer: validate it. */
  readonly body: unknown
  /** For a request: aborted when the requester gave up or went away. Otherwise never aborted. */
  readonly signal: AbortSignal
  /**
   * Milliseconds for which the network held it on its way, as far as it knows: those who relay a broadcast may keep it for a while for somebody who
   * was away. Absent where that is not known or never happens. What is in the body was true so long ago.
   */
  readonly age?: number
}

/**
 * Handles the messages of one protocol. What it returns (or resolves to) answers a request; `undefined` answers with `null`. What it throws
 * rejects the request at the other end with `P2P_REQUEST_FAILED`; of the error only its code and its message travel: the
 * message is the rejection's too, and the `cause` of that is a `P2PError` with both.
 */
export type Handler = (message: Incoming) => unknown

/** To one: what `@p2p/chord` needs of a network. Contract suite: `messengerContract`. */
export interface Messenger {
  /** This node. */
  readonly self: Contact

  /**
   * Asks a node and waits for its answer. Default deadline 10 000 ms. Aborting also tells the other node, whose handler sees its `signal` aborted.
   *
   * @throws rejects with `TypeError` for a body that cannot be encoded, and with `P2P_PEER_UNREACHABLE`, `P2P_NO_HANDLER`, `P2P_REQUEST_FAILED`, `P2P_TIMEOUT`, `P2P_ABORTED`, …
   */
  request(to: Contact | PeerId, protocol: string, body: unknown, options?: WaitOptions): Promise<unknown>

  /**
   * Sends without an answer. Resolves when the message is on its way, which is slower while that peer's queue is above its mark: await it to feel
   * the back-pressure. A rejection that nobody awaits does not end the process; the implementation reports it as an event instead.
   *
   * @throws `TypeError` at once for a body that cannot be encoded; rejects with `P2P_PEER_UNREACHABLE`, `P2P_ABORTED`, …
   */
  send(to: Contact | PeerId, protocol: string, body: unknown, options?: WaitOptions): Promise<MessageId>

  /** Takes the messages of a protocol. @throws `P2P_PROTOCOL_TAKEN` if it has a handler already */
  handle(protocol: string, handler: Handler): Disposable
}
