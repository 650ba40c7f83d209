import { describe, expect, it } from 'vitest'
import { pointOf } from '../src/member.ts'

/** How much of the ring the fullest of so many processes holds, in means. */
const fullest = (ring: number, processes: number, points: number): number => {
  const all = Array.from({ length: processes }, (_, process) =>
    // The leading 48 bits say enough of a share.
    Array.from({ length: points }, (__, index) => ({
      process,
      at: parseInt(pointOf(`process ${process} of ${ring}`.replaceAll(' ', '-'), index).slice(0, 12), 16),
    })),
  )
    .flat()
    .sort((a, b) => a.at - b.at)
  const shares = new Array<number>(processes).fill(0)
  for (const [index, { process, at }] of all.entries()) {
    const before = (all.at(index - 1) as { at: number }).at
    shares[process] = (shares[process] as number) + ((at - before + 2 ** 48) % 2 ** 48)
  }
  return (Math.max(...shares) / 2 ** 48) * processes
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number

describe('a ring of 100 processes', () => {
  const rings = Array.from({ length: 30 }, (_, ring) => ring)

  it('gives the fullest of them at most 1.9 times the mean with 16 points each, the median of 30 rings', () => {
    expect(median(rings.map(ring => fullest(ring, 100, 16)))).toBeLessThanOrEqual(1.9)
  })

  it('would give it more than twice as much with one point each', () => {
    expect(median(rings.map(ring => fullest(ring, 100, 1)))).toBeGreaterThan(2 * 1.9)
  })
})
