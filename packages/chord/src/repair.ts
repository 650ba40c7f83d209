import type { Caller } from './caller.ts'
import type { Stretch } from './claims.ts'
import { ChordError } from './errors.ts'
import { flagOf, listOf, positionOf, positionsOf, wholeOf } from './grammar.ts'
import { type Holder, pageEntries } from './holder.ts'
import type { Member } from './member.ts'
import type { Settings } from './options.ts'
import { listProcesses, type Place } from './place.ts'
import { type Position, isWithin } from './position.ts'
import type { Store } from './store.ts'
import { type Held, hashOf } from './table.ts'
import type { Upkeep } from './upkeep.ts'

/** Arcs repaired at a time. */
const repairsAtOnce = 4

/** Sees to it that arcs are complete and copies are where they belong, and hands on what is not ours any more. */
export class Repair {
  readonly #upkeep: Upkeep
  readonly #caller: Caller
  readonly #holder: Holder
  readonly #store: Store
  readonly #settings: Settings
  #running = 0
  #handing = false
  #handedAt = -Infinity

  constructor(upkeep: Upkeep, caller: Caller, holder: Holder, store: Store, settings: Settings) {
    this.#upkeep = upkeep
    this.#caller = caller
    this.#holder = holder
    this.#store = store
    this.#settings = settings
  }

  get #now(): number {
    return this.#settings.clock.monotonic()
  }

  /** Whether all arcs are complete. */
  get isComplete(): boolean {
    return this.#upkeep.circle.places.every(place => this.#isComplete(place))
  }

  /** Whether an arc is complete, and compared with its copies since its predecessor and those who hold them are what they are. */
  isCopied(place: Place): boolean {
    return this.#isComplete(place) && place.repaired === this.#arrangement(place)
  }

  /** Begins what is due, and says what went wrong with it. */
  tick(fail: (error: unknown) => void): void {
    const now = this.#now
    for (const place of this.#upkeep.circle.places) {
      if (this.#running >= repairsAtOnce) break
      const { predecessor } = place
      if (predecessor === undefined || place.repairing) continue
      const isDue = !this.isCopied(place) || now - place.repairedAt >= this.#settings.repairInterval
      if (!isDue) continue
      const next = () => {
        // After a crash most arcs are due: none of them waits for the next round.
        if (this.isCopied(place)) this.tick(fail)
      }
      this.repair(place).then(next, fail)
    }
    if (this.#handing || now - this.#handedAt < this.#settings.repairInterval) return
    this.#handedAt = now
    this.#upkeep.circle.claims.expire(now)
    this.#upkeep.circle.compared.expire(now)
    this.#store.expire()
    this.handOn().catch(fail)
  }

  /** Compares a place's arc with those who hold it or may have held it, until it is complete and all copies are. */
  async repair(place: Place): Promise<void> {
    const { predecessor } = place
    if (place.repairing || predecessor === undefined) return
    place.repairing = true
    this.#running++
    try {
      const arc: Stretch = { from: predecessor.position, to: place.position }
      const arrangement = this.#arrangement(place)
      const partners = this.#upkeep.circle.partners(place, listProcesses)
      const copies = this.#holder.copies - 1
      if (place.compared.from !== arc.from) place.compared = { from: arc.from, members: new Set() }
      const { members: compared } = place.compared
      const failed = new Set<Member>()
      const upTo = new Map<Member, number>()
      const compare = async (partner: Member, isCopy: boolean) => {
        const isWhole = await this.#reconcile(place, arc, partner, isCopy)
        if (isWhole !== undefined) compared.add(partner)
        else if (isCopy) failed.add(partner)
        if (isWhole === true) this.#complete(place, arc)
        upTo.set(partner, place.gained)
      }
      for (const partner of partners.slice(0, copies)) await compare(partner, true)
      // Those beyond the copies are asked for what they may have had before, until the arc is complete: all at once, for meanwhile nobody can write there.
      if (!this.#isComplete(place)) {
        const others = partners.slice(copies).filter(partner => !compared.has(partner))
        const results = await Promise.allSettled(others.map(partner => compare(partner, false)))
        for (const result of results) if (result.status === 'rejected') throw result.reason
      }
      // Nobody who may have had something was left out: there is no more.
      const living = this.#upkeep.circle.partners(place, listProcesses)
      if (living.every(partner => compared.has(partner))) this.#complete(place, arc)
      // What came from one was not there yet when another was compared.
      for (let pass = 0; pass < 2; pass++)
        for (const partner of partners.slice(0, copies))
          if (upTo.get(partner) !== place.gained) await compare(partner, true)
      if (failed.size > 0 || !this.#isComplete(place) || arrangement !== this.#arrangement(place)) return
      for (const partner of partners.slice(0, copies))
        if ((await this.#caller.askFirmly(partner, ['claim', arc.from, arc.to])) !== true) return
      // Who held a copy before is not told what is written from now on.
      if (place.repaired !== arrangement) {
        const others = partners.slice(copies)
        await Promise.all(
          others.map(partner => this.#caller.askFirmly(partner, ['disclaim', arc.from, arc.to])),
        )
      }
      place.repaired = arrangement
      place.repairedAt = this.#now
    } finally {
      place.repairing = false
      this.#running--
    }
  }

  /**
   * Gives what is not ours any more to its owners, and forgets it when they and their copies have it.
   *
   * @returns how many entries are left that could not be given
   */
  async handOn(): Promise<number> {
    this.#handing = true
    try {
      let left = 0
      const work = this.#store.tables.map((_, table) => this.#handOnTable(table))
      for (const result of await Promise.allSettled(work)) {
        if (result.status === 'rejected') throw result.reason
        left += result.value
      }
      return left
    } finally {
      this.#handing = false
    }
  }

  #isComplete({ predecessor, completeFrom }: Place): boolean {
    return predecessor !== undefined && completeFrom === predecessor.position
  }

  /** What a repair depends on. */
  #arrangement(place: Place): string {
    const partners = this.#upkeep.circle.partners(place, this.#holder.copies - 1)
    return [place.predecessor?.position, ...partners.map(({ id }) => id)].join(' ')
  }

  #complete(place: Place, { from, to }: Stretch): void {
    const { predecessor, completeFrom } = place
    if (completeFrom !== undefined && completeFrom !== from && isWithin(from, completeFrom, to)) return
    place.completeFrom = from
    if (predecessor !== undefined)
      this.#upkeep.circle.settle(place, this.#now, this.#upkeep.stabilisation.claimUntil)
  }

  /** Asks until there is an answer. @throws `P2P_NO_MEMBER` if there is none */
  async #ask(partner: Member, body: unknown, timeout?: number): Promise<unknown> {
    const reply = await this.#caller.askFirmly(partner, body, timeout)
    if (reply === undefined) throw new ChordError('P2P_NO_MEMBER', `${partner.id} does not answer any more`)
    return reply
  }

  /** Makes two processes hold the same of an arc. @returns whether the other had all of it; `undefined` if it failed */
  async #reconcile(
    place: Place,
    arc: Stretch,
    partner: Member,
    isCopy: boolean,
  ): Promise<boolean | undefined> {
    const sums = this.#store.tables.map((_, table) => this.#holder.fingerprint(table, arc.from, arc.to))
    const reply = await this.#caller.askFirmly(partner, ['digest', place.point.index, arc.from, arc.to, sums])
    if (reply === undefined) return undefined
    const [differing, isWhole] = listOf(reply, 2)
    // All at once: one after the other they took seconds where messages are lost, and meanwhile nobody can write there.
    const work = Array.from(new Set(listOf(differing)), table =>
      this.#reconcileTable(wholeOf(table, 5), place, arc, partner, isCopy),
    )
    for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason
    return flagOf(isWhole)
  }

  async #reconcileTable(
    table: number,
    place: Place,
    arc: Stretch,
    partner: Member,
    isCopy: boolean,
  ): Promise<void> {
    for (let from = arc.from; ;) {
      const own: Held[] = []
      let end = arc.to
      for (const held of this.#store.table(table).range(from, arc.to)) {
        if (this.#store.isOver(held.entry)) continue
        if (own.push(held) < pageEntries) continue
        end = held.position
        break
      }
      const list = own.flatMap(held => [held.position, hashOf(held)])
      const [rawUpTo, lacking, extra] = listOf(
        await this.#ask(partner, ['compare', table, from, end, list]),
        3,
      )
      const upTo = positionOf(rawUpTo)
      await this.#fetch(table, place, positionsOf(extra), partner)
      if (isCopy) await this.#send(table, positionsOf(lacking), partner, 'store')
      if (upTo === arc.to || !isWithin(upTo, from, arc.to)) return
      from = upTo
    }
  }

  async #fetch(table: number, place: Place, positions: readonly Position[], partner: Member): Promise<void> {
    for (let at = 0; at < positions.length;) {
      const reply = await this.#ask(partner, ['fetch', table, positions.slice(at)], transferTimeout)
      const [taken, entries] = listOf(reply, 2)
      // We have left meanwhile, and hand on what is here.
      if (!this.#upkeep.circle.places.includes(place)) return
      this.#holder.store(['store', entries])
      place.gained++
      // At least one at a time, or a peer could keep us here for ever.
      at += Math.max(1, wholeOf(taken, pageEntries + 1))
    }
  }

  async #send(
    table: number,
    positions: readonly Position[],
    partner: Member,
    how: 'store' | 'give',
  ): Promise<boolean> {
    for (let at = 0; at < positions.length;) {
      const [taken, entries] = this.#holder.pack(table, positions.slice(at))
      at += taken
      if (entries.length > 0 && (await this.#ask(partner, [how, entries], transferTimeout)) !== true)
        return false
    }
    return true
  }

  async #handOnTable(table: number): Promise<number> {
    const { circle } = this.#upkeep
    const orphans = [...this.#store.table(table)]
      .filter(({ position }) => !circle.isResponsible(position, this.#now))
      .sort((a, b) => (a.position < b.position ? -1 : 1))
    let left = 0
    for (let at = 0; at < orphans.length;) {
      const { position } = orphans[at] as Held
      const { owner, certain } = await this.#upkeep.successor(position)
      let end = at + 1
      while (
        end < orphans.length &&
        end - at < pageEntries &&
        isWithin((orphans[end] as Held).position, position, owner.position)
      )
        end++
      const batch = orphans.slice(at, end)
      at = end
      if (certain && owner.member !== circle.self && (await this.#giveTo(table, batch, owner.member)))
        continue
      left += batch.length
    }
    return left
  }

  /** @returns whether the owner has all of it now, and we forgot it */
  async #giveTo(table: number, batch: readonly Held[], owner: Member): Promise<boolean> {
    const list = batch.flatMap(held => [held.position, hashOf(held)])
    const lacking = positionsOf(await this.#ask(owner, ['lacks', table, list], transferTimeout))
    if (!(await this.#send(table, lacking, owner, 'give'))) return false
    for (const held of batch) {
      const { position } = held
      // What changed meanwhile is given the next time, and what became ours stays.
      const isSame = this.#store.table(table).get(position) === held
      if (isSame && !this.#upkeep.circle.isResponsible(position, this.#now))
        this.#store.table(table).delete(position)
    }
    return true
  }
}

/** For a page of entries, in milliseconds: the other may have to give them to its copies first. */
const transferTimeout = 2_000
