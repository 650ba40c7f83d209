import { setTimeout as sleep } from 'node:timers/promises'
import type { Address } from '@p2p/interfaces'
import { count, describe, entries } from '../words.ts'
import { agree } from './agreement.ts'
import { secureAll, storeAll } from './contents.ts'
import { Dice } from './dice.ts'
import type { NodeProcess } from './node-process.ts'
import { type Play, publishShare } from './play.ts'
import type { Member } from './processes.ts'

/** How wild it gets. */
export interface ChaosOptions {
  /** Milliseconds in which processes are killed. */
  readonly duration: number
  /** What the dice are drawn from. */
  readonly seed: number
}

/** The network after the chaos. */
export interface Aftermath {
  /** Every node, each in its last life. */
  readonly living: readonly Member[]
  readonly kills: number
  /** Files of which the contents are in the table. */
  readonly stored: readonly string[]
}

/** Milliseconds between two kills, and for which a process stays dead, at least and at most. */
const pause = { least: 100, most: 1_200 }
const rest = { least: 0, most: 2_000 }

/** How often one may be killed that is on its way back. */
const ambushes = 0.2

/** Nodes through which one comes back: two, for one of them may be killed at that moment. */
const doors = 2

/** How often in a row a process may fail to get in because those were killed through which it tried. */
const tries = 5

/** A process, from its start until it is killed. */
interface Life {
  readonly index: number
  readonly process: NodeProcess
  /** It was killed on its way back last time: now it is let in, or it would stay there for ever where the machine is slow. */
  readonly spared: boolean
  /** There when it is whole: it has joined, published, and changes its entries. */
  member: Member | undefined
}

/** Processes that are killed and started again while all of them write. The same seed throws the same dice; which process is up at a time is the machine's. */
export class Chaos {
  readonly #play: Play
  readonly #options: ChaosOptions
  readonly #lives = new Map<number, Life>()
  readonly #returns = new Set<Promise<void>>()
  /** Aborted, with the reason, by the first that cannot come back. */
  readonly #failure = new AbortController()
  readonly #signal: AbortSignal
  /** Returns happen at the same time: they have dice of their own, so that kills are drawn in one order. */
  readonly #dice: Dice
  readonly #doorDice: Dice
  #started = 0
  #kills = 0

  constructor(play: Play, options: ChaosOptions, signal: AbortSignal) {
    this.#play = play
    this.#options = options
    this.#signal = AbortSignal.any([signal, this.#failure.signal])
    this.#dice = new Dice(`kills of ${options.seed}`)
    this.#doorDice = new Dice(`doors of ${options.seed}`)
  }

  /**
   * Begins with the nodes that are there, brings back those that are not, and ends with all: up, calm, having published the truth, and holding the same.
   * @throws if a process ends by itself, cannot come back, finds its keys to be another's, or if they do not agree
   */
  async unleash(living: readonly Member[]): Promise<Aftermath> {
    const { narrator, nodes } = this.#play
    const { duration, seed } = this.#options
    narrator.say(
      'chaos',
      `kills and restarts processes at random for ${duration / 1000} s, --seed ${seed}; all change their entries; ${this.#majority} of ${nodes} stay up`,
    )
    for (const member of living) {
      const { index, process } = member
      this.#begin({ index, process, spared: false, member })
      await this.#stir(member)
    }
    // Whom the play has killed takes part
    for (let index = 0; index < nodes; index++) if (!this.#lives.has(index)) this.#bringBack(index, 0, false)

    const end = performance.now() + duration
    for (;;) {
      const until = this.#dice.between(pause.least, pause.most)
      await this.#sleep(Math.min(until, end - performance.now()))
      if (performance.now() >= end) break
      await this.#kill()
    }
    await Promise.all(this.#returns)
    this.#signal.throwIfAborted()
    return this.#calm()
  }

  get #majority(): number {
    return Math.floor(this.#play.nodes / 2) + 1
  }

  get #up(): Member[] {
    return Array.from(this.#lives.values()).flatMap(({ member }) => member ?? [])
  }

  async #sleep(milliseconds: number): Promise<void> {
    // The signal's reason says more than that the sleep was broken off
    await sleep(Math.max(0, milliseconds), undefined, { signal: this.#signal }).catch(() => undefined)
    this.#signal.throwIfAborted()
  }

  /** Kills one that may be killed, if there is one: of those that are up while they are more than a majority, now and then also one on its way back. */
  async #kill(): Promise<void> {
    const { narrator } = this.#play
    const spare = this.#up.length > this.#majority
    // Thrown whether they are needed or not, so that the next ones are the same
    const ambush = this.#dice.next() < ambushes
    const choice = this.#dice.next()
    const rested = this.#dice.between(rest.least, rest.most)
    const among = Array.from(this.#lives.values()).filter(({ member, spared }) =>
      member === undefined ? ambush && !spared : spare,
    )
    among.sort((a, b) => a.index - b.index)
    const victim = among[Math.floor(choice * among.length)]
    if (victim === undefined) return
    const { index, process, member } = victim
    this.#lives.delete(index)
    this.#kills++
    await process.kill()
    const moment = member === undefined ? 'on its way back' : `${this.#up.length} are up`
    narrator.say(process.name, `was killed with SIGKILL (process ${process.pid ?? 0}), ${moment}`)
    this.#bringBack(index, rested, member === undefined)
  }

  #begin(life: Life): void {
    const { index, process } = life
    this.#lives.set(index, life)
    void process.ended.then(({ text }) => {
      // Whom we kill we strike off before
      if (this.#lives.get(index) === life) this.#failure.abort(new Error(`${process.name} ${text} by itself`))
    })
  }

  #bringBack(index: number, after: number, spared: boolean): void {
    const done = this.#comeBack(index, after, spared)
      .catch((error: unknown) => this.#failure.abort(error))
      .finally(() => this.#returns.delete(done))
    this.#returns.add(done)
  }

  /** Starts a process of the same identity, again and again if need be, until it is whole or was killed. */
  async #comeBack(index: number, after: number, spared: boolean): Promise<void> {
    const { processes, narrator } = this.#play
    await this.#sleep(after)
    for (let attempt = 1; ; attempt++) {
      const life: Life = { index, process: processes.spawn(index), spared, member: undefined }
      this.#begin(life)
      let joined: Member | undefined
      try {
        joined = await processes.join(index, life.process, this.#doors())
        await this.#settleIn(life, joined)
        return
      } catch (error) {
        // It was killed at that: whoever did it brings it back
        if (this.#lives.get(index) !== life) return
        this.#signal.throwIfAborted()
        if (joined !== undefined || attempt === tries) throw error
        narrator.say(life.process.name, `tries again: ${describe(error)}`)
        this.#lives.delete(index)
        await life.process.kill()
      }
    }
  }

  /** The addresses of some that are up. */
  #doors(): Address[] {
    const up = this.#up.map(({ address }) => address)
    while (up.length > doors) up.splice(Math.floor(this.#doorDice.next() * up.length), 1)
    return up
  }

  /** It writes its share of the files: with the identity, the leases have to be its own again. */
  async #settleIn(life: Life, member: Member): Promise<void> {
    const { size, milliseconds } = member.joined
    const { files } = await publishShare(this.#play, member)
    await this.#stir(member)
    // Between its answer and this line it may have been killed
    if (this.#lives.get(life.index) !== life) return
    life.member = member
    const caughtUp = `caught up with ${entries(size)} in ${milliseconds} ms`
    this.#play.narrator.say(
      member.name,
      `is back (process ${member.process.pid ?? 0}): ${caughtUp}, wrote its own ${count(files, 'file')} again`,
    )
  }

  async #stir(member: Member): Promise<void> {
    const seed = `changes ${this.#started++} of ${this.#options.seed}`
    await this.#play.processes.ask(member.process, 'churn', { seed }, 'change its entries')
  }

  /** No more kills, no more changes: all publish what is on the disk, and come to the same. */
  async #calm(): Promise<Aftermath> {
    const { processes, narrator } = this.#play
    const living = this.#up.sort((a, b) => a.index - b.index)
    const calmed = await Promise.all(
      living.map(({ process }) => processes.ask(process, 'calm', {}, 'end its changes')),
    )
    const changes = calmed.reduce((sum, reply) => sum + reply.changes, 0)
    narrator.say(
      'chaos',
      `is over: ${count(this.#kills, 'kill')}; since their last start the ${living.length} nodes have changed entries ${changes} times`,
    )
    await Promise.all(living.map(member => publishShare(this.#play, member)))
    const milliseconds = await agree(this.#play, living, this.#signal)
    narrator.say('chaos', `all have published their files again, and hold the same after ${milliseconds} ms`)
    // So many were killed at once that there may be no copy left of some
    const mended = await secureAll(this.#play, living, 'be on the ring of the table again')
    narrator.say('chaos', `the table's ring is whole again after ${mended} ms`)
    const stored = await storeAll(this.#play, living)
    return { living, kills: this.#kills, stored }
  }
}
