import type { Background } from './background.ts'
import { type Caller, isSilence } from './caller.ts'
import type { Circle } from './circle.ts'
import { flagOf, listOf, membersOf, packContact, packContacts } from './grammar.ts'
import type { Member } from './member.ts'
import { sumOf } from './members.ts'
import { checkRingSettings, ringSettings, type Settings } from './options.ts'

/** A process that was heard so long ago, in milliseconds, may be told of to others. */
const fresh = 60_000
/** Contacts in one answer. */
const contactsTold = 64
/** Strangers asked because of one answer. */
const strangersAsked = 8
/** Processes that use the table without being on the ring, and are told when this node leaves, at most. */
const guestsLimit = 256
/** Who is not on the ring needs nobody's place, but somebody who knows the way: so many are kept in mind in any case. */
const guides = 8

/** Rounds in a row with room for more, and with nobody on the ring who knows others, after which all are known again, though somebody had to be forgotten. */
const settledAfter = 32

/** What follows from who comes and goes. */
export interface Consequences {
  /** A member was met that was not known. */
  readonly came: (member: Member) => void
  /** A process was named, and there is no room to get to know it. */
  readonly named: (member: Member) => void
  /** Who was found to be on another ring lately: of them others are told in any case. */
  readonly foreign: () => readonly Member[]
  readonly gone: (member: Member) => void
}

/** Knows who is on the ring: by asking, for nobody is told of whom the teller did not hear itself. */
export class Acquaintance {
  readonly #circle: Circle
  readonly #caller: Caller
  readonly #settings: Settings
  readonly #begin: Background
  readonly #consequences: Consequences
  /** Processes asked at the moment, and whether they turn out to be members. */
  readonly #meeting = new Map<Member, Promise<boolean>>()
  /** When who is not on the ring said hello the last time. */
  readonly #guests = new Map<Member, number>()
  /** Whether somebody had to be forgotten: then not everybody is known. */
  evicted = false
  /** Rounds since there was no room, or somebody on the ring knew others. */
  #settled = 0

  constructor(
    circle: Circle,
    caller: Caller,
    settings: Settings,
    begin: Background,
    consequences: Consequences,
  ) {
    this.#circle = circle
    this.#caller = caller
    this.#settings = settings
    this.#begin = begin
    this.#consequences = consequences
  }

  /** Whether somebody is being asked whether it is a member. */
  get isAsking(): boolean {
    return this.#meeting.size > 0
  }

  get #now(): number {
    return this.#settings.clock.monotonic()
  }

  /** Asks a process whether it is a member; if it is, it is one here from now on. @returns whether it is */
  async meet(member: Member): Promise<boolean> {
    if (member === this.#circle.self) return false
    try {
      return await this.#askOnce(member, () => this.#caller.ask(member, this.#hello))
    } catch (error) {
      if (isSilence(error)) return false
      throw error
    }
  }

  /** Answers who asks whether this node is a member. */
  answerHello(from: Member, body: readonly unknown[]): unknown {
    const [, settings, onRing, sum] = listOf(body, 4)
    checkRingSettings(this.#settings, settings)
    const circle = this.#circle
    if (flagOf(onRing)) this.heard(from)
    else this.#welcome(from)
    const isSame = sum === sumOf(circle.members, circle.onRing)
    if (onRing === true && !isSame) this.#settled = 0
    const foreign = this.#consequences.foreign()
    const told = isSame ? foreign : new Set([...foreign, ...this.#told()].slice(0, contactsTold))
    return [circle.onRing, packContacts(told), packContact(circle.self)]
  }

  /** Members to tell of: half of them those that came last, for nobody may know them yet, the rest any. */
  #told(): Member[] {
    const { random } = this.#settings
    const told = [...this.#circle.members].filter(({ heard }) => this.#now - heard < fresh).reverse()
    for (let index = contactsTold / 2; index < Math.min(contactsTold, told.length); index++) {
      const other = index + Math.floor(random.next() * (told.length - index))
      const one = told[other] as Member
      told[other] = told[index] as Member
      told[index] = one
    }
    return told.slice(0, contactsTold)
  }

  /** Those who are not on the ring and know this node. */
  get guests(): Member[] {
    const { members } = this.#circle
    return [...this.#guests]
      .filter(([member, heard]) => this.#now - heard < fresh && !members.has(member))
      .map(([member]) => member)
  }

  /** A member has spoken to us itself. */
  readonly heard = (member: Member): void => {
    const circle = this.#circle
    member.heard = this.#now
    member.misses = 0
    if (member === circle.self || circle.members.has(member)) return
    circle.members.add(member)
    this.#consequences.came(member)
  }

  /** Finds out whether a process is dead, or has left, unless it was heard lately. */
  readonly checkSilent = (member: Member): void => {
    if (member === this.#circle.self || this.#now - member.heard <= 2 * this.#settings.interval) return
    this.#begin(this.#askOnce(member, () => this.#caller.askFirmly(member, this.#hello)))
  }

  /** Finds out whether a process is on the ring. */
  readonly check = (member: Member): void => {
    this.#begin(this.meet(member))
  }

  /** Says hello, and gets to know whom the other knows. @returns whether it is a member */
  async gossip(member: Member): Promise<boolean> {
    return this.#greeted(member, await this.#caller.ask(member, this.#hello))
  }

  #welcome(member: Member): void {
    if (member === this.#circle.self) return
    // The last one to speak is the last one in the map.
    this.#guests.delete(member)
    this.#guests.set(member, this.#now)
    const [oldest] = this.#guests.keys()
    if (this.#guests.size > guestsLimit && oldest !== undefined) this.#guests.delete(oldest)
  }

  /** Who asks the same at the same time is told the same. */
  #askOnce(member: Member, ask: () => Promise<unknown>): Promise<boolean> {
    const asked = this.#meeting.get(member)
    if (asked !== undefined) return asked
    const asking = async () => {
      try {
        const reply = await ask()
        return reply !== undefined && this.#greeted(member, reply)
      } finally {
        this.#meeting.delete(member)
      }
    }
    const meeting = asking()
    this.#meeting.set(member, meeting)
    return meeting
  }

  #greeted(member: Member, reply: unknown): boolean {
    const circle = this.#circle
    const [rawOnRing, contacts, own] = listOf(reply, 3)
    const isOnRing = flagOf(rawOnRing)
    membersOf([own], circle.members)
    if (isOnRing) this.heard(member)
    else this.#consequences.gone(member)
    const isFull = circle.members.size >= circle.fullUpTo
    let asked = 0
    for (const stranger of membersOf(contacts, circle.members)) {
      if (stranger === circle.self || circle.members.has(stranger) || circle.members.lost.has(stranger.id))
        continue
      if (isFull) this.#consequences.named(stranger)
      else this.#begin(this.meet(stranger))
      if (++asked >= strangersAsked) break
    }
    return isOnRing
  }

  /** Forgets those that nobody needs, beyond what is to be kept in mind. To be called each round. */
  evict(members: readonly Member[]): void {
    const circle = this.#circle
    this.#settled = members.length < circle.fullUpTo ? this.#settled + 1 : 0
    if (this.#settled >= settledAfter) this.evicted = false
    let surplus = members.length - (circle.onRing ? circle.fullUpTo : Math.max(circle.fullUpTo, guides))
    if (surplus <= 0) return
    const needed = circle.needed()
    for (const member of members) {
      if (needed.has(member)) continue
      this.evicted = true
      circle.members.remove(member, false)
      if (--surplus <= 0) return
    }
  }

  get #hello(): unknown[] {
    const circle = this.#circle
    return ['hello', ringSettings(this.#settings), circle.onRing, sumOf(circle.members, circle.onRing)]
  }
}
