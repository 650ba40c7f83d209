import type { RunOptions, TrialReport } from '../protocol.ts'
import { convergedRing, ownerAmong, type Sorted } from './converged.ts'
import { Trial } from './trial.ts'

/** Look-ups that are timed: enough for one wrong one in a thousand to show, and for a 99th percentile. */
const usually = 2_500

/** No round of stabilisation and no repair comes about meanwhile. */
const never = 1e9

interface Outcome {
  readonly right: number
  readonly hops: readonly number[]
  readonly times: readonly number[]
}

/** A converged ring, one point a process, fingers forced, 20 to 80 ms one way. */
class LookUps extends Trial {
  readonly ring: Sorted

  constructor({ seed, nodes = 256 }: RunOptions) {
    super(seed, [20, 80], { points: 1, interval: never, repairInterval: never, limits: { known: 0 } })
    this.ring = convergedRing(this.peers, nodes)
  }

  /** So many look-ups of any positions by any of these, one each millisecond or so. */
  async time(some: Sorted, count: number): Promise<Outcome> {
    const { clock } = this.simulation
    const hops: number[] = []
    const times: number[] = []
    let right = 0
    const one = async () => {
      const position = Array.from({ length: 96 }, () => this.dice.integer(16).toString(16)).join('')
      const began = clock.monotonic()
      const from = this.dice.pick(some)
      const found = await from.chord.engine.upkeep.successor(position).catch(() => undefined)
      if (found?.owner.member.id === ownerAmong(some, position).id) right++
      hops.push(found?.hops ?? Infinity)
      times.push(clock.monotonic() - began)
    }
    const all: Promise<void>[] = []
    for (let index = 0; index < count; index++) {
      all.push(one())
      await this.simulation.advance(this.dice.between(0, 2))
    }
    await this.simulation.run(Promise.all(all))
    return { right, hops, times }
  }

  crash(part: number): Sorted {
    const dead = new Set(this.dice.shuffle(this.ring).slice(0, Math.round(part * this.ring.length)))
    for (const peer of dead) this.peers.crash(peer)
    return this.ring.filter(peer => !dead.has(peer))
  }
}

/** How many steps a look-up takes: half of log2 n and 1.5 on average, log2 n and 2 for 99 of 100. */
export const runHops = async (options: RunOptions, lookUps: number = usually): Promise<TrialReport> => {
  const run = new LookUps(options)
  const { right, hops } = await run.time(run.ring, lookUps)
  const steps = Math.log2(run.ring.length)
  const mean = hops.reduce((sum, each) => sum + each, 0) / hops.length
  const p99 = percentile(hops)
  run.demand(`${right} of ${lookUps} look-ups find the owner`, right === lookUps)
  const most = [0.5 * steps + 1.5, steps + 2] as const
  run.demand(`mean ${mean.toFixed(2)} of at most ${most[0].toFixed(2)} steps`, mean <= most[0])
  run.demand(`p99 ${p99} of at most ${most[1].toFixed(1)} steps`, p99 <= most[1])
  return run.end()
}

/**
 * Right after 30 % (odd seeds) or 50 % (even ones) crashed at once, before anybody has repaired anything: 99.99 % or 99.9 % of the look-ups find the owner,
 * and 99 of 100 take at most five times as long as when all was well.
 */
export const runCrashed = async (options: RunOptions, lookUps: number = usually): Promise<TrialReport> => {
  const run = new LookUps(options)
  const part = options.seed % 2 === 1 ? 0.3 : 0.5
  // A while of use, so that it is known how fast they answer.
  await run.time(run.ring, lookUps)
  const healthy = await run.time(run.ring, lookUps)
  const living = run.crash(part)
  const hurt = await run.time(living, lookUps)
  const wrong = lookUps - hurt.right
  const wrongAtMost = Math.floor(lookUps * (part === 0.3 ? 0.000_1 : 0.001))
  const [before, after] = [percentile(healthy.times), percentile(hurt.times)]
  run.demand(
    `${healthy.right} of ${lookUps} look-ups find the owner while all is well`,
    healthy.right === lookUps,
  )
  run.demand(
    `${wrong} of ${lookUps} look-ups do not find the owner after ${part} crashed`,
    wrong <= wrongAtMost,
  )
  run.demand(`p99 ${after.toFixed(0)} ms of at most 5 x ${before.toFixed(0)}`, after <= 5 * before)
  return run.end()
}

const percentile = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(0.99 * (values.length - 1))] as number
