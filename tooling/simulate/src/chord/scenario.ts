import { type RunReport, type SeededRandom, Simulation } from '@p2p/simulation'
import type { RunOptions } from '../protocol.ts'
import { Violations } from '../world/violations.ts'
import { imperfectionOf, violationsOf } from './circle-checks.ts'
import { type Peer, Peers } from './peers.ts'
import { TableWitness } from './table-witness.ts'

/** Between two rounds of stabilisation, and between two comparisons of an arc with its copies, in milliseconds. */
const interval = 500
const repairInterval = 4_000

/** After a fault, so many milliseconds until everybody knows and all copies are there again. */
const recovery = 15_000

const kinds = ['crashes', 'replacement', 'loss', 'pauses', 'partitions'] as const

/** A ring of processes, drawn from a seed: README.md says what must hold. */
export const runChord = async ({ seed, nodes }: RunOptions): Promise<RunReport> => {
  const simulation = new Simulation({ seed })
  const run = new Run(simulation, nodes)
  await run.start()
  await run.faults()
  await run.finish()
  return simulation.end()
}

class Run {
  readonly #simulation: Simulation
  readonly #dice: SeededRandom
  readonly #load: SeededRandom
  readonly #peers: Peers
  readonly #witness: TableWitness
  readonly #violations = new Violations()
  readonly #count: number
  readonly #copies: number
  readonly #kind: (typeof kinds)[number]
  /** Zave's invariant is promised now. */
  #ordered = true
  #seen = -1

  constructor(simulation: Simulation, nodes: number | undefined) {
    this.#simulation = simulation
    const dice = simulation.random.fork('plan')
    this.#dice = dice
    this.#load = simulation.random.fork('load')
    const size = dice.next()
    const kind = dice.pick(kinds)
    // With losses a process that lives may be taken for dead: the lists must be longer than what crashes at the same time.
    const least = kind === 'loss' ? 7 : 3
    this.#count =
      nodes ??
      (size < 0.94
        ? least + dice.integer(10 - least)
        : size < 0.98
          ? 10 + dice.integer(15)
          : 40 + dice.integer(25))
    this.#copies = dice.pick([2, 2, 3])
    this.#kind = kind
    const points = this.#count > 24 ? 1 : dice.pick([1, 1, 2, 4])
    const known = dice.pick([256, 256, 0])
    this.#peers = new Peers({
      simulation,
      random: simulation.random.fork('peers'),
      latency: dice.pick([
        [1, 10],
        [20, 80],
      ] as const),
      chord: { points, copies: this.#copies, interval, repairInterval, limits: { known } },
    })
    this.#witness = new TableWitness(this.#violations, () => simulation.clock.monotonic())
    simulation.trace(
      `${this.#count} processes, ${points} points, ${this.#copies} copies, ${this.#kind}, known ${known}`,
    )
    simulation.always('the ring is one, in order', () => this.#checkRing())
    simulation.always('the table is right', () => this.#violations.check())
  }

  /** The ring is made, one by one or several at a time. */
  async start(): Promise<void> {
    const first = this.#peers.start()
    await this.#simulation.run(first.chord.join())
    while (this.#peers.alive.length < this.#count) {
      const batch = Math.min(this.#count - this.#peers.alive.length, this.#dice.pick([1, 1, 3, 8]))
      await this.#simulation.run(Promise.all(Array.from({ length: batch }, () => this.#join())))
    }
    await this.#settle('the start')
    await this.#write(this.#dice.between(3_000, 8_000))
  }

  async faults(): Promise<void> {
    const times = 2 + this.#dice.integer(this.#count > 24 ? 2 : 5)
    if (this.#kind === 'loss') this.#peers.messages.loss = this.#dice.pick([0.01, 0.05])
    for (let time = 0; time < times; time++) {
      switch (this.#kind) {
        case 'crashes':
        case 'loss':
          await this.#crashSome()
          break
        case 'replacement':
          await this.#replace()
          break
        case 'pauses':
          await this.#pauseOne()
          break
        case 'partitions':
          await this.#divide()
          break
      }
    }
    this.#peers.messages.loss = 0
  }

  /** All is calm: one ring, and everybody reads what was acknowledged. */
  async finish(): Promise<void> {
    await this.#rest('the last fault')
    this.#witness.staleUntil = -Infinity
    const some = this.#dice.shuffle(this.#peers.members).slice(0, 3)
    for (const { chord } of some) await this.#simulation.run(this.#witness.verify(chord))
    this.#violations.check()
    const { reads, writes, deltas, failed } = this.#witness.done
    this.#simulation.trace(`${reads} reads, ${writes} writes, ${deltas} deltas, ${failed} failed`)
    for (const { chord } of this.#peers.alive) await chord.close()
  }

  /** Fewer than `copies` processes crash at once; as many come, sooner or later. */
  async #crashSome(): Promise<void> {
    const most = Math.min(this.#copies - 1, this.#peers.members.length - 2)
    const victims = this.#dice
      .shuffle(this.#peers.members)
      .slice(0, 1 + this.#dice.integer(Math.max(1, most)))
    for (const victim of victims) this.#peers.crash(victim)
    const joins = this.#dice.chance(0.5) ? Promise.all(victims.map(() => this.#join())) : undefined
    await this.#write(recovery)
    if (joins !== undefined) await this.#simulation.run(joins)
    else await this.#simulation.run(Promise.all(victims.map(() => this.#join())))
    await this.#settle('a crash')
  }

  /** One leaves and another comes, in either order or at the same time. */
  async #replace(): Promise<void> {
    const leaving = this.#dice.pick(this.#peers.members)
    const order = this.#dice.integer(3)
    if (order === 0) await this.#simulation.run(this.#join())
    const leave = this.#leave(leaving)
    const join = order === 1 ? this.#join() : undefined
    await this.#write(this.#dice.between(500, 3_000))
    await this.#simulation.run(Promise.all([leave, join]))
    if (order === 2) await this.#simulation.run(this.#join())
    if (this.#dice.chance(0.5)) await this.#settle('a replacement')
  }

  /** One stands still for a while, is taken for dead, and comes back. */
  async #pauseOne(): Promise<void> {
    const { machine, id } = this.#dice.pick(this.#peers.members)
    const lasts = this.#dice.between(500, 12_000)
    this.#simulation.trace(`${id} stands still for ${Math.round(lasts)} ms`)
    this.#ordered = false
    this.#witness.staleUntil = this.#now + lasts + recovery
    machine.pause()
    await this.#write(lasts)
    machine.resume()
    await this.#write(3_000)
    await this.#settle('a pause')
    this.#ordered = true
    await this.#write(2_000)
  }

  /** The network falls into two parts. */
  async #divide(): Promise<void> {
    const part = new Set(
      this.#dice
        .shuffle(this.#peers.members)
        .slice(0, 1 + this.#dice.integer(this.#count - 1))
        .map(({ id }) => id),
    )
    const lasts = this.#dice.between(1_000, 30_000)
    this.#simulation.trace(`${[...part].join()} are cut off for ${Math.round(lasts)} ms`)
    this.#ordered = false
    this.#witness.apart = true
    this.#witness.staleUntil = Infinity
    this.#peers.messages.sideOf = id => Number(part.has(id))
    await this.#write(lasts)
    this.#peers.messages.sideOf = () => 0
    this.#witness.staleUntil = this.#now + recovery
    await this.#rest('a partition')
    this.#ordered = true
    await this.#write(2_000)
  }

  async #join(): Promise<void> {
    const known = this.#dice.pick(this.#peers.members)
    const peer = this.#peers.start()
    for (let tries = 0; ; tries++) {
      // Whom one knows may be gone, and then another is asked.
      const other = tries === 0 ? known : this.#dice.pick(this.#peers.members)
      if (await peer.chord.meet(other.id)) break
      if (tries > 20) throw new Error(`${peer.id} meets nobody`)
    }
    await peer.chord
      .join()
      .catch((error: unknown) => this.#violations.add(`${peer.id} cannot join: ${String(error)}`))
    this.#simulation.trace(`${peer.id} has joined`)
  }

  async #leave(peer: Peer): Promise<void> {
    this.#simulation.trace(`${peer.id} leaves`)
    await peer.chord
      .unjoin()
      .catch((error: unknown) => this.#violations.add(`${peer.id} cannot leave: ${String(error)}`))
    const { entries } = peer.chord.health()
    if (entries > 0) this.#violations.add(`${peer.id} has left and still holds ${entries} entries`)
    this.#simulation.trace(`${peer.id} has left`)
    await peer.chord.close()
    peer.machine.crash()
    this.#peers.forget(peer)
  }

  /** Everybody reads and writes for so many milliseconds. */
  async #write(duration: number): Promise<void> {
    const end = this.#now + duration
    for (;;) {
      const pause = this.#load.exponential(120)
      if (this.#now + pause >= end) break
      await this.#simulation.advance(pause)
      const peer = this.#load.pick(this.#peers.members)
      if (peer.machine.clock.paused || peer.busy > 16) continue
      peer.busy++
      void this.#witness.act(peer.chord, this.#load).finally(() => peer.busy--)
    }
    await this.#simulation.advance(Math.max(0, end - this.#now))
  }

  /** Until the ring is perfect, nothing is under way, and who was behind has been told by readings and repairs. */
  async #rest(what: string): Promise<void> {
    await this.#settle(what)
    await this.#until(
      () => this.#peers.alive.every(({ busy }) => busy === 0),
      60_000,
      'what was begun to end',
    )
    await this.#simulation.advance(2 * repairInterval)
    this.#witness.apart = false
  }

  /** Until the ring is perfect and all arcs complete: so many rounds at most. */
  async #settle(what: string): Promise<void> {
    const began = this.#now
    const rounds = 3 * Math.ceil(Math.log2(this.#peers.members.length + 1)) + 10
    await this.#until(
      () => imperfectionOf(this.#peers.members) === undefined,
      rounds * interval + recovery,
      `one perfect ring after ${what}`,
      () => imperfectionOf(this.#peers.members),
    )
    this.#simulation.trace(`perfect ${Math.round((this.#now - began) / interval)} rounds after ${what}`)
  }

  async #until(
    holds: () => boolean,
    most: number,
    what: string,
    why: () => string | undefined = () => '',
  ): Promise<void> {
    for (const end = this.#now + most; !holds();) {
      if (this.#now >= end) this.#violations.add(`waited ${Math.round(most)} ms for ${what}: ${why() ?? ''}`)
      await this.#simulation.advance(interval / 5)
    }
  }

  #checkRing(): void {
    if (!this.#ordered) return
    const { members } = this.#peers
    let version = members.length * 1_000_003
    for (const { circle } of members) for (const place of circle.places) version += place.version
    if (version === this.#seen) return
    this.#seen = version
    const violation = violationsOf(members)
    if (violation !== undefined) throw new Error(violation)
  }

  get #now(): number {
    return this.#simulation.clock.monotonic()
  }
}
