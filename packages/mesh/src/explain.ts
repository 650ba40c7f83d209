import type { Address, Clock, Contact, PeerId } from '@p2p/interfaces'
import { Acquaintances, type DialAttempt, type Parting } from './core/acquaintances.ts'
import { MeshError } from './errors.ts'
import type { LinkEnd } from './link/link.ts'
import type { Peer } from './link/peer.ts'

/**
 * How a node stands to this one.
 *
 * - `self`: it is this node.
 * - `linked`: there is a link.
 * - `unknown`: never heard of. The network may know it: see `find`.
 * - `no-address`: heard of, but not where it can be reached; it may only dial.
 * - `untried`: known, and not dialled yet.
 * - `failed`: the last dial failed; `error` says why, by its code: `P2P_CONNECTION_REFUSED`, `P2P_WRONG_NETWORK`, `P2P_LIMIT_REACHED`, `P2P_NOT_ADMITTED`, …
 * - `silent`: its link was given up, because nothing was heard since `lastSeen`.
 * - `lost`: its link broke; `error` says how.
 * - `left`: it said that it leaves the network.
 * - `parted`: its link ended in order, for want of use or because one side wished so; it is made again when it is needed.
 */
export type Standing =
  'self' | 'linked' | 'unknown' | 'no-address' | 'untried' | 'failed' | 'silent' | 'lost' | 'left' | 'parted'

/** Why a node is here, or not. Nobody is asked for it: it is what this node has seen itself. */
export interface Explanation {
  readonly standing: Standing
  /** The same in a sentence, for people. */
  readonly text: string
  /** Why the last dial or the last link failed. Decide on its `code`. */
  readonly error?: Error
  /** When something was last heard of it, in milliseconds of the wall clock; absent if nothing ever was, or too long ago to be remembered. */
  readonly lastSeen?: number
  /** What became of the last dial of each of its addresses, as far as they were dialled. */
  readonly attempts: readonly DialAttempt[]
}

/** What an {@link Explainer} looks at. */
export interface ExplainerSettings {
  readonly self: () => Contact
  readonly clock: Clock
  /** Most addresses, and most nodes, that are remembered. */
  readonly limit: number
  /** Those who are linked. */
  readonly peers: ReadonlyMap<PeerId, Peer>
  /** Where a node was last known to be. */
  readonly contactOf: (id: PeerId) => Contact | undefined
}

/** Remembers what there was with others, and says why they are here or not. */
export class Explainer {
  readonly #settings: ExplainerSettings
  readonly #acquaintances: Acquaintances

  constructor(settings: ExplainerSettings) {
    this.#settings = settings
    this.#acquaintances = new Acquaintances(settings.limit)
  }

  /** A dial has ended: in a link, or with this error. */
  dialled(address: Address, error: Error | undefined): void {
    this.#acquaintances.dialled({ address, at: this.#settings.clock.now(), ...(error && { error }) })
  }

  /** The last link to a peer has ended. */
  parted({ contact, link }: Peer, { leaving, error }: LinkEnd): void {
    const at = this.#settings.clock.now()
    const lastSeen = this.#wall(link.lastReceived)
    this.#acquaintances.parted({ contact, at, lastSeen, leaving, ...(error && { error }) })
  }

  /** @param peer a node, or an address */
  explain(peer: Contact | PeerId): Explanation {
    if (typeof peer === 'object') return this.#node(peer.id, peer.addresses)
    return isAddress(peer) ? this.#address(peer) : this.#node(peer, [])
  }

  #address(address: Address): Explanation {
    const { self, peers, clock } = this.#settings
    if (self().addresses.includes(address)) return this.#node(self().id, [])
    for (const { contact, link } of peers.values()) {
      const isThere = contact.addresses.includes(address) || link.connection.remote === address
      if (isThere) return this.#node(contact.id, [address])
    }
    const attempt = this.#acquaintances.attempt(address)
    if (attempt === undefined) {
      return { standing: 'untried', text: `${address} was not dialled`, attempts: [] }
    }
    const now = clock.now()
    if (attempt.error !== undefined) return failed(attempt, undefined, [attempt], now)
    const text = `who answered at ${address} ${ago(now, attempt.at)} is not linked any more`
    return { standing: 'parted', text, lastSeen: attempt.at, attempts: [attempt] }
  }

  #node(id: PeerId, given: readonly Address[]): Explanation {
    const { self, peers, contactOf, clock } = this.#settings
    if (id === self().id) return { standing: 'self', text: 'it is this node', attempts: [] }
    const now = clock.now()
    const peer = peers.get(id)
    const parting = this.#acquaintances.parting(id)
    const known = peer?.contact ?? contactOf(id) ?? parting?.contact
    const addresses = new Set([...given, ...(known?.addresses ?? [])])
    const attempts = Array.from(addresses).flatMap(address => this.#acquaintances.attempt(address) ?? [])
    if (peer !== undefined) {
      const lastSeen = this.#wall(peer.link.lastReceived)
      return {
        standing: 'linked',
        text: `it is linked, and was heard ${ago(now, lastSeen)}`,
        lastSeen,
        attempts,
      }
    }
    const failure = latestFailure(attempts)
    if (failure !== undefined && failure.at >= (parting?.at ?? -Infinity)) {
      return failed(failure, parting, attempts, now)
    }
    if (parting !== undefined) return { ...ofParting(parting, now), lastSeen: parting.lastSeen, attempts }
    if (addresses.size > 0) return { standing: 'untried', text: 'it is known, and was not dialled', attempts }
    return known === undefined
      ? { standing: 'unknown', text: 'this node has never heard of it', attempts }
      : { standing: 'no-address', text: 'no address of it is known', attempts }
  }

  /** Monotonic milliseconds in those of the wall clock. */
  #wall(monotonic: number): number {
    const { clock } = this.#settings
    return clock.now() - (clock.monotonic() - monotonic)
  }
}

const isAddress = (text: string): text is Address => text.includes('://')

const latestFailure = (attempts: readonly DialAttempt[]): DialAttempt | undefined =>
  attempts
    .filter(({ error }) => error !== undefined)
    .reduce<DialAttempt | undefined>(
      (latest, each) => (latest === undefined || each.at > latest.at ? each : latest),
      undefined,
    )

const failed = (
  { address, at, error }: DialAttempt,
  parting: Parting | undefined,
  attempts: readonly DialAttempt[],
  now: number,
): Explanation => {
  const before = parting === undefined ? '' : `; it was heard ${ago(now, parting.lastSeen)}`
  return {
    standing: 'failed',
    text: `${address} could not be dialled ${ago(now, at)}: ${error?.message ?? ''}${before}`,
    attempts,
    ...(error === undefined ? {} : { error }),
    ...(parting === undefined ? {} : { lastSeen: parting.lastSeen }),
  }
}

const ofParting = (
  { at, lastSeen, leaving, error }: Parting,
  now: number,
): Pick<Explanation, 'standing' | 'text' | 'error'> => {
  if (leaving) return { standing: 'left', text: `it left the network ${ago(now, at)}` }
  if (error === undefined) return { standing: 'parted', text: `its link ended in order ${ago(now, at)}` }
  const isSilent = MeshError.is(error, 'P2P_PEER_SILENT')
  return isSilent
    ? { standing: 'silent', text: `nothing was heard of it since ${seconds(now - lastSeen)} s`, error }
    : { standing: 'lost', text: `its link broke ${ago(now, at)}: ${error.message}`, error }
}

const seconds = (milliseconds: number): string => (Math.max(milliseconds, 0) / 1000).toFixed(1)

const ago = (now: number, at: number): string => `${seconds(now - at)} s ago`
