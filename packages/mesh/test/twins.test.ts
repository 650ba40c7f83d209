import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deadLinks, rankLinks, type Twin } from '../src/core/twins.ts'
import { createIdentity } from '../src/index.ts'

const bytes = (value: number) => Uint8Array.of(value, value, value, value, value, value, value, value)
const twin = (nonce: number, dialled: boolean, serial = 1, incarnation = 1): Twin => ({
  nonce: bytes(nonce),
  dialled,
  serial,
  incarnation: bytes(incarnation),
})

const links = fc.uniqueArray(fc.record({ nonce: fc.integer({ min: 0, max: 255 }), dialled: fc.boolean() }), {
  selector: ({ nonce }) => nonce,
  minLength: 1,
  maxLength: 6,
})

describe('twin links', () => {
  const one = createIdentity().id
  const two = createIdentity().id

  it('are ranked alike by both ends, in whatever order they hold them', () => {
    fc.assert(
      fc.property(links, fc.func(fc.integer()), (given, order) => {
        const here = given.map(({ nonce, dialled }) => twin(nonce, dialled))
        // What we dialled is what the other end did not
        const there = given
          .map(({ nonce, dialled }) => twin(nonce, !dialled))
          .sort((a, b) => order(a.nonce) - order(b.nonce))
        expect(rankLinks(one, two, here).map(({ nonce }) => nonce)).toEqual(
          rankLinks(two, one, there).map(({ nonce }) => nonce),
        )
      }),
    )
  })

  it('keep a link that the node with the larger id dialled, if there is one', () => {
    const mine = twin(9, true)
    const others = twin(1, false)
    const kept = [rankLinks(one, two, [mine, others]).at(-1), rankLinks(two, one, [mine, others]).at(-1)]
    expect(new Set(kept)).toEqual(new Set([mine, others]))
  })

  it('are dead if the other end, later, does not name them', () => {
    const [named, unnamed] = [twin(1, true), twin(2, false)]
    const hello = { incarnation: bytes(1), serial: 5, held: [bytes(1)] }
    expect(deadLinks([named, unnamed], hello)).toEqual([unnamed])
  })

  it('are not dead because of a HELLO that was sent before they were made', () => {
    const late = twin(2, false, 6)
    expect(deadLinks([late], { incarnation: bytes(1), serial: 5, held: [] })).toEqual([])
  })

  it('are not dead because of a HELLO whose sender did not know its peer', () => {
    expect(deadLinks([twin(1, true)], { incarnation: bytes(1), serial: 5, held: undefined })).toEqual([])
  })

  it('are dead if the other end has been restarted, whatever it says', () => {
    const old = twin(1, true)
    expect(deadLinks([old], { incarnation: bytes(2), serial: 1, held: undefined })).toEqual([old])
  })
})
