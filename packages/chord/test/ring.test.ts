import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { distance, isBetween, ringSize, successorOf } from '../src/index.ts'
import { vectors } from './vectors.ts'

interface DistanceVector {
  readonly name: string
  readonly inputs: { readonly a: string; readonly b: string; readonly limit: string | null }
  readonly expect: { readonly distance: string }
}

/** Positions of which many are equal, neighbours, or at the seam. */
const position = fc.oneof(
  fc.bigInt({ min: 0n, max: ringSize - 1n }),
  fc.bigInt({ min: 0n, max: 8n }),
  fc.bigInt({ min: ringSize - 8n, max: ringSize - 1n }),
)

/** Any number, as a stranger may name one. */
const anything = fc.oneof(position, fc.bigInt({ min: -(ringSize ** 2n), max: ringSize ** 2n }))

describe('distance', () => {
  it.each(vectors('distance') as DistanceVector[])(
    'is that of py2p in $name',
    ({ inputs, expect: { distance: far } }) => {
      const { a, b, limit } = inputs
      expect(distance(BigInt(a), BigInt(b), limit === null ? undefined : BigInt(limit))).toBe(BigInt(far))
    },
  )

  it('is the number of steps clockwise, on rings small enough to walk', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(100), fc.nat(100), (limit, from, to) => {
        let steps = 0
        for (let at = from % limit; at !== to % limit; at = at + 1 === limit ? 0 : at + 1) steps += 1
        expect(distance(BigInt(from), BigInt(to), BigInt(limit))).toBe(BigInt(steps))
      }),
    )
  })

  it('leads back: going it from a ends at b, whatever numbers they are', () => {
    fc.assert(
      fc.property(anything, anything, (a, b) => {
        const far = distance(a, b)
        expect(far >= 0n && far < ringSize).toBe(true)
        expect((a + far - b) % ringSize).toBe(0n)
      }),
    )
  })

  it('is that of a ring of 2^384 positions when no limit is given', () => {
    fc.assert(
      fc.property(anything, anything, (a, b) => {
        expect(distance(a, b)).toBe(distance(a, b, 2n ** 384n))
      }),
    )
  })

  it.each([0n, -8n])('throws a RangeError for a ring of %s positions', limit => {
    expect(() => distance(1n, 2n, limit)).toThrow(RangeError)
  })
})

describe('isBetween', () => {
  // Sixteen places, evenly spread, so that an arc can be walked.
  const places = 16
  const place = (index: number) => (BigInt(index) * ringSize) / BigInt(places)

  it('is true for what is met walking from the one, which is not met itself, up to the other', () => {
    for (let from = 0; from < places; from += 1) {
      for (let to = 0; to < places; to += 1) {
        const met = new Set<number>()
        let at = from
        do {
          at = (at + 1) % places
          met.add(at)
        } while (at !== to)
        for (let id = 0; id < places; id += 1) {
          expect(isBetween(place(id), place(from), place(to)), `${id} in (${from}, ${to}]`).toBe(met.has(id))
        }
      }
    }
  })

  it('parts the ring: a position is on exactly one of the two arcs between two places', () => {
    fc.assert(
      fc.property(position, position, position, (id, from, to) => {
        fc.pre(from !== to)
        expect(isBetween(id, from, to)).toBe(!isBetween(id, to, from))
      }),
    )
  })

  it('takes numbers beyond the ring modulo its size', () => {
    fc.assert(
      fc.property(anything, anything, anything, (id, from, to) => {
        const onRing = (number: bigint) => distance(0n, number)
        expect(isBetween(id, from, to)).toBe(isBetween(onRing(id), onRing(from), onRing(to)))
      }),
    )
  })
})

describe('successorOf', () => {
  const ring = fc.uniqueArray(position, { maxLength: 20 }).map(ids => ids.sort((a, b) => (a < b ? -1 : 1)))

  it('is the nearest id clockwise, the position itself included', () => {
    fc.assert(
      fc.property(anything, ring, (id, ids) => {
        let nearest: bigint | undefined
        for (const candidate of ids) {
          if (nearest === undefined || distance(id, candidate) < distance(id, nearest)) nearest = candidate
        }
        expect(successorOf(id, ids)).toBe(nearest)
      }),
    )
  })

  it('is the id on whose arc, from the id before it, the position lies', () => {
    fc.assert(
      fc.property(position, ring, (id, ids) => {
        const owners = ids.filter((own, index) => isBetween(id, ids.at(index - 1) ?? own, own))
        expect(owners).toEqual(ids.length === 0 ? [] : [successorOf(id, ids)])
      }),
    )
  })
})
