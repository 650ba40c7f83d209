import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { distance, hashes, positions, ringSize } from '../src/index.ts'
import { vectors } from './vectors.ts'

interface HashesVector {
  readonly name: string
  readonly inputs: {
    readonly key: { readonly $hex: string } | { readonly $repeat: readonly [number, number] }
  }
  readonly expect: Record<'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512', { readonly hex: string }>
}

const keyOf = ({ inputs: { key } }: HashesVector): Uint8Array =>
  '$hex' in key ? Buffer.from(key.$hex, 'hex') : new Uint8Array(key.$repeat[1]).fill(key.$repeat[0])

describe('hashes', () => {
  it.each(vectors('get_hashes') as HashesVector[])('gives the numbers of py2p for key $name', vector => {
    const { sha1, sha224, sha256, sha384, sha512 } = vector.expect
    const expected = [sha1, sha224, sha256, sha384, sha512].map(({ hex }) => BigInt(`0x${hex}`))
    expect(hashes(keyOf(vector))).toEqual(expected)
  })

  it('shifts the digests of another implementation to the head of the ring', () => {
    const names = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512']
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), key => {
        const expected = names.map(name => {
          const digest = createHash(name).update(key).digest()
          return BigInt(`0x${digest.toString('hex')}`) << BigInt(Math.max(0, 384 - 8 * digest.length))
        })
        expect(hashes(key)).toEqual(expected)
      }),
    )
  })

  it('takes a text for its UTF-8 bytes', () => {
    expect(hashes('käse 🧀')).toEqual(hashes(Buffer.from('käse 🧀', 'utf8')))
    expect(hashes('käse 🧀')).not.toEqual(hashes(Buffer.from('käse 🧀', 'latin1')))
  })
})

describe('positions', () => {
  it('are the hashes, all on the ring', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), key => {
        const all = positions(key)
        expect(all.every(position => position >= 0n && position < ringSize)).toBe(true)
        expect(all).toEqual(hashes(key).map(hash => hash % 2n ** 384n))
        expect(all.map((position, table) => distance(hashes(key)[table] ?? -1n, position))).toEqual([
          0n,
          0n,
          0n,
          0n,
          0n,
        ])
      }),
    )
  })
})
