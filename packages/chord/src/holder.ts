import type { Entry } from '@p2p/replica'
import type { Caller } from './caller.ts'
import type { Circle } from './circle.ts'
import type { Stretch } from './claims.ts'
import { entrySize, isDeleted, isOvertaken, packEntry, parseEntry, versionOf } from './entries.ts'
import { flagOf, listOf, malformed, positionOf, positionsOf, textOf, wholeOf } from './grammar.ts'
import type { Member } from './member.ts'
import type { Settings } from './options.ts'
import { listProcesses, type Place } from './place.ts'
import { type Position, isInside, isWithin, toNumber, toPosition } from './position.ts'
import type { Store } from './store.ts'
import { hashOf } from './table.ts'

/** What an owner answers to a `get`. */
export const presence = { absent: 0, value: 1, notYet: 2 } as const
/** What an owner answers to a `put`. */
export const outcome = { notYet: 0, held: 1, overtaken: 2 } as const

/** Entries in one message take about so many bytes, unless one alone takes more. */
export const pageBytes: number = 256 * 1024
/** Entries that one message compares or asks for. */
export const pageEntries = 512

/** Answers for the entries that are here: as their owner, as the holder of a copy, and to those who compare. */
export class Holder {
  readonly #circle: Circle
  readonly #caller: Caller
  readonly #store: Store
  readonly #settings: Settings

  constructor(circle: Circle, caller: Caller, store: Store, settings: Settings) {
    this.#circle = circle
    this.#caller = caller
    this.#store = store
    this.#settings = settings
  }

  get #now(): number {
    return this.#settings.clock.monotonic()
  }

  /** Does what a look-up brought to the owner of a position, or to who may be it. */
  query(position: Position, place: Place, isCertain: boolean, query: unknown): unknown {
    if (query === null) return null
    const [name, table, more] = listOf(query)
    const index = wholeOf(table, 5)
    switch (textOf(name)) {
      case 'get':
        return this.#get(index, position, place, isCertain)
      case 'put':
        return this.#put(index, position, place, isCertain, parseEntry(more, this.#settings.limits))
      case 'page':
        return this.#page(index, position, place, isCertain, wholeOf(more, pageEntries + 1))
      default:
        return malformed('an unknown query')
    }
  }

  #get(table: number, position: Position, place: Place, isCertain: boolean): unknown {
    if (this.#hasAll(position, place)) return this.#tell(table, position)
    // What lies here may be a copy from long ago, that nobody has brought up to date since others hold the copies
    const notYet = [presence.notYet, null, 0]
    if (!isCertain) return notYet
    return this.#readThrough(table, position, place).then(isKnown =>
      isKnown ? this.#tell(table, position) : notYet,
    )
  }

  /** Whether all that was acknowledged at a position is here; most often because it is on the arc of this place. */
  #hasAll(position: Position, { completeFrom, position: end }: Place): boolean {
    return (
      (completeFrom !== undefined && isWithin(position, completeFrom, end)) ||
      this.#circle.hasAll(position, this.#now)
    )
  }

  #tell(table: number, position: Position): unknown {
    const held = this.#store.get(table, position)
    if (held === undefined) return [presence.absent, null, 0]
    // A deletion is told as what it is, for it has a version.
    const state = isDeleted(held.entry) ? presence.absent : presence.value
    return [state, packEntry(held.entry), Math.round(this.#now - held.since)]
  }

  async #put(
    table: number,
    position: Position,
    place: Place,
    isCertain: boolean,
    entry: Entry,
  ): Promise<unknown> {
    const notYet = [outcome.notYet, 0, 0, 0, false]
    if (!isCertain) return notYet
    if (!this.#hasAll(position, place) && !(await this.#readThrough(table, position, place))) return notYet
    const before = this.#store.get(table, position)?.entry
    const was = before !== undefined && !isDeleted(before)
    if (before !== undefined && isOvertaken(before, entry)) {
      const { stamp } = versionOf(before)
      return [outcome.overtaken, 0, stamp.time, stamp.count, was]
    }
    const held = this.#store.put(table, position, entry)
    if (held === undefined) return notYet
    const copies = await this.replicate(place, [[table, held.entry]])
    // Meanwhile another may have come between: then those who hold it now are not those who should.
    const owner = this.#circle.owner(position, new Set())
    if (copies === undefined || owner?.place !== place) return notYet
    return [outcome.held, copies, 0, 0, was]
  }

  /** Gives entries to all that are to hold a copy. @returns how many processes hold them, this one included; `undefined` if it did not come about */
  async replicate(
    place: Place,
    entries: readonly (readonly [table: number, entry: Entry])[],
  ): Promise<number | undefined> {
    const body = ['store', entries.map(([table, entry]) => [table, packEntry(entry)])]
    const wanted = this.copies - 1
    const done = new Set<Member>()
    for (let round = 0; round < 8; round++) {
      const targets = this.#circle.partners(place, wanted)
      const missing = targets.filter(member => !done.has(member))
      if (missing.length === 0) return targets.length + 1
      const results = await Promise.all(missing.map(member => this.#caller.askFirmly(member, body)))
      // Who is dead is no partner any more, and the next one is.
      results.forEach((result, index) => {
        const member = missing[index] as Member
        if (result === true) done.add(member)
        else if (result !== undefined) this.#circle.drop(member, false)
      })
    }
    return undefined
  }

  /** How many processes are to hold each entry: one more while this one is about to leave. */
  get copies(): number {
    return this.#settings.copies + (this.#circle.standing === 'leaving' ? 1 : 0)
  }

  /** While an arc is incomplete: asks those who had it for one position. @returns whether now all is known that was acknowledged */
  async #readThrough(table: number, position: Position, place: Place): Promise<boolean> {
    const partners = this.#circle.partners(place, listProcesses)
    const answers = await Promise.allSettled(
      partners.map(async member => {
        const [isComplete, entry] = listOf(await this.#caller.ask(member, ['peek', table, position]), 2)
        if (entry !== null) {
          this.#store.put(table, position, parseEntry(entry, this.#settings.limits))
          place.gained++
        }
        return flagOf(isComplete)
      }),
    )
    return (
      answers.some(answer => answer.status === 'fulfilled' && answer.value) ||
      // Nobody who may have had something was left out.
      answers.every(({ status }) => status === 'fulfilled') ||
      this.#circle.hasAll(position, this.#now)
    )
  }

  /** What is here, whoever owns it. */
  peek(body: readonly unknown[]): unknown {
    const [, table, position] = listOf(body, 3)
    const at = positionOf(position)
    const held = this.#store.get(wholeOf(table, 5), at)
    return [this.#circle.hasAll(at, this.#now), held === undefined ? null : packEntry(held.entry)]
  }

  /** Takes entries in, without asking whether they belong here. */
  store(body: readonly unknown[]): readonly (readonly [number, Entry])[] {
    const [, items] = listOf(body, 2)
    const taken: [number, Entry][] = []
    for (const item of listOf(items)) {
      const [rawTable, rawEntry] = listOf(item, 2)
      const table = wholeOf(rawTable, 5)
      const entry = parseEntry(rawEntry, this.#settings.limits)
      const held = this.#store.put(table, this.#store.positionOf(entry, table), entry)
      if (held !== undefined) taken.push([table, held.entry])
    }
    return taken
  }

  /** Entries that somebody else holds and who thinks that we own them: we and our copies have them before we answer. */
  async give(body: readonly unknown[]): Promise<unknown> {
    if (!this.#circle.onRing) return false
    const taken = this.store(body)
    const byPlace = new Map<Place, (readonly [number, Entry])[]>()
    for (const item of taken) {
      const owner = this.#circle.owner(this.#store.positionOf(item[1], item[0]), new Set())
      if (owner?.ownership !== 'yes') return false
      byPlace.set(owner.place, [...(byPlace.get(owner.place) ?? []), item])
    }
    for (const [place, items] of byPlace) if ((await this.replicate(place, items)) === undefined) return false
    return true
  }

  /** The owner of an arc says that this node has all of it now. */
  claim(from: Member, body: readonly unknown[], until: number): unknown {
    const [, rawFrom, rawTo] = listOf(body, 3)
    const arc = arcOf(from, rawFrom, rawTo)
    // Who has left hands on what it holds: a claim would keep it from that for as long as it lasts.
    if (!this.#circle.onRing) return false
    // Nobody owns an arc on which we are, whoever it is: it does not know us yet, and asks again.
    if (this.#circle.places.some(({ position }) => isInside(position, arc.from, arc.to))) return false
    this.#circle.claims.add(arc, until)
    return true
  }

  /** The owner of an arc says that others hold the copies. */
  disclaim(from: Member, body: readonly unknown[]): unknown {
    const [, rawFrom, rawTo] = listOf(body, 3)
    this.#circle.claims.remove(arcOf(from, rawFrom, rawTo))
    return true
  }

  /** Compares a whole arc with its owner. */
  digest(asker: Member, body: readonly unknown[], until: number): unknown {
    const [, , rawFrom, rawTo, sums] = listOf(body, 5)
    const { from, to } = arcOf(asker, rawFrom, rawTo)
    if (this.#circle.onRing) this.#circle.compared.add({ from, to }, until)
    const differing = listOf(sums, 5).flatMap((sum, table) =>
      sum === this.fingerprint(table, from, to) ? [] : [table],
    )
    return [differing, this.#circle.hasAllOf({ from, to }, this.#now)]
  }

  fingerprint(table: number, from: Position, to: Position): string {
    return this.#store.table(table).fingerprint(from, to, this.#store.isOver)
  }

  /** Says which entries of a stretch differ: `[as far as it looked, what we lack, what we have and the other lacks]`. */
  compare(body: readonly unknown[]): unknown {
    const [, rawTable, rawFrom, rawTo, rawTheirs] = listOf(body, 5)
    const [from, to] = [positionOf(rawFrom), positionOf(rawTo)]
    const theirs = listOf(rawTheirs)
    const known = new Map<Position, unknown>()
    for (let at = 0; at < theirs.length; at += 2) known.set(positionOf(theirs[at]), theirs[at + 1])
    const extra: Position[] = []
    const same = new Set<Position>()
    let end = to
    for (const held of this.#store.table(wholeOf(rawTable, 5)).range(from, to)) {
      if (this.#store.isOver(held.entry)) continue
      if (known.get(held.position) === hashOf(held)) same.add(held.position)
      else if (extra.push(held.position) >= pageEntries) {
        end = held.position
        break
      }
    }
    const lacking = [...known.keys()].filter(position => !same.has(position) && isWithin(position, from, end))
    return [end, lacking, extra]
  }

  /** Which of these entries are not here as they are there. */
  lacks(body: readonly unknown[]): unknown {
    const [, rawTable, rawTheirs] = listOf(body, 3)
    const theirs = listOf(rawTheirs)
    const table = this.#store.table(wholeOf(rawTable, 5))
    const lacking: Position[] = []
    for (let at = 0; at < theirs.length; at += 2) {
      const position = positionOf(theirs[at])
      const held = table.get(position)
      if (held === undefined || hashOf(held) !== theirs[at + 1]) lacking.push(position)
    }
    return lacking
  }

  /** The entries at some positions, as many as one message holds. */
  fetch(body: readonly unknown[]): unknown {
    const [, table, positions] = listOf(body, 3)
    return this.pack(wholeOf(table, 5), positionsOf(positions))
  }

  /** As many of these entries as one message holds, and how many positions they cover. */
  pack(table: number, positions: readonly Position[]): [taken: number, entries: unknown[]] {
    const entries: unknown[] = []
    let taken = 0
    let size = 0
    for (const position of positions) {
      const held = this.#store.get(table, position)
      if (held !== undefined) {
        size += held.size
        if (entries.length > 0 && size > pageBytes) break
        entries.push([table, packEntry(held.entry)])
      }
      taken++
    }
    return [taken, entries]
  }

  /** For who walks the ring: what is live from a position to the end of the arc. */
  #page(table: number, position: Position, place: Place, isCertain: boolean, most: number): unknown {
    const { completeFrom, position: end } = place
    if (completeFrom !== undefined && isWithin(position, completeFrom, end))
      return this.#pageUpTo(end, table, position, place, most)
    const notYet = [false, position, []]
    if (!isCertain) return notYet
    return this.#gather(table, position, place).then(upTo =>
      upTo === undefined ? notYet : this.#pageUpTo(upTo, table, position, place, most),
    )
  }

  /**
   * While an arc is incomplete: takes over what those who had it have of it from a position on.
   *
   * @returns how far all of them told; `undefined` if somebody who may have had something was left out
   */
  async #gather(table: number, position: Position, place: Place): Promise<Position | undefined> {
    const before = toPosition(toNumber(position) - 1n)
    const list: string[] = []
    let end = place.position
    for (const held of this.#store.table(table).range(before, end)) {
      if (list.push(held.position, hashOf(held)) < 2 * pageEntries) continue
      end = held.position
      break
    }
    const gather = async (member: Member) => {
      const reply = await this.#caller.ask(member, ['compare', table, before, end, list])
      const [upTo, , rawExtra] = listOf(reply, 3)
      const extra = positionsOf(rawExtra)
      for (let at = 0; at < extra.length;) {
        const body = ['fetch', table, extra.slice(at)]
        const [taken, entries] = listOf(await this.#caller.ask(member, body), 2)
        // We have left meanwhile, and hand on what is here.
        if (!this.#circle.places.includes(place)) return undefined
        this.store(['store', entries])
        place.gained++
        at += Math.max(1, wholeOf(taken, pageEntries + 1))
      }
      return positionOf(upTo)
    }
    for (const answer of await Promise.allSettled(
      this.#circle.partners(place, listProcesses).map(member => gather(member)),
    )) {
      if (answer.status === 'rejected' || answer.value === undefined) return undefined
      if (isWithin(answer.value, before, end)) end = answer.value
    }
    return end
  }

  #pageUpTo(end: Position, table: number, position: Position, place: Place, most: number): unknown {
    const entries: unknown[] = []
    let size = 0
    // The position itself belongs to the page.
    const first = this.#store.get(table, position)
    const rest = position === end ? [] : this.#store.table(table).range(position, end)
    for (const held of [...(first === undefined ? [] : [first]), ...rest]) {
      if (isDeleted(held.entry)) continue
      size += entrySize(held.entry)
      if (entries.length > 0 && (entries.length >= most || size > pageBytes))
        return [true, held.position, entries]
      entries.push(packEntry(held.entry))
    }
    return [true, end === place.position ? null : toPosition(toNumber(end) + 1n), entries]
  }
}

/** An arc of which somebody speaks as its owner: it ends at one of its points. @throws `P2P_MALFORMED` */
const arcOf = (owner: Member, rawFrom: unknown, rawTo: unknown): Stretch => {
  const [from, to] = [positionOf(rawFrom), positionOf(rawTo)]
  if (!owner.points.some(({ position }) => position === to)) malformed("an arc that is not the asker's")
  return { from, to }
}
