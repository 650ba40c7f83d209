import type { Contact, PeerId, Random } from '@p2p/interfaces'
import type { MembershipMessage } from '../wire/membership.ts'
import { maxContacts } from '../wire/contact.ts'

/** Settings of {@link Membership}. */
export interface MembershipSettings {
  /** Most neighbours: the active view. Up to one node more than this is a full mesh by itself. */
  readonly activeSize: number
  /** Most contacts in reserve: the passive view. */
  readonly passiveSize: number
  /** Milliseconds between two shuffles. */
  readonly shuffleInterval: number
}

/** What the shell shall do. Effects are carried out in order. */
export type MembershipEffect =
  | { readonly type: 'send'; readonly to: PeerId; readonly message: MembershipMessage }
  /** A link to this contact is wanted: answered by `linkUp` or `dialFailed`. */
  | { readonly type: 'dial'; readonly contact: Contact }
  | { readonly type: 'neighbourUp'; readonly contact: Contact }
  | { readonly type: 'neighbourDown'; readonly contact: Contact }

/** Length of the random walk of a FORWARD_JOIN, and where on it the joiner is remembered (HyParView's ARWL and PRWL, for hundreds of nodes). */
const joinHops = 5
const rememberHops = 2
const shuffleHops = 3
const shuffleContacts = 8

/** How long a contact that refused or could not be reached is left alone, in milliseconds: doubling from the first to the last. */
const firstRest = 2_000
const longestRest = 60_000

/** How we want to become somebody's neighbour. */
type Wish = 'join' | 'urgent' | 'calm'

interface Rest {
  until: number
  failures: number
}

/**
 * Who is our neighbour: HyParView's two views as a state machine without I/O. Calls are events; {@link drain} gives what is to be done.
 * A link may exist without its peer being a neighbour; a neighbour always has a link.
 */
export class Membership {
  readonly #self: PeerId
  readonly #settings: MembershipSettings
  readonly #random: Random
  readonly #contactOfSelf: () => Contact
  readonly #linked = new Map<PeerId, Contact>()
  readonly #active = new Map<PeerId, Contact>()
  readonly #passive = new Map<PeerId, Contact>()
  /** Peers that we asked, or shall ask once there is a link, to be our neighbour. */
  readonly #wishes = new Map<PeerId, Wish>()
  /** How many answers of a peer are still to come. */
  readonly #asked = new Map<PeerId, number>()
  readonly #rests = new Map<PeerId, Rest>()
  #effects: MembershipEffect[] = []
  #nextShuffle = 0

  constructor(self: PeerId, settings: MembershipSettings, random: Random, contactOfSelf: () => Contact) {
    this.#self = self
    this.#settings = settings
    this.#random = random
    this.#contactOfSelf = contactOfSelf
  }

  /** The neighbours, by id. */
  get active(): ReadonlyMap<PeerId, Contact> {
    return this.#active
  }

  /** The reserve, by id. */
  get passive(): ReadonlyMap<PeerId, Contact> {
    return this.#passive
  }

  /** Whether the peer is to become our neighbour. */
  wishes(id: PeerId): boolean {
    return this.#wishes.has(id)
  }

  /** What is to be done, in order; each effect is given once. */
  drain(): MembershipEffect[] {
    const effects = this.#effects
    if (effects.length > 0) this.#effects = []
    return effects
  }

  /** Wants the peer as a neighbour, and to be introduced to others through it. There is a link to it. */
  join(id: PeerId): void {
    // Also of a neighbour: we may be neighbours by its wish, and not yet introduced to anybody
    this.#wishes.set(id, 'join')
    if (this.#linked.has(id)) this.#ask(id)
  }

  /** Wants the peer as a neighbour by all means, for it belongs to a part of the network that we have lost. There is a link to it. */
  merge(id: PeerId): void {
    if (this.#active.has(id)) return
    this.#wishes.set(id, 'urgent')
    if (this.#linked.has(id)) this.#ask(id)
  }

  /** A link to the peer came up, or its contact changed. */
  linkUp(contact: Contact): void {
    const { id } = contact
    this.#linked.set(id, contact)
    this.#passive.delete(id)
    if (this.#active.has(id)) this.#active.set(id, contact)
    else if (this.#wishes.has(id)) this.#ask(id)
  }

  /** The last link to the peer is gone. It is remembered unless it said goodbye. */
  linkDown(id: PeerId, now: number, leaving: boolean): void {
    const contact = this.#linked.get(id)
    this.#linked.delete(id)
    this.#wishes.delete(id)
    this.#asked.delete(id)
    const neighbour = this.#active.get(id)
    if (neighbour !== undefined) {
      this.#active.delete(id)
      this.#effects.push({ type: 'neighbourDown', contact: neighbour })
    }
    if (leaving) this.#passive.delete(id)
    else if (contact !== undefined) this.#remember(contact)
    this.#fill(now)
  }

  /** A link that was wanted could not be made. */
  dialFailed(id: PeerId, now: number): void {
    if (!this.#wishes.delete(id) || this.#linked.has(id)) return
    this.#rest(id, now)
    this.#fill(now)
  }

  /** Heard of nodes that may exist. */
  learn(contacts: Iterable<Contact>): void {
    for (const contact of contacts) this.#remember(contact)
  }

  /** A message from a peer to which there is a link. */
  receive(from: PeerId, message: MembershipMessage, now: number): void {
    switch (message.type) {
      case 'join':
        // The answer goes first: what a new neighbour is told is for one that knows that it is one
        this.#reply(from, true)
        this.#takeIn(from)
        for (const id of this.#active.keys()) {
          const contact = this.#linked.get(from)
          if (id === from || contact === undefined) continue
          this.#send(id, { type: 'forwardJoin', hops: joinHops, contact })
        }
        break
      case 'forwardJoin':
        if (this.#isNeighbour(from)) this.#walkJoin(from, message.hops, message.contact)
        break
      case 'neighbour': {
        const accepted =
          message.urgent || this.#active.has(from) || this.#active.size < this.#settings.activeSize
        this.#reply(from, accepted)
        if (accepted) this.#takeIn(from)
        break
      }
      case 'neighbourReply':
        this.learn(message.contacts)
        this.#answered(from, message.accepted, now)
        break
      case 'unneighbour':
        this.learn(message.contacts)
        this.#drop(from)
        break
      case 'shuffle':
        if (this.#isNeighbour(from)) this.#walkShuffle(from, message.hops, message.contacts)
        break
    }
    this.#fill(now)
  }

  /** What only neighbours say came from a peer that is none: it believes that it is one. */
  disown(from: PeerId): void {
    this.#send(from, { type: 'unneighbour', contacts: [] })
  }

  /** To be called at every look of the node: every 1.4 to 3.5 s. */
  tick(now: number): void {
    for (const [id, rest] of this.#rests) if (rest.until + longestRest < now) this.#rests.delete(id)
    this.#fill(now)
    if (now < this.#nextShuffle) return
    // Jitter, or nodes that start together shuffle together for ever
    this.#nextShuffle = now + this.#settings.shuffleInterval * (0.5 + this.#random.next())
    const target = this.#pick(this.#active.keys())
    if (target === undefined) return
    const contacts = [this.#contactOfSelf(), ...this.#sample(shuffleContacts - 1, target)]
    this.#send(target, { type: 'shuffle', hops: shuffleHops, contacts })
  }

  #walkJoin(from: PeerId, hops: number, contact: Contact): void {
    if (contact.id === this.#self || this.#active.has(contact.id)) return
    const next = hops === 0 || this.#active.size <= 1 ? undefined : this.#pick(this.#active.keys(), from)
    if (next === undefined) {
      // A neighbour may name as many joiners as it likes; we dial no more at a time than we could take
      if (this.#wishes.size < this.#settings.activeSize) this.#want(contact, 'urgent')
      else this.#remember(contact)
      return
    }
    if (hops === rememberHops) this.#remember(contact)
    this.#send(next, { type: 'forwardJoin', hops: Math.min(hops, joinHops) - 1, contact })
  }

  #walkShuffle(from: PeerId, hops: number, contacts: readonly Contact[]): void {
    const next = hops === 0 ? undefined : this.#pick(this.#active.keys(), from, contacts[0]?.id)
    if (next === undefined) this.learn(contacts)
    else this.#send(next, { type: 'shuffle', hops: Math.min(hops, shuffleHops) - 1, contacts })
  }

  #answered(from: PeerId, accepted: boolean, now: number): void {
    const left = (this.#asked.get(from) ?? 0) - 1
    if (left > 0) this.#asked.set(from, left)
    else this.#asked.delete(from)
    const wished = this.#wishes.has(from)
    // A refusal of the first question is not yet one of the second, which may have been a more urgent one
    if (accepted || left <= 0) this.#wishes.delete(from)
    if (this.#active.has(from)) return
    if (accepted && wished) this.#takeIn(from)
    // We do not want it any more, or never asked: it must not believe that we are neighbours.
    else if (accepted) this.#send(from, { type: 'unneighbour', contacts: [] })
    else if (left <= 0) this.#rest(from, now)
  }

  /** Makes a linked peer our neighbour, giving one up if there is no room. */
  #takeIn(id: PeerId): void {
    const contact = this.#linked.get(id)
    if (contact === undefined || this.#active.has(id)) return
    if (this.#active.size >= this.#settings.activeSize) {
      const victim = this.#pick(this.#active.keys(), id)
      if (victim !== undefined) this.#giveUp(victim)
    }
    this.#wishes.delete(id)
    this.#rests.delete(id)
    this.#active.set(id, contact)
    this.#effects.push({ type: 'neighbourUp', contact })
  }

  #giveUp(id: PeerId): void {
    this.#send(id, { type: 'unneighbour', contacts: this.#sample(shuffleContacts, id) })
    this.#drop(id)
  }

  #drop(id: PeerId): void {
    const contact = this.#active.get(id)
    if (contact === undefined) return
    this.#active.delete(id)
    this.#effects.push({ type: 'neighbourDown', contact })
    this.#remember(contact)
  }

  /** Looks for a neighbour while there are too few. */
  #fill(now: number): void {
    while (this.#active.size + this.#wishes.size < this.#settings.activeSize) {
      const candidates = [...this.#passive.values(), ...this.#linked.values()].filter(({ id }) => {
        const rest = this.#rests.get(id)
        return !this.#active.has(id) && !this.#wishes.has(id) && (rest === undefined || rest.until <= now)
      })
      const contact = candidates[Math.floor(this.#random.next() * candidates.length)]
      if (contact === undefined) return
      this.#want(contact, this.#active.size === 0 ? 'urgent' : 'calm')
    }
  }

  #want(contact: Contact, wish: Wish): void {
    if (this.#wishes.has(contact.id)) return
    this.#wishes.set(contact.id, wish)
    if (this.#linked.has(contact.id)) this.#ask(contact.id)
    else this.#effects.push({ type: 'dial', contact })
  }

  #ask(id: PeerId): void {
    const wish = this.#wishes.get(id)
    this.#asked.set(id, (this.#asked.get(id) ?? 0) + 1)
    this.#send(id, wish === 'join' ? { type: 'join' } : { type: 'neighbour', urgent: wish === 'urgent' })
  }

  #reply(to: PeerId, accepted: boolean): void {
    this.#send(to, { type: 'neighbourReply', accepted, contacts: this.#sample(maxContacts, to) })
  }

  /** Whether overlay traffic may come from there; if not, the peer is told. */
  #isNeighbour(from: PeerId): boolean {
    if (this.#active.has(from)) return true
    this.disown(from)
    return false
  }

  #rest(id: PeerId, now: number): void {
    const failures = (this.#rests.get(id)?.failures ?? 0) + 1
    const [oldest] = this.#rests.keys()
    if (oldest !== undefined && this.#rests.size >= 4 * this.#settings.passiveSize) this.#rests.delete(oldest)
    const pause = Math.min(firstRest * 2 ** (failures - 1), longestRest)
    this.#rests.set(id, { until: now + pause * (0.5 + this.#random.next()), failures })
    // Often out of reach: others will speak of it if it is back.
    if (failures >= 5) this.#passive.delete(id)
  }

  #remember(contact: Contact): void {
    const { id } = contact
    if (id === this.#self || this.#linked.has(id) || contact.addresses.length === 0) return
    if (!this.#passive.has(id) && this.#passive.size >= this.#settings.passiveSize) {
      const victim = this.#pick(this.#passive.keys())
      if (victim !== undefined) this.#passive.delete(victim)
    }
    this.#passive.set(id, contact)
  }

  #sample(count: number, except: PeerId): Contact[] {
    const all = [...this.#active.values(), ...this.#passive.values()].filter(
      ({ id, addresses }) => id !== except && addresses.length > 0,
    )
    // A partial Fisher-Yates shuffle
    const some = Math.min(count, all.length)
    for (let index = 0; index < some; index++) {
      const other = index + Math.floor(this.#random.next() * (all.length - index))
      const swapped = all[index] as Contact
      all[index] = all[other] as Contact
      all[other] = swapped
    }
    return all.slice(0, some)
  }

  #pick(ids: Iterable<PeerId>, ...except: (PeerId | undefined)[]): PeerId | undefined {
    const all = Array.from(ids).filter(id => !except.includes(id))
    return all[Math.floor(this.#random.next() * all.length)]
  }

  #send(to: PeerId, message: MembershipMessage): void {
    this.#effects.push({ type: 'send', to, message })
  }
}
