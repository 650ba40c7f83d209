import type { RunOptions, TrialReport } from '../protocol.ts'
import { placementOf } from './circle-checks.ts'
import type { Peer } from './peers.ts'
import { interval, repairInterval, Ring } from './ring.ts'

/** A ring of so many processes with so many copies, and which of them crash. */
interface Crash {
  readonly count: number
  readonly copies: number
  readonly victims: readonly number[]
}

/** Every choice of `copies - 1` of up to nine processes, with two copies and with three. */
const crashes = (): Crash[] => {
  const all: Crash[] = []
  for (let count = 2; count <= 9; count++) {
    for (let one = 0; one < count; one++) {
      all.push({ count, copies: 2, victims: [one] })
      if (count > 2)
        for (let two = one + 1; two < count; two++) all.push({ count, copies: 3, victims: [one, two] })
    }
  }
  return all
}

/** Any `copies - 1` processes crash at once, right after the last set resolved: every acknowledged key is read, by everybody, at once and later. */
export const runCopies = async ({ seed }: RunOptions): Promise<TrialReport> => {
  const all = crashes()
  const { count, copies, victims } = all[(seed - 1) % all.length] as Crash
  const ring = new Ring(seed, [1, 10], { points: 1 + (seed % 2), copies })
  const peers = await ring.grow(count)
  await ring.fill(peers[0] as Peer, 10)
  for (const victim of victims) ring.peers.crash(peers[victim] as Peer)
  await ring.readAll()
  await ring.settle()
  await ring.readAll()
  return ring.end()
}

/**
 * Two rings of 20, or half of `nodes` each, that meet: one ring 3 log2 n rounds later, with all that was on either. With odd seeds everybody knows everybody, with
 * even ones nobody keeps as many in mind as even one of the rings has.
 */
export const runRings = async ({ seed, nodes = 40 }: RunOptions): Promise<TrialReport> => {
  const known = seed % 2 === 1 ? 256 : Math.floor(nodes / 5)
  const ring = new Ring(seed, [1, 10], { points: 1 + (seed % 4), limits: { known } })
  const left = await ring.grow(Math.floor(nodes / 2))
  await ring.fill(left[0] as Peer, 10)
  const right = await ring.grow(Math.ceil(nodes / 2))
  await ring.fill(right[0] as Peer, 10)
  const began = ring.now
  await ring.simulation.run(ring.dice.pick(left).chord.meet(ring.dice.pick(right).id))
  while (placementOf(ring.peers.members) !== undefined && ring.now - began < 60_000)
    await ring.simulation.advance(interval / 5)
  const rounds = (ring.now - began) / interval
  const most = 3 * Math.log2(left.length)
  ring.demand(
    `one ring of ${nodes} after ${rounds.toFixed(1)} of at most ${most.toFixed(1)} rounds`,
    rounds <= most,
  )
  await ring.settle()
  // What lies on the other ring's arcs is given to its owners when their repair is due.
  await ring.simulation.advance(2 * repairInterval)
  await ring.readAll()
  return ring.end()
}

/** Every one of 12 processes, or of `nodes`, is replaced, one by one: odd seeds by leaving, even ones by crashing. Keys are read all the time, by any of them. */
export const runReplace = async ({ seed, nodes = 12 }: RunOptions): Promise<TrialReport> => {
  const ring = new Ring(seed, [20, 80], { points: 1 + (seed % 4) })
  const first = await ring.grow(nodes)
  await ring.fill(first[0] as Peer, 40)
  let reading = true
  let reads = 0
  const failed: string[] = []
  const readOn = () => {
    if (!reading) return
    ring.simulation.clock.after(50, readOn)
    const peer = ring.dice.pick(ring.peers.members)
    reads++
    ring.read(peer, ring.dice.pick(ring.keys)).catch((error: unknown) => {
      if (ring.peers.alive.includes(peer)) failed.push(String(error))
    })
  }
  readOn()
  for (const old of first) {
    if (seed % 2 === 0) {
      ring.peers.crash(old)
      await ring.simulation.run(ring.join(ring.dice.pick(ring.peers.members)))
      await ring.simulation.advance(repairInterval)
      await ring.settle()
    } else {
      await ring.simulation.run(ring.join(ring.dice.pick(ring.peers.members)))
      await ring.simulation.run(old.chord.unjoin())
      ring.demand(`${old.id} has left and holds nothing`, old.chord.health().entries === 0)
      // A while later it is gone, and reads no more.
      await old.chord.close()
      ring.peers.crash(old)
    }
  }
  reading = false
  await ring.simulation.advance(15_000)
  ring.demand(
    `${failed.length} of ${reads} reads failed: ${failed.slice(0, 3).join('; ')}`,
    failed.length === 0,
  )
  await ring.readAll()
  return ring.end()
}
