import type { Address, Contact, Listener, PeerId } from '@p2p/interfaces'
import { checkAddresses } from './wire/contact.ts'

/** What an {@link Announcer} is given. */
export interface AnnounceContext {
  /** Where the node listens. */
  readonly listeners: readonly Pick<Listener, 'address' | 'reachable'>[]
  /** Says where others can reach the node, best first, in place of what was said before. Those who are linked are told at once. */
  readonly announce: (addresses: readonly Address[]) => void
  /** Aborted when the node closes, which waits for the announcer to end. */
  readonly signal: AbortSignal
}

/**
 * Finds out where others can reach a node, and goes on doing so until the signal is aborted. `autoAnnounce()` of `@p2p/network/announce` is one. Until it
 * first announces something, and if it rejects before that, the node announces where it listens; a rejection is an event `error`.
 */
export type Announcer = (context: AnnounceContext) => Promise<void>

/** What {@link Announcing} needs of its node. */
export interface AnnouncingSettings {
  readonly id: PeerId
  /** Addresses, or what finds them; without either the node announces where it listens. */
  readonly announce: readonly Address[] | Announcer | undefined
  /** The addresses are others than before. */
  readonly changed: () => void
  readonly failed: (error: unknown) => void
}

/** This node as others are to know it. */
export class Announcing {
  readonly #settings: AnnouncingSettings
  readonly #listeners: Listener[] = []
  readonly #controller = new AbortController()
  #self: Contact
  #ended: Promise<void> | undefined

  constructor(settings: AnnouncingSettings) {
    const { id, announce } = settings
    this.#settings = settings
    this.#self = { id, addresses: typeof announce === 'object' ? announce : [] }
  }

  get self(): Contact {
    return this.#self
  }

  /** The node listens here too. */
  add(listener: Listener): void {
    this.#listeners.push(listener)
    if (typeof this.#settings.announce === 'object') return
    this.#self = { id: this.#self.id, addresses: [...this.#self.addresses, ...listener.reachable] }
  }

  /** Begins to find out where the node can be reached, once it listens wherever it is to listen. */
  start(): void {
    const { announce, failed } = this.#settings
    if (typeof announce !== 'function') return
    const { signal } = this.#controller
    const context = {
      listeners: this.#listeners,
      announce: (addresses: readonly Address[]) => this.#announce(addresses),
      signal,
    }
    this.#ended = Promise.resolve()
      .then(() => announce(context))
      .catch((error: unknown) => {
        if (!signal.aborted) failed(error)
      })
  }

  /** Listens and looks no more. */
  async close(): Promise<void> {
    this.#controller.abort()
    await Promise.all([this.#ended, ...this.#listeners.map(listener => listener.close())])
  }

  /** @throws `P2P_BAD_ADDRESS` */
  #announce(addresses: readonly Address[]): void {
    checkAddresses(addresses)
    const before = this.#self.addresses
    const isSame =
      addresses.length === before.length && addresses.every((each, place) => each === before[place])
    if (isSame || this.#controller.signal.aborted) return
    this.#self = { id: this.#self.id, addresses: [...addresses] }
    this.#settings.changed()
  }
}
