import type { Clock } from '@p2p/interfaces'
import type { Caller } from './caller.ts'
import type { Circle } from './circle.ts'
import { ChordError } from './errors.ts'
import { listOf, membersOf, pointsOf, wholeOf } from './grammar.ts'
import type { Member, Point } from './member.ts'
import { type Position, isInside, isWithin } from './position.ts'

/** What a process says about a position: others are nearer, it may be mine, it is mine. */
export const nearness = { others: 0, maybe: 1, mine: 2 } as const

/** Requests of one look-up that are under way and not late. */
const parallel = 2
/** Processes that one look-up asks at most. */
const mostAsked = 64

/** What a look-up is to do. */
export interface Quest {
  readonly position: Position
  /** Done by the owner where it is found; `null` if it is only to be found. */
  readonly query: unknown
  /** Whether the query is so small that it goes along to everybody. */
  readonly light: boolean
  /** Whether an answer of somebody who may be the owner will do. */
  readonly accept: (answer: unknown) => boolean
}

/** How it ended. */
export interface Found {
  readonly owner: Point
  /** Points that follow the owner's, as the owner says; none where there was a query. */
  readonly following: readonly Point[]
  readonly certain: boolean
  readonly answer: unknown
  /** How many processes were asked one after the other until this one, itself included. */
  readonly hops: number
}

interface Candidate {
  readonly point: Point
  readonly hops: number
}

/**
 * An iterative look-up: it asks who is nearest before the position, then who is said to be its owner, and goes around those that do not answer.
 * One is late before it is dead: then another is asked beside it.
 */
export class LookUp {
  readonly #circle: Circle
  readonly #caller: Caller
  readonly #clock: Clock
  readonly #quest: Quest
  readonly #before: Candidate[] = []
  readonly #after: Candidate[] = []
  /** Asked, and whether as the presumed owner: then it tells who precedes it. */
  readonly #asked = new Map<Member, boolean>()
  /** Failed or late: others need not send us there. */
  readonly #skip = new Set<Member>()
  readonly #failed = new Set<Member>()
  /** Who was named as nearer, and by whom: should it not answer, that one may be the owner after all. */
  readonly #namers = new Map<Member, Member>()
  #running = 0
  #prompt = 0
  #isFarther = false
  #fallback: Found | undefined
  #settled = false
  #resolve!: (found: Found) => void
  #reject!: (error: unknown) => void

  constructor(circle: Circle, caller: Caller, clock: Clock, quest: Quest) {
    this.#circle = circle
    this.#caller = caller
    this.#clock = clock
    this.#quest = quest
  }

  /**
   * @param through begins there instead of with those known here, and leaves this node out: who would own the position without it, as that one's ring knows
   * @throws `P2P_OWNER_NOT_FOUND`, `P2P_NO_MEMBER`
   */
  run(through?: Member): Promise<Found> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      if (through !== undefined) {
        this.#isFarther = true
        this.#skip.add(this.#circle.self)
        this.#asked.set(this.#circle.self, true)
        this.#consider(this.#before, through.points[0] as Point, 0)
      } else this.#begin()
      this.#next()
    })
  }

  /** Goes on where one who was taken for the owner has been asked already. */
  goOn(owner: Point, reply: Promise<unknown>, late: boolean): Promise<Found> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#begin()
      const candidate = this.#after.find(({ point }) => point === owner) ?? { point: owner, hops: 1 }
      this.#asked.set(owner.member, true)
      this.#await(candidate, reply, true, late)
      if (late) this.#next()
    })
  }

  #begin(): void {
    const { members, places } = this.#circle
    const { position } = this.#quest
    const own = this.#circle.owner(position, this.#skip)
    if (own?.ownership === 'yes') {
      this.#consider(this.#after, own.place.point, -1)
      return
    }
    // Perhaps ours: as good a guess as another's.
    if (own !== undefined) this.#consider(this.#after, own.place.point, -1)
    // Who knows everybody knows the owner.
    if (members.size <= this.#circle.fullUpTo)
      for (const point of members.routes.processes(position, 3)) this.#consider(this.#after, point, 0)
    for (const place of places) {
      const [head] = place.successors
      if (head !== undefined && isWithin(position, place.position, head.position))
        for (const point of place.successors) this.#consider(this.#after, point, 0)
    }
  }

  /** Whoever is known before the position: needed where nobody who may own it is known, or answers. */
  #goFarther(): void {
    if (this.#isFarther) return
    this.#isFarther = true
    const { members } = this.#circle
    let count = 0
    for (const point of members.routes.before(this.#quest.position)) {
      if (point.member === members.self) continue
      this.#consider(this.#before, point, 0)
      if (++count >= mostAsked / 2) break
    }
  }

  #consider(list: Candidate[], point: Point, hops: number): void {
    if (list.some(known => known.point === point)) return
    const { position } = this.#quest
    const nearer = (a: Position, b: Position) =>
      list === this.#before
        ? isInside(a, b, position)
        : a === position || (b !== position && isInside(a, position, b))
    let at = list.length
    while (at > 0 && nearer(point.position, (list[at - 1] as Candidate).point.position)) at--
    list.splice(at, 0, { point, hops: hops + 1 })
  }

  /** Asks as many as may be asked. */
  #next(): void {
    while (!this.#settled && this.#prompt < parallel) {
      const candidate = this.#pick()
      if (candidate === undefined) break
      this.#ask(candidate)
      // Who is said to own it is asked alone at first.
      if (this.#isPresumed(candidate)) break
    }
    if (this.#settled) return
    const { owner } = this.#fallback ?? {}
    // Those who are late are waited for only if they are nearer.
    if (owner !== undefined && this.#prompt === 0 && !this.#isSomebodyNearer(owner))
      this.#finish(this.#fallback as Found)
    if (this.#running > 0) return
    if (this.#fallback !== undefined) this.#finish(this.#fallback)
    else if (this.#asked.size === 0)
      this.#fail(new ChordError('P2P_NO_MEMBER', 'no member of the ring is known'))
    else if (this.#failed.size === this.#asked.size)
      this.#fail(new ChordError('P2P_NO_MEMBER', 'no member of the ring answers'))
    else this.#fail(new ChordError('P2P_OWNER_NOT_FOUND', 'no process said that the position is its own'))
  }

  #isPresumed({ point }: Candidate): boolean {
    return this.#after.some(known => known.point === point)
  }

  #pick(): Candidate | undefined {
    if (this.#asked.size >= mostAsked) return undefined
    for (const candidate of this.#after) {
      const { member } = candidate.point
      if (this.#asked.get(member) !== true) return candidate
      // Who comes after it is of interest only where it does not answer.
      if (!this.#skip.has(member)) break
    }
    this.#goFarther()
    if (this.#fallback !== undefined) {
      // Somebody may be the owner: who is just before the position, of those that answer, knows.
      const nearest = this.#before.find(({ point }) => !this.#skip.has(point.member))
      return nearest !== undefined && !this.#asked.has(nearest.point.member) ? nearest : undefined
    }
    const isUnasked = ({ point }: Candidate) => !this.#asked.has(point.member)
    // The last ones were passed over because somebody nearer had answered.
    return (
      this.#before.find(isUnasked) ?? this.#after.find(({ point }) => this.#asked.get(point.member) !== true)
    )
  }

  #ask(candidate: Candidate, isPresumed = this.#isPresumed(candidate)): void {
    const { member } = candidate.point
    const { position, query, light } = this.#quest
    const sent = light || isPresumed ? query : null
    const skip = Array.from(this.#skip, ({ id }) => id)
    const timeout = this.#caller.timeoutOf(member, 1)
    const reply = this.#caller.ask(member, ['find', position, skip, sent, isPresumed], timeout)
    this.#asked.set(member, isPresumed)
    // Who did not answer the last time is late at once.
    this.#await(candidate, reply, sent !== null, member.misses > 0)
  }

  #await(candidate: Candidate, reply: Promise<unknown>, withQuery: boolean, isLate: boolean): void {
    const { member } = candidate.point
    let late = isLate
    this.#running++
    this.#prompt++
    if (late) this.#beLate(member)
    const timer =
      late || member === this.#circle.self
        ? undefined
        : this.#clock.after(this.#caller.timeoutOf(member) / 2, () => {
            late = true
            this.#beLate(member)
            this.#next()
          })
    const over = () => {
      timer?.[Symbol.dispose]()
      this.#running--
      if (!late) this.#prompt--
    }
    reply.then(
      content => {
        over()
        if (this.#settled) return
        try {
          this.#skip.delete(member)
          this.#take(candidate, content, withQuery)
        } catch {
          this.#miss(member)
        }
        this.#next()
      },
      () => {
        over()
        if (this.#settled) return
        this.#miss(member)
        this.#next()
      },
    )
  }

  /** It is waited for no longer before another is asked. */
  #beLate(member: Member): void {
    this.#prompt--
    this.#avoid(member)
  }

  #avoid(member: Member): void {
    this.#skip.add(member)
    const namer = this.#namers.get(member)
    if (namer !== undefined && this.#asked.has(namer)) this.#asked.set(namer, false)
    this.#namers.delete(member)
  }

  #miss(member: Member): void {
    this.#failed.add(member)
    this.#avoid(member)
  }

  #take({ point, hops }: Candidate, reply: unknown, withQuery: boolean): void {
    const [rawKind, contacts, rawBefore, rawAfter, answer] = listOf(reply, 5)
    const kind = wholeOf(rawKind, 3)
    const named = membersOf(contacts, this.#circle.members)
    const before = pointsOf(rawBefore, named)
    const after = pointsOf(rawAfter, named)
    // Who did what it was asked to does not name itself.
    if (kind === nearness.mine && after.length === 0) after.push(point)
    const [owner, ...following] = after
    if (kind !== nearness.others && owner?.member === point.member) {
      if (this.#quest.query !== null && !withQuery) {
        // The query was too heavy to take along.
        this.#ask({ point: owner, hops }, true)
        return
      }
      const found = { owner, following, certain: kind === nearness.mine, answer, hops }
      this.#consider(this.#after, owner, hops - 1)
      const isNext =
        !this.#isSomebodyNearer(owner) && this.#quest.query !== null && this.#quest.accept(answer)
      if (found.certain || isNext) this.#finish(found)
      else if (this.#fallback === undefined || this.#isNearer(owner, this.#fallback.owner))
        this.#fallback = found
      return
    }
    for (const each of before) this.#consider(this.#before, each, hops)
    for (const each of after) this.#consider(this.#after, each, hops)
    if (owner !== undefined && this.#asked.get(point.member) === true)
      this.#namers.set(owner.member, point.member)
  }

  /** Whether one point follows the position before another. */
  #isNearer(a: Point, b: Point): boolean {
    const { position } = this.#quest
    return a.position === position || (b.position !== position && isInside(a.position, position, b.position))
  }

  /** Whether somebody who may own the position before this one has not failed yet. */
  #isSomebodyNearer(owner: Point): boolean {
    for (const { point } of this.#after) {
      if (point === owner) return false
      if (point.member !== owner.member && !this.#failed.has(point.member)) return true
    }
    return false
  }

  #finish(found: Found): void {
    if (this.#settled) return
    this.#settled = true
    this.#resolve(found)
  }

  #fail(error: ChordError): void {
    this.#settled = true
    this.#reject(error)
  }
}

/**
 * Who knows everybody knows the owner, asks it, and nobody else; only where it is late, does not answer, or is not the owner, a {@link LookUp} goes on.
 *
 * @throws `P2P_OWNER_NOT_FOUND`, `P2P_NO_MEMBER`
 */
export const lookUp = (circle: Circle, caller: Caller, clock: Clock, quest: Quest): Promise<Found> => {
  const { members, fullUpTo } = circle
  const owner = members.size > fullUpTo ? undefined : members.routes.first(quest.position)
  if (owner === undefined || owner.member === members.self || owner.member.misses > 0 || quest.query === null)
    return new LookUp(circle, caller, clock, quest).run()
  const { member } = owner
  return new Promise((resolve, reject) => {
    let isOpen = true
    const goOn = (reply: Promise<unknown>, late: boolean) => {
      isOpen = false
      new LookUp(circle, caller, clock, quest).goOn(owner, reply, late).then(resolve, reject)
    }
    const timer = clock.after(caller.timeoutOf(member) / 2, () => goOn(asked, true))
    const body = ['find', quest.position, [], quest.query, true]
    const asked = caller.ask(member, body, caller.timeoutOf(member, 1))
    asked.then(
      reply => {
        if (!isOpen) return
        timer[Symbol.dispose]()
        if (isDone(reply)) resolve({ owner, following: [], certain: true, answer: reply[4], hops: 1 })
        else goOn(asked, false)
      },
      () => {
        if (!isOpen) return
        timer[Symbol.dispose]()
        goOn(asked, false)
      },
    )
  })
}

/** Whether the owner has done what it was asked to: then it names nobody. */
const isDone = (reply: unknown): reply is readonly unknown[] =>
  Array.isArray(reply) &&
  reply.length === 5 &&
  reply[0] === nearness.mine &&
  Array.isArray(reply[3]) &&
  reply[3].length === 0
