import type { Contact } from '@p2p/interfaces'
import { Acquaintance } from './acquaintance.ts'
import type { Background } from './background.ts'
import { type Caller, isSilence } from './caller.ts'
import type { Circle } from './circle.ts'
import { ChordError } from './errors.ts'
import { Fingers } from './fingers.ts'
import { type Found, LookUp, lookUp, type Quest } from './look-up.ts'
import type { Member, Point } from './member.ts'
import { Merging } from './merging.ts'
import type { Settings } from './options.ts'
import type { Position } from './position.ts'
import { Stabilisation } from './stabilisation.ts'

/** Fingers looked up in one round. */
const fingersFixed = 2
/** One of the lost is tried again each so many rounds. */
const lostEvery = 5
/** A round that begins so much too late, in milliseconds, tells that this process stood still. */
const stoodStill = 2_000

/** Keeps this node on the ring, and knows the way: rounds, coming and going, look-ups. */
export class Upkeep {
  readonly circle: Circle
  readonly acquaintance: Acquaintance
  readonly stabilisation: Stabilisation
  readonly #merging: Merging
  /** Those asked to follow who have not answered yet. */
  readonly #following = new Set<Member>()
  readonly #caller: Caller
  readonly #settings: Settings
  readonly #fail: (error: unknown) => void
  #round = 0
  #last: number | undefined

  constructor(circle: Circle, caller: Caller, settings: Settings, fail: (error: unknown) => void) {
    this.circle = circle
    this.#caller = caller
    this.#settings = settings
    this.#fail = fail
    this.acquaintance = new Acquaintance(circle, caller, settings, this.#begin, {
      came: member => {
        this.#merging.note(member)
        this.stabilisation.improve()
      },
      named: member => this.#merging.note(member),
      foreign: () => this.#merging.foreign,
      gone: member => this.gone(member, false),
    })
    this.stabilisation = new Stabilisation(circle, caller, settings, this.#begin, this.acquaintance)
    this.#merging = new Merging({
      circle,
      stabilisation: this.stabilisation,
      begin: this.#begin,
      random: settings.random,
      follower: (position, through) => this.successor(position, through),
    })
  }

  /** Rounds so far. */
  get rounds(): number {
    return this.#round
  }

  lookUp(quest: Quest, through?: Member): Promise<Found> {
    const { clock } = this.#settings
    return through === undefined
      ? lookUp(this.circle, this.#caller, clock, quest)
      : new LookUp(this.circle, this.#caller, clock, quest).run(through)
  }

  /** Who owns a position. */
  successor(position: Position, through?: Member): Promise<Found> {
    return this.lookUp({ position, query: null, light: true, accept: () => true }, through)
  }

  /** One round. It waits for nothing: what it began goes on by itself. */
  tick(): void {
    const { circle } = this
    const settings = this.#settings
    const now = settings.clock.monotonic()
    if (this.#last !== undefined && now - this.#last > 2 * settings.interval + stoodStill) this.#distrust()
    this.#last = now
    this.#round++
    if (circle.onRing) {
      this.stabilisation.all()
      // A point whose look-up failed when the others came in.
      if (circle.places.length < circle.self.points.length)
        for (const point of circle.self.points)
          if (circle.placeAt(point.index) === undefined) this.#begin(this.#enterPoint(point))
      for (const { predecessor } of circle.places)
        if (predecessor !== undefined) this.acquaintance.checkSilent(predecessor.member)
      this.#fixFingers()
      if (!this.knowsAll) this.#merging.tick()
    }
    const { random } = settings
    const members = [...circle.members]
    const some = members[Math.floor(random.next() * members.length)]
    if (some !== undefined) this.#begin(this.acquaintance.gossip(some))
    const lost = [...circle.members.lost.values()]
    if (this.#round % lostEvery === 0 || members.length === 0) {
      const one = lost[Math.floor(random.next() * lost.length)]
      if (one !== undefined) this.#begin(this.acquaintance.meet(one))
    }
    this.acquaintance.evict(members)
  }

  /**
   * Puts all of this node's points on the ring. Those for which that fails are tried again in the next rounds.
   *
   * @throws `P2P_NO_MEMBER` if it fails for all
   */
  async enter(): Promise<void> {
    const { circle } = this
    const attempts = await Promise.allSettled(circle.self.points.map(point => this.#enterPoint(point)))
    const failures = attempts.flatMap(attempt =>
      attempt.status === 'rejected' ? [attempt.reason as Error] : [],
    )
    const [cause] = failures
    if (this.#caller.closed && cause !== undefined) throw cause
    if (circle.places.length === 0)
      throw new ChordError('P2P_NO_MEMBER', 'no member of the ring helped to join it', { cause })
    for (const failure of failures) this.#fail(failure)
    await Promise.all(circle.places.map(place => this.stabilisation.one(place)))
    const before = new Set(circle.places.map(({ predecessor }) => predecessor?.member))
    for (const member of before)
      if (member !== undefined && member !== circle.self) this.#begin(this.acquaintance.meet(member))
  }

  /** Tells all that this node knows, and all that know it, that it is going. */
  async leave(): Promise<void> {
    const members = [...this.circle.members, ...this.acquaintance.guests]
    this.circle.leave()
    await Promise.allSettled(members.map(member => this.#caller.ask(member, ['leave'])))
  }

  /** Whether everybody on the ring is known, as far as can be told: nobody had to be forgotten, and there is room for more. */
  get knowsAll(): boolean {
    return !this.acquaintance.evicted && this.circle.members.size < this.circle.fullUpTo
  }

  /** Whether nobody is known who is on the ring, or may be. */
  get isAlone(): boolean {
    const { members } = this.circle
    return members.size === 0 && members.lost.size === 0 && !this.acquaintance.isAsking
  }

  /** Has a process that precedes us look at once who follows it and us. */
  askToFollow(member: Member): void {
    if (this.#following.has(member)) return
    this.#following.add(member)
    this.#begin(this.#caller.ask(member, ['follow']).finally(() => this.#following.delete(member)))
  }

  /** A process is gone. */
  gone(member: Member, lost: boolean): void {
    if (this.circle.drop(member, lost)) this.stabilisation.improve(true)
  }

  async #enterPoint(point: Point): Promise<void> {
    const { circle } = this
    const { owner, following } = await this.successor(point.position)
    if (circle.placeAt(point.index) === undefined && owner !== point)
      circle.enter(point, owner, following, undefined)
  }

  #fixFingers(): void {
    const { circle } = this
    // Who knows everybody needs none.
    if (!this.acquaintance.evicted && circle.members.size <= circle.fullUpTo) return
    const targets = circle.places.flatMap(({ position, successors }) =>
      Fingers.targets(position, successors[0]?.position ?? position),
    )
    circle.fingers.keep(new Set(targets))
    for (let count = 0; count < fingersFixed; count++) {
      const target = targets[Math.floor(this.#settings.random.next() * targets.length)]
      if (target === undefined) return
      const fix = async () => {
        const { owner } = await this.successor(target)
        if (owner.member === circle.self || !circle.onRing) return
        circle.members.add(owner.member)
        circle.fingers.set(target, owner)
      }
      this.#begin(fix())
    }
  }

  /** This process stood still: others may have taken over, and written. */
  #distrust(): void {
    this.circle.claims.clear()
    for (const place of this.circle.places) {
      place.completeFrom = undefined
      place.compared = { from: undefined, members: new Set() }
    }
  }

  /** Begins what nobody waits for. */
  readonly #begin: Background = work => {
    work.catch((error: unknown) => {
      if (!this.#caller.closed && !isSilence(error)) this.#fail(error)
    })
  }
}

/** A contact that the application named. */
export const memberOf = (circle: Circle, contact: Contact | string): Member =>
  circle.members.of(typeof contact === 'string' ? { id: contact, addresses: [] } : contact)
