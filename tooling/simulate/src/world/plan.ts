import type { FaultPlan, SeededRandom } from '@p2p/simulation'
import type { LeaveFault } from './fault-script.ts'
import type { World } from './world.ts'

const minute = 60_000

/** How many nodes a seed has, if nobody says so. */
export const drawNodes = (seed: number, least: number, most: number): number =>
  least + (((seed * 2_654_435_761) >>> 8) % (most - least + 1))

/** Which kinds of faults there are, and how many. */
export const drawPlan = (duration: number, dice: SeededRandom): FaultPlan => {
  const few = duration / 4
  const some = <T>(probability: number, plan: T): T | undefined =>
    dice.chance(probability) ? plan : undefined
  const long = duration > 2 * minute
  const partitions = some(0.6, {
    every: few,
    lasts: long ? { min: minute, max: duration } : { min: 1_000, max: 60_000 },
  })
  const blocks = some(0.2, { every: few, lasts: { min: 1_000, max: 30_000 } })
  const crashes = some(0.6, {
    every: duration / 6,
    lasts: { min: 500, max: 30_000 },
    storeLost: 0.2,
    killed: 0.3,
  })
  const pauses = some(0.6, { every: duration / 8, lasts: { min: 200, max: 5_000 } })
  const losses = some(0.2, { every: few, lasts: { min: 1_000, max: 20_000 }, rate: 0.2 })
  return {
    duration,
    ...(partitions && { partitions }),
    ...(blocks && { blocks }),
    ...(crashes && { crashes }),
    ...(pauses && { pauses }),
    ...(losses && { losses }),
    clockSteps: { every: duration / 10, by: 3_600_000 },
  }
}

/** Nodes leave in order, where nothing else happens to them. */
export const leave = (world: World, duration: number, dice: SeededRandom): void => {
  const count = dice.pick([0, 0, 1, 2])
  for (const host of dice.shuffle(world.names).slice(0, count)) {
    const at = world.now + dice.between(0, duration * 0.8)
    const lasts = Math.min(dice.between(3_000, 20_000), world.now + duration - at)
    const troubled = world.script
      .during(at - 100, at + lasts + 100)
      .some(trouble => 'host' in trouble && trouble.host === host)
    const fault: LeaveFault = { kind: 'leave', at, lasts, host }
    if (!troubled) world.leave(fault)
  }
}
