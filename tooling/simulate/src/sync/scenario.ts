import type { RunReport, SeededRandom } from '@p2p/simulation'
import type { RunOptions } from '../protocol.ts'
import { drawNodes, drawPlan, leave } from '../world/plan.ts'
import { World } from '../world/world.ts'
import { Dictionaries } from './dictionaries.ts'

const minute = 60_000

/** So long after the last write, in milliseconds, all nodes must have the same. */
const quiet = 60_000

/** Dictionaries on one network, drawn from a seed. README.md says what must hold. */
export const runSync = async ({ seed, nodes }: RunOptions): Promise<RunReport> => {
  const dictionaries: Dictionaries[] = []
  const world = new World({
    seed,
    nodes: nodes ?? drawNodes(seed, 3, 9),
    born: life => {
      for (const dictionary of dictionaries) dictionary.attach(life)
    },
  })
  const dice = world.random.fork('plan')
  const leases = dice.pick([8_000, 20_000, 30_000])
  dictionaries.push(
    new Dictionaries(world, 'leases', leases, dice.pick([1, 3, 8])),
    new Dictionaries(world, 'plain', 0, dice.pick([2, 6])),
  )
  const chaos = dice.chance(0.05) ? 10 * minute : dice.between(30_000, 90_000)
  const writers = world.random.fork('writers')

  await world.start()
  await write(world, dictionaries, writers, dice.between(0, 20_000))
  if (leases > 8_000 && dice.chance(0.4)) await rest(world, leases, dice)
  if (dice.chance(0.3)) world.inject([{ kind: 'loss', at: world.now, lasts: chaos, rate: 0.05 }])
  world.draw(drawPlan(chaos, dice))
  leave(world, chaos, dice)
  await write(world, dictionaries, writers, chaos)

  await world.advance(1)
  await world.unite('the last fault')
  await write(world, dictionaries, writers, dice.chance(0.5) ? 0 : dice.between(0, 40_000))
  for (const dictionary of dictionaries) dictionary.clash(world.running, writers)
  await agree(world, dictionaries)
  for (const dictionary of dictionaries) dictionary.verifyEnd()
  world.violations.check()
  const report = await world.close()
  world.violations.check()
  return report
}

/** Everybody writes. */
const write = async (
  world: World,
  dictionaries: readonly Dictionaries[],
  dice: SeededRandom,
  duration: number,
): Promise<void> => {
  const end = world.now + duration
  const mean = duration > 2 * minute ? 2_000 : dice.pick([200, 600])
  for (;;) {
    const pause = dice.exponential(mean)
    if (world.now + pause >= end) break
    await world.advance(pause)
    const { running } = world
    if (running.length === 0) continue
    if (dice.chance(0.1)) dice.pick(dictionaries).clash(running, dice)
    else dice.pick(dictionaries).act(dice.pick(running), dice)
  }
  await world.advance(Math.max(0, end - world.now))
}

/** Nobody writes for the time of a lease, and shortly before its end a node is restarted: it must not take what it is told then for new. */
const rest = async (world: World, lease: number, dice: SeededRandom): Promise<void> => {
  const at = world.now + lease * 0.9
  world.inject([{ kind: 'kill', at, lasts: 500, host: dice.pick(world.names), store: 'kept' }])
  await world.advance(2 * lease)
}

/** Until all nodes have the same. */
const agree = async (world: World, dictionaries: readonly Dictionaries[]): Promise<void> => {
  const began = world.now
  for (;;) {
    const differences = dictionaries.flatMap(dictionary => dictionary.differences())
    if (differences.length === 0 && world.now - began >= 10_000) return
    if (world.now - began >= quiet)
      world.violations.add(`no agreement ${quiet / 1_000} s after the last write: ${differences[0] ?? ''}`)
    await world.advance(1_000)
  }
}
