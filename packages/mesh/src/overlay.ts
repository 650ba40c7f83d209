import type { Address, Clock, Contact, PeerId, Random, WaitOptions } from '@p2p/interfaces'
import { Book, type Target } from './core/book.ts'
import { wait, type Waiter } from '@p2p/interfaces/wait'
import { areApart, Component } from './core/component.ts'
import { Membership, type MembershipEffect } from './core/membership.ts'
import { MeshError } from './errors.ts'
import { type MeshLimits, times } from './limits.ts'
import type { LinkEnd } from './link/link.ts'
import type { LinkManager } from './link/link-manager.ts'
import type { Peer } from './link/peer.ts'
import { NotSeen } from './requests.ts'
import { Kind } from './wire/header.ts'
import {
  decodeMembership,
  decodeProbe,
  encodeMembership,
  encodeProbe,
  type Probe,
} from './wire/membership.ts'

/** Most neighbours. HyParView's active view for thousands of nodes; seven nodes are a full mesh. */
const activeSize = 6
const passiveSize = 30

/** What the overlay needs of its node. */
export interface OverlaySettings {
  readonly self: () => Contact
  readonly seeds: readonly Address[]
  readonly limits: MeshLimits
  readonly clock: Clock
  readonly random: Random
  readonly links: LinkManager
  readonly broadcastPulse: (pulse: number) => void
  readonly neighbourUp: (contact: Contact) => void
  readonly neighbourDown: (contact: Contact, reason: Error | undefined) => void
}

/** Carries out what membership decides: who is our neighbour, whom to dial, whom to remember. */
export class Overlay {
  readonly #settings: OverlaySettings
  readonly #membership: Membership
  readonly #book: Book
  readonly #component: Component
  #closed = false
  #acting = false
  /** Who waits for whom to become a neighbour. */
  readonly #joining = new Map<PeerId, Set<Waiter<Contact>>>()
  /** Whom we have asked which part of the network they belong to, and who has not answered. */
  readonly #asked = new Set<PeerId>()
  /** Why the link that is ending right now ends. */
  #reason: Error | undefined

  constructor(settings: OverlaySettings) {
    const { self, seeds, limits, random } = settings
    this.#settings = settings
    this.#membership = new Membership(
      self().id,
      { activeSize, passiveSize, shuffleInterval: times.shuffle },
      random,
      self,
    )
    const { probe, calmProbe, idleProbe, firstRetry, lastRetry } = times
    this.#component = new Component(self().id, random, settings.clock.monotonic())
    this.#book = new Book(
      seeds,
      { limit: limits.contacts, probe, calmProbe, idleProbe, firstRetry, lastRetry },
      random,
    )
  }

  get neighbours(): ReadonlyMap<PeerId, Contact> {
    return this.#membership.active
  }

  get known(): number {
    return this.#book.size
  }

  /** Where a node was last known to be. */
  contactOf(id: PeerId): Contact | undefined {
    return this.#membership.passive.get(id) ?? this.#book.get(id)
  }

  /** Becomes part of the network that a linked peer belongs to. */
  join(id: PeerId): void {
    this.#membership.join(id)
    this.#act()
  }

  /** Joins, and waits until the peer is our neighbour: what is broadcast from then on reaches its network. @throws `P2P_PEER_UNREACHABLE` if it goes first */
  joined(peer: Peer, options: WaitOptions): Promise<Contact> {
    const settings = { ...options, clock: this.#settings.clock, what: `${peer.id} to become a neighbour` }
    return wait<Contact>(settings, waiter => {
      this.join(peer.id)
      if (this.neighbours.has(peer.id)) {
        waiter.resolve(peer.contact)
        return undefined
      }
      const waiting = this.#joining.get(peer.id) ?? new Set<Waiter<Contact>>()
      this.#joining.set(peer.id, waiting)
      waiting.add(waiter)
      return () => {
        waiting.delete(waiter)
        if (waiting.size === 0) this.#joining.delete(peer.id)
      }
    })
  }

  linkUp(peer: Peer): void {
    this.#book.meet(peer.contact)
    this.#membership.linkUp(peer.contact)
    this.#act()
  }

  linkDown(peer: Peer, end: LinkEnd): void {
    this.#asked.delete(peer.id)
    if (end.leaving) this.#book.forget(peer.id)
    for (const waiter of Array.from(this.#joining.get(peer.id) ?? [])) {
      waiter.reject(end.error ?? notJoined(peer.id, end))
    }
    if (this.neighbours.has(peer.id) && !end.leaving) this.#book.disturbed(this.#now())
    this.#reason = end.error
    this.#membership.linkDown(peer.id, this.#now(), end.leaving)
    this.#act()
    this.#reason = undefined
  }

  /** @returns whether the kind is one of membership's. @throws `P2P_MALFORMED` */
  receive(peer: Peer, bytes: Uint8Array, start: number, end: number): boolean {
    if (bytes[start + 1] === Kind.probe) {
      this.#probed(peer, decodeProbe(bytes, start, end))
      return true
    }
    const message = decodeMembership(bytes, start, end)
    if (message === undefined) return false
    this.#membership.receive(peer.id, message, this.#now())
    this.#act()
    return true
  }

  /** What only neighbours say came from a peer that is none. */
  disown(peer: Peer): void {
    this.#membership.disown(peer.id)
    this.#act()
  }

  /** A pulse of a root came. What is none is dropped. */
  pulse(root: PeerId, pulse: unknown): void {
    if (Number.isSafeInteger(pulse)) this.#component.heard(root, pulse as number, this.#now())
  }

  /** Does what is due. @returns when something is due next, in monotonic milliseconds */
  tick(): number {
    const now = this.#now()
    const alone = this.neighbours.size === 0
    this.#membership.tick(now)
    this.#act()
    const pulse = alone ? undefined : this.#component.tick(now)
    if (pulse !== undefined) this.#settings.broadcastPulse(pulse)
    for (const target of this.#book.due(now, alone, id => this.neighbours.has(id))) void this.#probe(target)
    if (this.neighbours.size >= activeSize) return Math.min(this.#component.next, this.#book.next)
    return now + (alone ? times.firstRetry : times.tick) * (0.8 + 0.2 * this.#settings.random.next())
  }

  /** Dials nobody from now on. */
  close(): void {
    this.#closed = true
  }

  #now(): number {
    return this.#settings.clock.monotonic()
  }

  /** Carries out what membership wants, in order also where carrying out one thing leads to the next. */
  #act(): void {
    if (this.#acting) return
    this.#acting = true
    try {
      for (let effects = this.#membership.drain(); effects.length > 0; effects = this.#membership.drain()) {
        this.#carryOut(effects)
      }
    } finally {
      this.#acting = false
    }
  }

  #carryOut(effects: readonly MembershipEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'send':
          this.#settings.links.peers.get(effect.to)?.link.send(encodeMembership(effect.message))
          break
        case 'dial':
          void this.#dial(effect.contact)
          break
        case 'neighbourUp':
          this.#settings.neighbourUp(effect.contact)
          for (const waiter of Array.from(this.#joining.get(effect.contact.id) ?? []))
            waiter.resolve(effect.contact)
          break
        case 'neighbourDown':
          this.#settings.neighbourDown(effect.contact, this.#reason)
          break
      }
    }
  }

  async #dial(contact: Contact): Promise<void> {
    if (this.#closed) return
    try {
      await this.#settings.links.reach(contact, { timeout: times.answer })
    } catch (error) {
      if (isSomebodyElse(error)) this.#book.forget(contact.id)
      // Membership goes on to somebody else, and comes back to this one later
      this.#membership.dialFailed(contact.id, this.#now())
      this.#act()
    }
  }

  /** Dials somebody who may belong to a part of the network that we have lost. */
  async #probe(target: Target): Promise<void> {
    const { links } = this.#settings
    try {
      const options = { timeout: times.answer }
      const peer =
        'seed' in target
          ? await links.dial(target.seed, undefined, options)
          : await links.reach(target.contact, options)
      if ('seed' in target) this.#book.met(target.seed, peer.id)
      if (this.neighbours.size === 0) this.join(peer.id)
      else {
        this.#asked.add(peer.id)
        peer.link.send(encodeProbe({ asks: true, belonging: this.#component.belonging(this.#now()) }))
      }
    } catch (error) {
      // Tried again for ever, at its own pace; but where another node has taken the place of one, that one is gone
      if ('contact' in target && isSomebodyElse(error)) this.#book.forget(target.contact.id)
      this.#book.failed(target, this.#now())
    }
  }

  /** Somebody says which part of the network it belongs to. */
  #probed(peer: Peer, { asks, belonging }: Probe): void {
    const ours = this.#component.belonging(this.#now())
    if (asks) {
      peer.link.send(encodeProbe({ asks: false, belonging: ours }))
      return
    }
    // Nobody is to keep us calm, or busy, with answers to nothing
    if (!this.#asked.delete(peer.id)) return
    if (areApart(ours, belonging)) {
      this.#book.disturbed(this.#now())
      this.#membership.merge(peer.id)
      this.#act()
    } else {
      this.#book.calm()
      if (!this.#membership.wishes(peer.id)) this.#settings.links.release(peer)
    }
  }
}

/** Why a peer is no neighbour though its link ended in order: it gave the link up for reasons of its own, not us, or not. */
const notJoined = (id: PeerId, { idle, replaced }: LinkEnd): MeshError => {
  const what = `${id} ended the link`
  return idle || replaced === true
    ? new NotSeen('P2P_PEER_UNREACHABLE', what)
    : new MeshError('P2P_PEER_UNREACHABLE', what)
}

/** Whether another node answered at the address of the one that was dialled. */
const isSomebodyElse = (error: unknown): boolean =>
  MeshError.is(error) && MeshError.is(error.cause, 'P2P_UNEXPECTED_ID')
