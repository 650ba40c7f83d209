import { type Caller, isSilence } from './caller.ts'
import type { Circle } from './circle.ts'
import type { Member } from './member.ts'
import type { Settings } from './options.ts'

/** A listener that is not on the ring says so each so many milliseconds, and is told for three times as long. */
const listenInterval = 10_000
const subscribersLimit = 256

/** What an interest needs to know. */
export interface InterestOptions {
  readonly circle: Circle
  readonly caller: Caller
  readonly settings: Settings
  /** Whether the application listens for changes. */
  readonly listens: () => boolean
  /** Something went wrong that nobody waits for. */
  readonly fail: (error: unknown) => void
}

/**
 * Who wants to be told of changes. A node on the ring that listens says so to each member that it knows, once; a member that is told of something and does not
 * listen says that. A node that is not on the ring asks one member to tell it, which then listens as well.
 */
export class Interest {
  readonly #options: InterestOptions
  /** Those who listen without being on the ring, and until when. */
  readonly #subscribers = new Map<Member, number>()
  #asked = -Infinity

  constructor(options: InterestOptions) {
    this.#options = options
  }

  get #now(): number {
    return this.#options.settings.clock.monotonic()
  }

  /** Whether this node wants to be told. */
  get listens(): boolean {
    return this.#options.listens() || this.subscribers.length > 0
  }

  /** Those to be told that are not on the ring. */
  get subscribers(): Member[] {
    return Array.from(this.#subscribers)
      .filter(([member, until]) => until > this.#now && !this.#options.circle.members.has(member))
      .map(([member]) => member)
  }

  /** Somebody wants to be told: a member from now on, anybody else for a while. @returns whether there is room */
  take(member: Member): boolean {
    member.saidItListens()
    // Who is not on the ring yet does not say it again when it is: that it listens is kept until it is taken for a member here.
    if (this.#options.circle.members.has(member)) {
      this.#subscribers.delete(member)
      return true
    }
    const now = this.#now
    for (const [each, until] of this.#subscribers) if (until <= now) this.#subscribers.delete(each)
    if (this.#subscribers.size >= subscribersLimit && !this.#subscribers.has(member)) return false
    this.#subscribers.set(member, now + 3 * listenInterval)
    this.declare()
    return true
  }

  /** What one who told us of a change is answered. */
  answer(member: Member): boolean {
    const { listens } = this
    if (!listens) member.knowsThatWeListen = false
    return listens
  }

  /** Says that this node listens to those who do not know it. To be called now and then. */
  declare(): void {
    if (!this.listens) return
    const { circle, settings } = this.#options
    if (circle.onRing) {
      for (const member of circle.members) if (!member.knowsThatWeListen) this.#ask(member)
      return
    }
    if (this.#now - this.#asked < listenInterval) return
    const members = [...circle.members]
    const one = members[Math.floor(settings.random.next() * members.length)]
    if (one === undefined) return
    this.#asked = this.#now
    this.#ask(one)
  }

  #ask(member: Member): void {
    const { caller, fail } = this.#options
    member.knowsThatWeListen = true
    caller.ask(member, ['listen']).then(
      taken => {
        if (taken !== true) this.#unknown(member)
      },
      (error: unknown) => {
        this.#unknown(member)
        if (!caller.closed && !isSilence(error)) fail(error)
      },
    )
  }

  #unknown(member: Member): void {
    member.knowsThatWeListen = false
    this.#asked = -Infinity
  }
}
