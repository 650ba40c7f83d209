import type { Clock } from '@p2p/interfaces'
import { MeshError } from './errors.ts'
import type { Handlers } from './handlers.ts'
import type { MeshLimits } from './limits.ts'
import { Inbox } from './inbox.ts'
import { createMessage, type Message, type MessageParts } from './message.ts'

/** What delivery needs of its node. */
export interface DeliverySettings {
  readonly clock: Clock
  readonly handlers: Handlers
  readonly limits: MeshLimits
  readonly onMessage: (message: Message) => void
  readonly onError: (error: MeshError) => void
}

/** Brings messages to the application: to the protocol's handler, else to the chain, else to whoever reads. */
export class Delivery {
  readonly inbox: Inbox<Message>
  readonly #settings: DeliverySettings

  constructor(settings: DeliverySettings) {
    this.#settings = settings
    const { inbox, inboxBytes } = settings.limits
    this.inbox = new Inbox(inbox, inboxBytes, settings.clock)
  }

  /** A message that expects no answer. A handler that fails is an event, and nobody else's loss. */
  deliver(parts: MessageParts): void {
    const message = createMessage(parts)
    const { handlers } = this.#settings
    const handler = handlers.of(message.protocol)
    if (handler !== undefined) this.#run(message, handler)
    else if (handlers.chained) this.#run(message, offered => this.#offer(offered, parts.size))
    else this.#leave(message, parts.size)
  }

  /** A request: what the handler answers. @throws `P2P_NO_HANDLER`, and what the handler throws */
  async answer(parts: Omit<MessageParts, 'reply'>): Promise<unknown> {
    let reply: { body: unknown } | undefined
    const message = createMessage({ ...parts, reply: async body => void (reply ??= { body }) })
    const handler = this.#settings.handlers.of(message.protocol)
    if (handler !== undefined) {
      const answer = await handler(message)
      return reply === undefined ? answer : reply.body
    }
    if (await this.#settings.handlers.offer(message)) return reply?.body
    throw new MeshError('P2P_NO_HANDLER', `nothing handles ${message.protocol} here`)
  }

  #run(message: Message, handler: (message: Message) => unknown): void {
    try {
      const result = handler(message)
      if (result instanceof Promise) result.catch((error: unknown) => this.#failed(message, error))
    } catch (error) {
      this.#failed(message, error)
    }
  }

  async #offer(message: Message, size: number): Promise<void> {
    if (!(await this.#settings.handlers.offer(message))) this.#leave(message, size)
  }

  #leave(message: Message, size: number): void {
    this.inbox.push(message, size)
    this.#settings.onMessage(message)
  }

  #failed(message: Message, cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause)
    this.#settings.onError(
      new MeshError('P2P_HANDLER_FAILED', `the handler of ${message.protocol} failed: ${why}`, { cause }),
    )
  }
}
