import type { Fault, RunReport, SeededRandom } from '@p2p/simulation'
import type { RunOptions } from '../protocol.ts'
import { drawNodes, drawPlan, leave } from '../world/plan.ts'
import { addressOf, World } from '../world/world.ts'
import { BroadcastLedger } from './broadcasts.ts'
import { Directs } from './directs.ts'

const minute = 60_000

/** One network, from its first node to its last, drawn from a seed. README.md says what must hold. */
export const runMesh = async ({ seed, nodes }: RunOptions): Promise<RunReport> => {
  // Two halves of seven: each is a full mesh, and nobody there wants another neighbour
  const isHalved = seed % 12 === 0
  const world = new World({
    seed,
    nodes: nodes ?? (isHalved ? 14 : drawNodes(seed, 5, 16)),
    born: life => {
      ledger.attach(life)
      directs.attach(life)
    },
  })
  const ledger = new BroadcastLedger(world)
  const directs = new Directs(world)
  const dice = world.random.fork('plan')
  const lossy = dice.chance(0.4)
  const chaos = isHalved
    ? dice.between(60_000, 120_000)
    : dice.chance(0.06)
      ? 10 * minute
      : dice.between(20_000, 90_000)

  await world.start()
  await world.unite('the start')
  const traffic = new Traffic(world, ledger, directs)

  if (lossy) world.inject([{ kind: 'loss', at: world.now, lasts: 20_000 + chaos, rate: 0.05 }])
  else if (dice.chance(0.5)) await pauseTwo(world, dice)
  else if (dice.chance(0.4)) await hang(world, dice)
  await traffic.go(15_000)
  await traffic.storms(5_000)

  if (isHalved) halve(world, chaos, dice)
  else {
    world.draw(drawPlan(chaos, dice))
    leave(world, chaos, dice)
  }
  await traffic.go(chaos)

  // What is about to happen at this very instant is over, too
  await world.advance(1)
  await world.unite('the last fault')
  await traffic.go(20_000)
  await traffic.storms(10_000)
  await world.advance(10_000)
  await world.settle()
  await traffic.go(500)
  const report = await world.close()
  world.violations.check()
  return report
}

/** Two nodes are stopped for 5 s, one after the other, while nothing else is wrong. */
const pauseTwo = async (world: World, dice: SeededRandom): Promise<void> => {
  await world.advance(dice.between(10_000, 20_000))
  const pauses = dice
    .shuffle(world.names)
    .slice(0, 2)
    .map((host, index): Fault => ({ kind: 'pause', at: world.now + index * 12_000, lasts: 5_000, host }))
  world.inject(pauses)
  await world.advance(24_000)
}

/** One node stands still for longer than anybody is patient. */
const hang = async (world: World, dice: SeededRandom): Promise<void> => {
  await world.advance(dice.between(10_000, 15_000))
  world.inject([{ kind: 'pause', at: world.now, lasts: 20_000, host: dice.pick(world.names) }])
  await world.advance(35_000)
}

/** The network falls into two halves, and nothing else happens. */
const halve = (world: World, duration: number, dice: SeededRandom): void => {
  const [...names] = dice.shuffle(world.names)
  const half = names.splice(0, Math.floor(names.length / 2))
  world.inject([{ kind: 'partition', at: world.now, lasts: duration, groups: [half, names] }])
}

/** What the applications do. */
class Traffic {
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
