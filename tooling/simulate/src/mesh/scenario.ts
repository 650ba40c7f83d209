import type { Fault, RunReport, SeededRandom } from '@p2p/simulation'
import type { RunOptions } from '../protocol.ts'
import { drawNodes, drawPlan, leave } from '../world/plan.ts'
import { World } from '../world/world.ts'
import { BroadcastLedger } from './broadcasts.ts'
import { Directs } from './directs.ts'
import { Traffic } from './traffic.ts'

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
