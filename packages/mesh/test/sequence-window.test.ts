import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SequenceWindow, windowSize } from '../src/core/sequence-window.ts'

describe('a window of sequence numbers', () => {
  it('says new once for each number, in whatever order they come, as a set does', () => {
    const numbers = fc.array(fc.integer({ min: 1, max: windowSize - 1 }), { maxLength: 400 })
    fc.assert(
      fc.property(numbers, given => {
        const window = new SequenceWindow()
        const seen = new Set<number>()
        for (const number of given) {
          expect(window.add(number)).toBe(!seen.has(number))
          seen.add(number)
        }
        expect(window.newest).toBe(Math.max(0, ...given))
      }),
    )
  })

  it('agrees with a set also far along, with jumps', () => {
    const steps = fc.array(fc.integer({ min: -300, max: 600 }), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(steps, given => {
        const window = new SequenceWindow()
        const seen = new Set<number>()
        let newest = 0
        let at = 10_000
        for (const step of given) {
          at = Math.max(1, at + step)
          const isInWindow = at > newest - windowSize
          expect(window.add(at)).toBe(isInWindow && !seen.has(at))
          seen.add(at)
          newest = Math.max(newest, at)
        }
      }),
    )
  })

  it('takes a number that has left it for seen', () => {
    const window = new SequenceWindow()
    window.add(1)
    window.add(windowSize + 5)
    expect(window.add(5)).toBe(false)
    expect(window.add(6)).toBe(true)
  })
})
