import { drawFaults, type Fault, SeededRandom } from '@p2p/simulation'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const hosts = ['a', 'b', 'c', 'd', 'e', 'f']
const end = (fault: Fault) => (fault.kind === 'clock' ? fault.at : fault.at + fault.lasts)
const overlap = (one: Fault, other: Fault) => one.at < end(other) && other.at < end(one)
const seeds = (check: (seed: number) => void) => fc.assert(fc.property(fc.nat(), check), { numRuns: 100 })

describe('drawn faults', () => {
  it('come in order, begin within the plan and are over at its end', () => {
    seeds(seed => {
      const faults = drawFaults(
        {
          duration: 10_000,
          partitions: { every: 1000, lasts: { min: 10, max: 5000 } },
          losses: { every: 1000, lasts: { min: 10, max: 500 }, rate: 0.2 },
          clockSteps: { every: 500, by: 100 },
        },
        hosts,
        new SeededRandom(seed),
        7000,
      )
      faults.forEach((fault, index) => {
        expect(fault.at).toBeGreaterThanOrEqual(faults[index - 1]?.at ?? 7000)
        expect(end(fault)).toBeLessThanOrEqual(17_000)
        if (fault.kind === 'clock') expect(Math.abs(fault.by)).toBeLessThanOrEqual(100)
      })
    })
  })

  it('come as often as the plan says', () => {
    const plan = { duration: 1_000_000, losses: { every: 100, lasts: { min: 1, max: 2 }, rate: 1 } }
    const { length } = drawFaults(plan, hosts, new SeededRandom(1))
    // 10 000 are expected, with a standard deviation of 100
    expect(Math.abs(length - 10_000)).toBeLessThan(500)
  })

  it('cut the network in every way into two and three groups, none of them empty', () => {
    const plan = { duration: 1_000_000, partitions: { every: 100, lasts: { min: 1, max: 2 } } }
    const cuts = new Set<string>()
    for (const fault of drawFaults(plan, ['a', 'b', 'c', 'd'], new SeededRandom(1))) {
      if (fault.kind !== 'partition') throw new Error(`a ${fault.kind} that was not planned`)
      expect(fault.groups.flat().sort()).toEqual(['a', 'b', 'c', 'd'])
      cuts.add(
        fault.groups
          .map(group => [...group].sort().join(''))
          .sort()
          .join('|'),
      )
    }
    // the Stirling numbers S(4, 2) = 7 and S(4, 3) = 6
    expect(cuts.size).toBe(13)
  })

  it('block one part from the other', () => {
    const plan = { duration: 100_000, blocks: { every: 100, lasts: { min: 1, max: 2 } } }
    for (const fault of drawFaults(plan, hosts, new SeededRandom(1))) {
      if (fault.kind !== 'block') throw new Error(`a ${fault.kind} that was not planned`)
      expect(fault.from.length).toBeGreaterThan(0)
      expect(fault.to.length).toBeGreaterThan(0)
      expect([...fault.from, ...fault.to].sort()).toEqual(hosts)
    }
  })

  it('never take a host twice at a time, nor down more hosts than they may', () => {
    seeds(seed => {
      const faults = drawFaults(
        {
          duration: 20_000,
          crashes: { every: 200, lasts: { min: 10, max: 3000 }, most: 2, killed: 0.5, storeLost: 0.5 },
          pauses: { every: 200, lasts: { min: 10, max: 3000 } },
        },
        hosts,
        new SeededRandom(seed),
      )
      faults.forEach((fault, index) => {
        if (!('host' in fault)) throw new Error(`a ${fault.kind} that was not planned`)
        const meanwhile = faults.slice(0, index).filter(other => overlap(fault, other))
        expect(meanwhile.some(other => 'host' in other && other.host === fault.host)).toBe(false)
        const down = [...meanwhile, fault].filter(({ kind }) => kind !== 'pause')
        const together = down.filter(one => down.every(other => overlap(one, other)))
        expect(together.length).toBeLessThanOrEqual(2)
      })
    })
  })

  it('of one kind stay where they are when another kind is added', () => {
    const partitions = { every: 1000, lasts: { min: 10, max: 5000 } }
    const crashes = { every: 1000, lasts: { min: 10, max: 5000 } }
    const draw = (plan: object) => drawFaults({ duration: 50_000, ...plan }, hosts, new SeededRandom(4))
    const both = draw({ partitions, crashes })
    expect(both.filter(({ kind }) => kind === 'partition')).toEqual(draw({ partitions }))
    expect(both.filter(({ kind }) => kind === 'crash')).toEqual(draw({ crashes }))
  })
})
