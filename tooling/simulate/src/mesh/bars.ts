import type { RunReport, SeededRandom } from '@p2p/simulation'
import type { RunOptions } from '../protocol.ts'
import { drawNodes } from '../world/plan.ts'
import { World } from '../world/world.ts'
import { BroadcastLedger } from './broadcasts.ts'
import { Directs } from './directs.ts'
import { Traffic } from './traffic.ts'

/** One thing that goes wrong in a network that is well otherwise. */
type Trouble = (world: World, traffic: Traffic, dice: SeededRandom) => Promise<void>

type Run = (options: RunOptions) => Promise<RunReport>

/** A run with one trouble after the start; what `World` checks anyway is what is to be shown. */
const bar =
  (least: number, most: number, trouble: Trouble): Run =>
  async ({ seed, nodes }) => {
    const world = new World({
      seed,
      nodes: nodes ?? drawNodes(seed, least, most),
      born: life => {
        ledger.attach(life)
        directs.attach(life)
      },
    })
    const ledger = new BroadcastLedger(world)
    const directs = new Directs(world)
    await world.start()
    await world.unite('the start')
    await trouble(world, new Traffic(world, ledger, directs), world.random.fork('plan'))
    await world.settle()
    const report = await world.close()
    world.violations.check()
    return report
  }

/** A node is stopped for 5 s, at any moment: nobody may give it up. */
export const runPause: Run = bar(5, 9, async (world, _, dice) => {
  await world.advance(dice.between(10_000, 20_000))
  world.inject([{ kind: 'pause', at: world.now, lasts: 5_000, host: dice.pick(world.names) }])
  await world.advance(20_000)
})

/** A node fails, or its process is killed: its neighbours must know within 10 s. */
export const runCrash: Run = bar(5, 12, async (world, traffic, dice) => {
  await traffic.go(dice.between(5_000, 15_000))
  const kind = dice.chance(0.7) ? 'crash' : 'kill'
  world.inject([{ kind, at: world.now, lasts: 15_000, host: dice.pick(world.names), store: 'kept' }])
  await world.advance(15_001)
  await world.unite('the restart')
})

/** Any cut, for a day: one network within 30 s of its end. */
export const runDay: Run = bar(8, 16, async (world, traffic, dice) => {
  await traffic.go(10_000)
  const [...names] = dice.shuffle(world.names)
  const some = names.splice(0, 1 + dice.integer(names.length - 1))
  world.inject([{ kind: 'partition', at: world.now, lasts: 86_400_000, groups: [some, names] }])
  await world.advance(86_400_001)
  await world.unite('a day apart')
  await traffic.go(20_000)
})

/** Two nodes dial each other in so many ways and write to each other meanwhile: one link, nothing lost, all in order. */
export const runDials: Run = bar(2, 2, async (_, traffic) => {
  await traffic.storms(4_000)
  await traffic.go(10_000)
})
