import type { SeededRandom } from '@p2p/simulation'
import { addressOf } from '../world/mesh-options.ts'
import type { World } from '../world/world.ts'
import type { BroadcastLedger } from './broadcasts.ts'
import type { Directs } from './directs.ts'

const minute = 60_000

/** What the applications do. */
export class Traffic {
  readonly #world: World
  readonly #ledger: BroadcastLedger
  readonly #directs: Directs
  readonly #dice: SeededRandom

  constructor(world: World, ledger: BroadcastLedger, directs: Directs) {
    this.#world = world
    this.#ledger = ledger
    this.#directs = directs
    this.#dice = world.random.fork('traffic')
  }

  /** Something now and then, by anybody to anybody. */
  async go(duration: number): Promise<void> {
    const end = this.#world.now + duration
    const mean = duration > 2 * minute ? 2_000 : 400
    for (;;) {
      const pause = this.#dice.exponential(mean)
      if (this.#world.now + pause >= end) break
      await this.#world.advance(pause)
      this.#act()
    }
    await this.#world.advance(Math.max(0, end - this.#world.now))
  }

  /** Nodes that dial each other, at the same moment or nearly so, while they write to each other. */
  async storms(duration: number): Promise<void> {
    const dice = this.#dice
    const world = this.#world
    for (const end = world.now + duration; world.now < end;) {
      const [one, two] = dice.shuffle(world.running)
      if (one === undefined || two === undefined) return
      const gap = dice.pick([2, 10, 20])
      const byAddress = dice.chance(0.6)
      const late = dice.pick([0, 0, 1, 10, 100])
      for (let round = 0; round < 25; round++) {
        for (const [from, to] of [[one, two] as const, [two, one] as const]) {
          this.#directs.send(from, to.host, dice)
          if (round !== 2 || !byAddress) continue
          void this.#directs.dial(from, to, addressOf(to.host))
          await world.advance(late)
        }
        await world.advance(dice.next() * gap)
      }
      await world.advance(dice.between(50, 400))
    }
  }

  #act(): void {
    const dice = this.#dice
    const { running } = this.#world
    if (running.length === 0) return
    const life = dice.pick(running)
    const other = dice.pick(running)
    const kind = dice.next()
    if (kind < 0.6) this.#ledger.say(life, dice)
    else if (kind < 0.64) for (let count = dice.integer(60); count >= 0; count--) this.#ledger.say(life, dice)
    else if (other === life) return
    else if (kind < 0.8)
      for (let count = dice.integer(4); count >= 0; count--) this.#directs.send(life, other.host, dice)
    else if (kind < 0.95) void this.#directs.ask(life, other)
    else {
      void this.#directs.dial(life, other, addressOf(other.host))
      void this.#directs.dial(other, life, addressOf(life.host))
    }
  }
}
