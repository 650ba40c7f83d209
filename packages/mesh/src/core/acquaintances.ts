import type { Address, Contact, PeerId } from '@p2p/interfaces'

/** What became of the last attempt to dial an address. */
export interface DialAttempt {
  readonly address: Address
  /** When it ended, in milliseconds of the wall clock. */
  readonly at: number
  /** Why it failed; absent if somebody answered. */
  readonly error?: Error
}

/** How the last link to a node ended. */
export interface Parting {
  /** As it was known then. */
  readonly contact: Contact
  /** When it ended, and when the node was last heard before that, in milliseconds of the wall clock. */
  readonly at: number
  readonly lastSeen: number
  /** The node said that it leaves the network. */
  readonly leaving: boolean
  /** Absent after an orderly end. */
  readonly error?: Error
}

/** What there was with others lately, so that it can be said why one is not here. Pure. */
export class Acquaintances {
  readonly #limit: number
  readonly #attempts = new Map<Address, DialAttempt>()
  readonly #partings = new Map<PeerId, Parting>()

  /** @param limit most addresses, and most nodes, that are remembered; those of longest ago give way */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** An attempt to dial has ended. */
  dialled(attempt: DialAttempt): void {
    this.#remember(this.#attempts, attempt.address, attempt)
  }

  /** The last link to a node has ended. */
  parted(parting: Parting): void {
    this.#remember(this.#partings, parting.contact.id, parting)
  }

  attempt(address: Address): DialAttempt | undefined {
    return this.#attempts.get(address)
  }

  parting(id: PeerId): Parting | undefined {
    return this.#partings.get(id)
  }

  #remember<K, V>(map: Map<K, V>, key: K, value: V): void {
    map.delete(key)
    map.set(key, value)
    if (map.size <= this.#limit) return
    const [oldest] = map.keys()
    if (oldest !== undefined) map.delete(oldest)
  }
}
