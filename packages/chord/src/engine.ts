import { type Contact, type Messenger, P2PError, type PeerId, type WaitOptions } from '@p2p/interfaces'
import { Caller } from './caller.ts'
import { Circle } from './circle.ts'
import { ChordError } from './errors.ts'
import { Holder } from './holder.ts'
import { Interest } from './interest.ts'
import type { Settings } from './options.ts'
import { Reader } from './reader.ts'
import { Repair } from './repair.ts'
import { Responder } from './responder.ts'
import { type Change, Spread } from './spread.ts'
import { Store } from './store.ts'
import { memberOf, Upkeep } from './upkeep.ts'
import { Writer } from './writer.ts'

/** How often, in milliseconds, joining and leaving look whether they are done. */
const patience = 50
/** Rounds for which a node that leaves waits at most until its predecessors know who comes after it. */
const followedWithin = 4
/** Rounds for which it waits for somebody to hand on to, once nobody is known any more. */
const aloneFor = 2

/** What the engine tells its owner. */
export interface EngineEvents {
  readonly fail: (error: P2PError) => void
  readonly change: (change: Change) => void
  /** Whether the application listens for changes. */
  readonly listens: () => boolean
}

/** A node of the ring without the application's side: its parts, its rounds, its coming and going. */
export class Engine {
  readonly settings: Settings
  readonly circle: Circle
  readonly caller: Caller
  readonly store: Store
  readonly upkeep: Upkeep
  readonly holder: Holder
  readonly repair: Repair
  readonly spread: Spread
  readonly interest: Interest
  readonly reader: Reader
  readonly writer: Writer
  readonly #events: EngineEvents
  readonly #handling: Disposable
  #round: Disposable | undefined

  constructor(messenger: Messenger, settings: Settings, events: EngineEvents) {
    const { self } = messenger
    this.settings = settings
    this.#events = events
    this.circle = new Circle(self, settings.points, settings.pointOf, settings.limits.known)
    const protocol = `/chord/1/${settings.name}`
    this.caller = new Caller({
      messenger,
      protocol,
      settings,
      circle: this.circle,
      answer: (from, body) => responder.answer(from, body),
      gone: member => this.upkeep.gone(member, true),
    })
    this.store = new Store(settings)
    this.upkeep = new Upkeep(this.circle, this.caller, settings, this.#fail)
    this.holder = new Holder(this.circle, this.caller, this.store, settings)
    this.repair = new Repair(this.upkeep, this.caller, this.holder, this.store, settings)
    const { circle, caller } = this
    this.interest = new Interest({ circle, caller, settings, listens: events.listens, fail: this.#fail })
    this.spread = new Spread({
      circle,
      caller,
      settings,
      interest: this.interest,
      knowsAll: () => this.upkeep.knowsAll,
      tell: events.change,
    })
    this.writer = new Writer(this.upkeep, this.caller, this.store, settings)
    this.reader = new Reader(this.upkeep, this.caller, settings, (positions, entry, tables) =>
      this.writer.mend(positions, entry, tables),
    )
    const responder = new Responder(this.circle, this.upkeep, this.holder, this.spread, this.interest)
    this.#handling = messenger.handle(protocol, responder.handle)
    this.#schedule()
  }

  get now(): number {
    return this.settings.clock.monotonic()
  }

  checkOpen(): void {
    if (this.caller.closed) throw new ChordError('P2P_CLOSED', `the table ${this.settings.name} is closed`)
  }

  async meet(contact: Contact | PeerId, options: WaitOptions): Promise<boolean> {
    this.checkOpen()
    return this.within(
      this.upkeep.acquaintance.meet(memberOf(this.circle, contact)),
      { timeout: 10_000, ...options },
      'an answer',
    )
  }

  async join(options: WaitOptions): Promise<void> {
    this.checkOpen()
    const { circle } = this
    if (circle.standing === 'joined') return
    circle.standing = 'joining'
    const { timeout = 60_000, signal } = options
    const limits = { timeout, signal }
    const end = this.now + timeout
    // Whom it knows now may be out of reach for a while: a second ring would be no answer to that.
    if (circle.members.size === 0 && !circle.onRing) circle.create()
    try {
      while (!circle.onRing) {
        const left = { ...limits, timeout: end - this.now }
        try {
          await this.within(this.upkeep.enter(), left, 'a place on the ring')
        } catch (error) {
          // Whom we know may be gone; the next round will tell.
          if (!P2PError.is(error, 'P2P_NO_MEMBER')) throw error
          // All whom it knew have said that they left: there is no ring to wait for.
          if (this.upkeep.isAlone) circle.create()
          else if (this.now + patience >= end) throw error
          else await this.#pause(patience, left, 'a place on the ring')
        }
      }
      await this.#until(
        () => this.repair.isComplete,
        { ...limits, timeout: end - this.now },
        'the arcs to be complete',
      )
      circle.standing = 'joined'
    } catch (error) {
      // Half a node helps nobody. What it holds by now is handed on.
      circle.standing = 'leeching'
      if (!this.caller.closed) await this.upkeep.leave()
      throw error
    }
  }

  async unjoin(options: WaitOptions): Promise<void> {
    this.checkOpen()
    const { circle, store } = this
    if (circle.standing === 'leeching') return
    this.#checkNotLast()
    const { timeout = 60_000, signal } = options
    const limits = { timeout, signal }
    const end = this.now + timeout
    circle.standing = 'leaving'
    try {
      // While it is still asked for its arcs, so that those who come after it have all of them when they take over.
      const prepared = circle.places.map(({ point }) => this.#prepare(point.index))
      await this.within(Promise.all(prepared), limits, 'successors')
      await this.#beFollowed({ timeout: end - this.now, signal })
      this.#checkNotLast()
      // From here on it is off the ring.
      const told = this.upkeep.leave()
      await this.within(told, { timeout: end - this.now, signal }, 'others to be told')
      const alone = this.now + aloneFor * this.settings.interval
      while (store.size > 0) {
        const left = { ...limits, timeout: end - this.now }
        try {
          await this.within(this.repair.handOn(), left, 'others to take the entries')
          if (store.size === 0) break
        } catch (error) {
          if (this.caller.closed || (P2PError.is(error) && (error.code === 'P2P_ABORTED' || end <= this.now)))
            throw error
          // All others left at the same time, or crashed.
          if (this.upkeep.isAlone || this.now >= alone) this.#checkNotLast(error)
          if (!P2PError.is(error, 'P2P_NO_MEMBER')) this.#fail(error)
        }
        await this.#pause(patience, left, 'others to take the entries')
      }
      circle.standing = 'leeching'
    } catch (error) {
      // Still on the ring: it goes on as if nothing had been asked. Otherwise it goes on to hand over in the background.
      circle.standing = circle.onRing ? 'joined' : 'leeching'
      throw error
    }
  }

  close(): Promise<void> {
    this.#round?.[Symbol.dispose]()
    this.#handling[Symbol.dispose]()
    this.spread.close()
    this.writer.close()
    this.caller.close()
    return Promise.resolve()
  }

  /** Waits for a promise with a signal and a deadline, and no longer than until the table is closed; what it waits for goes on. */
  within<T>(work: Promise<T>, options: WaitOptions, what: string): Promise<T> {
    return this.caller.wait<T>({ ...options, clock: this.settings.clock, what }, ({ resolve, reject }) => {
      work.then(resolve, reject)
      return undefined
    })
  }

  async #prepare(index: number): Promise<void> {
    for (let tries = 0; tries < 3; tries++) {
      const place = this.circle.placeAt(index)
      if (place === undefined || this.circle.members.size === 0) return
      await this.repair.repair(place)
      if (place.repairedAt === this.now || place.repaired !== '') return
    }
  }

  /** @throws `P2P_LAST_MEMBER` */
  #checkNotLast(cause?: unknown): void {
    if (this.circle.members.size > 0 || this.store.size === 0) return
    throw new ChordError('P2P_LAST_MEMBER', 'nobody else is on the ring who could take the entries', {
      cause,
    })
  }

  /** Waits until who precedes us knows who follows us, a few rounds at most: the predecessor may be gone. */
  async #beFollowed({ signal, timeout = Infinity }: WaitOptions): Promise<void> {
    const { circle } = this
    const deadline = this.now + timeout
    const enough = this.now + followedWithin * this.settings.interval
    while (circle.members.size > 0 && this.now < enough) {
      this.checkOpen()
      const unsure = circle.unconfirmed
      if (unsure.length === 0) return
      // Not before its next round would it ask us by itself.
      for (const member of unsure) this.upkeep.askToFollow(member)
      await this.#pause(patience, { signal, timeout: deadline - this.now }, 'successors')
    }
  }

  async #until(condition: () => boolean, options: WaitOptions, what: string): Promise<void> {
    const { timeout = Infinity } = options
    for (const end = this.now + timeout; !condition();) {
      this.checkOpen()
      this.repair.tick(this.#fail)
      await this.#pause(patience, { ...options, timeout: end - this.now }, what)
    }
  }

  #pause(milliseconds: number, options: WaitOptions, what: string): Promise<undefined> {
    const { clock } = this.settings
    return this.caller.wait<undefined>({ ...options, clock, what }, ({ resolve }) => {
      const timer = clock.after(milliseconds, () => resolve(undefined))
      return () => timer[Symbol.dispose]()
    })
  }

  #schedule(): void {
    const { clock, random, interval } = this.settings
    // Not all nodes at the same moment.
    this.#round = clock.after(interval * (0.75 + random.next() / 2), () => {
      this.#schedule()
      this.upkeep.tick()
      this.repair.tick(this.#fail)
      this.interest.declare()
    })
  }

  readonly #fail = (error: unknown): void => {
    if (this.caller.closed) return
    if (error instanceof ChordError && error.code !== 'P2P_NO_MEMBER' && error.code !== 'P2P_OWNER_NOT_FOUND')
      this.#events.fail(error)
    else
      this.#events.fail(new ChordError('P2P_UPKEEP_FAILED', 'a piece of the upkeep failed', { cause: error }))
  }
}
