import type { Contact, Incoming, MessageId } from '@p2p/interfaces'

/** A message as the application sees it. */
export interface Message extends Incoming {
  /** Unique in the network for a broadcast; for a message to us alone, unique at this node. */
  readonly id: MessageId
  /** When it was made, in milliseconds of our wall clock: when it came, less the time that it was held on its way. */
  readonly time: number
  /**
   * Answers the sender, wherever in the network it is: a request with its answer, a send or a broadcast with a send of the same protocol.
   * A request is answered once; it is answered by what its handler returns if this is not called.
   */
  reply(body: unknown): Promise<void>
}

/** What a message is made of. */
export interface MessageParts {
  readonly id: MessageId
  readonly kind: Incoming['kind']
  readonly from: Contact
  readonly protocol: string
  readonly body: unknown
  /** Bytes of the body as it came. */
  readonly size: number
  readonly time: number
  /** Milliseconds for which it was held on its way: of a broadcast. */
  readonly age?: number
  readonly reply: (body: unknown) => Promise<void>
  /** For a request: gives the signal that tells that its answer is not wanted any more. Made on demand, for most handlers do not look. */
  readonly signal?: () => AbortSignal
}

const never = new AbortController().signal

/** A message of these parts. */
export const createMessage = (parts: MessageParts): Message => new IncomingMessage(parts)

// A class, for an object with an accessor of its own costs ten times as much
class IncomingMessage implements Message {
  readonly id: MessageId
  readonly kind: Incoming['kind']
  readonly from: Contact
  readonly protocol: string
  readonly body: unknown
  readonly time: number
  declare readonly age?: number
  readonly reply: (body: unknown) => Promise<void>
  readonly #signal: (() => AbortSignal) | undefined

  constructor({ id, kind, from, protocol, body, time, age, reply, signal }: MessageParts) {
    this.id = id
    this.kind = kind
    this.from = from
    this.protocol = protocol
    this.body = body
    this.time = time
    if (age !== undefined) this.age = age
    this.reply = reply
    this.#signal = signal
  }

  get signal(): AbortSignal {
    return this.#signal?.() ?? never
  }
}
