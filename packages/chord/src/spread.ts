import type { Caller } from './caller.ts'
import type { Circle } from './circle.ts'
import { isSilence } from './caller.ts'
import { flagOf, idOf, listOf, malformed, positionOf, stampOf, wholeOf } from './grammar.ts'
import { checkKey } from './key.ts'
import type { Interest } from './interest.ts'
import type { Member, Point } from './member.ts'
import type { Settings } from './options.ts'
import type { Position } from './position.ts'
import { type Key, type Stamp, encodeStamp } from '@p2p/replica'

/** A change of a key, as it is told around. */
export interface Change {
  readonly type: 'add' | 'update' | 'delete'
  readonly key: Key
  /** Who wrote, and when: names the change. */
  readonly writer: string
  readonly stamp: Stamp
}

const types: readonly Change['type'][] = ['add', 'update', 'delete']

/** Processes that one tells, each of which tells as many. */
const fanOut = 4
/** Changes in one message. */
const batchLimit = 256
/** Changes that are remembered, so that none is told twice. */
const rememberedLimit = 8_192
/** Milliseconds for which changes are collected. */
const collecting = 20

/** What a spread needs to know. */
export interface SpreadOptions {
  readonly circle: Circle
  readonly caller: Caller
  readonly settings: Settings
  readonly interest: Interest
  /** Whether this node knows everybody on the ring, as far as it can tell. */
  readonly knowsAll: () => boolean
  /** Tells the application. */
  readonly tell: (change: Change) => void
}

/**
 * Tells those who listen of changes: the listening processes that a node knows are divided into a few arcs, and the first of each is told to tell the others on
 * its arc. In a ring in which not everybody knows everybody all are told, so that they tell those whom they know. Each change is told to the application once.
 * It is a notice, not a log: who was not there is not told later.
 */
export class Spread {
  readonly #options: SpreadOptions
  readonly #remembered = new Set<string>()
  #waiting: Change[] = []
  #timer: Disposable | undefined

  constructor(options: SpreadOptions) {
    this.#options = options
  }

  close(): void {
    this.#timer?.[Symbol.dispose]()
  }

  /** A change that this node made. */
  announce(change: Change): void {
    if (!this.#remember(change)) return
    this.#options.tell(change)
    this.#waiting.push(change)
    this.#timer ??= this.#options.settings.clock.after(collecting, () => {
      this.#timer = undefined
      const changes = this.#waiting
      this.#waiting = []
      for (let at = 0; at < changes.length; at += batchLimit)
        this.#pass(changes.slice(at, at + batchLimit), undefined, undefined)
    })
  }

  /** What another passes on: `['spread', [until] or [], whether to pass it on, changes]`. @returns whether this node listens */
  take(from: Member, request: readonly unknown[]): unknown {
    const { settings, tell, interest } = this.#options
    const [, rawUntil, passes, rawChanges] = listOf(request, 4)
    const until = listOf(rawUntil).map(positionOf)[0]
    const fresh: Change[] = []
    for (const item of listOf(rawChanges)) {
      const [type, key, writer, time, count] = listOf(item, 5)
      const change: Change = {
        type: types[wholeOf(type, types.length)] as Change['type'],
        key: readKey(key, settings.limits.keyLength),
        writer: idOf(writer),
        stamp: stampOf(time, count),
      }
      if (!this.#remember(change)) continue
      tell(change)
      fresh.push(change)
    }
    if (flagOf(passes) && fresh.length > 0) this.#pass(fresh, until, from)
    return interest.answer(from)
  }

  /** Tells those who listen on the arc from here to `until`, or anywhere. */
  #pass(changes: readonly Change[], until: Position | undefined, from: Member | undefined): void {
    const items = changes.map(({ type, key, writer, stamp }) => [
      types.indexOf(type),
      key,
      writer,
      stamp.time,
      stamp.count,
    ])
    const { circle, interest, knowsAll } = this.#options
    for (const member of interest.subscribers)
      if (member !== from) this.#send([member], ['spread', [], false, items])
    const { members } = circle
    const toAll = !knowsAll()
    // Most often nobody listens, and all have said so.
    if (!toAll && !isSome(members, ({ listens }) => listens !== false)) return
    const start = members.self.points[0] as Point
    const others: Point[] = []
    const seen = new Set<Member>([members.self])
    // First points only: each process has one, so each is on one arc.
    for (const point of members.routes.from(start.position)) {
      if (until !== undefined && point.position === until) break
      if (point.index !== 0 || seen.has(point.member)) continue
      if (until !== undefined && !isBefore(point.position, until, start.position)) break
      seen.add(point.member)
      const { member } = point
      if (toAll || member.listens === true) others.push(point)
      // Not known of it yet, and whoever told us may have relied on us: it is asked so.
      else if (member !== from && member.listens === undefined)
        this.#send([member], ['spread', [], false, items])
    }
    const size = Math.ceil(others.length / fanOut)
    for (let at = 0; at < others.length; at += size) {
      const group = others.slice(at, at + size)
      const end = others[at + size]?.position ?? until ?? start.position
      // Should the first of an arc not answer, the next one is told instead, and so on.
      this.#send(
        group.map(({ member }) => member),
        ['spread', [end], true, items],
      )
    }
  }

  #send(members: readonly Member[], body: unknown): void {
    const attempt = async () => {
      for (const member of members) {
        const { timesSaid } = member
        try {
          const answer = await this.#options.caller.ask(member, body)
          member.answeredWhetherItListens(answer === true, timesSaid)
          return
        } catch (error) {
          if (!isSilence(error)) return
        }
      }
    }
    void attempt()
  }

  #remember({ type, key, writer, stamp }: Change): boolean {
    const name = `${type} ${encodeStamp(stamp)} ${writer} ${typeof key === 'string' ? key : key.join()}`
    if (this.#remembered.has(name)) return false
    this.#remembered.add(name)
    const [oldest] = this.#remembered
    if (this.#remembered.size > rememberedLimit && oldest !== undefined) this.#remembered.delete(oldest)
    return true
  }
}

const isSome = (members: Iterable<Member>, wanted: (member: Member) => boolean): boolean => {
  for (const member of members) if (wanted(member)) return true
  return false
}

/** Whether one meets `position` before `until`, clockwise from `start`. */
const isBefore = (position: Position, until: Position, start: Position): boolean => {
  if (until === start) return true
  const [wraps, endWraps] = [position < start, until < start]
  return wraps === endWraps ? position < until : endWraps
}

const readKey = (key: unknown, limit: number): Key => {
  try {
    return checkKey(key, limit)
  } catch (error) {
    return malformed(error instanceof Error ? error.message : 'not a key')
  }
}
