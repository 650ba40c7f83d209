import { describe, expect, it, vi } from 'vitest'
import { P2PError, WaitError } from '../src/index.ts'

class CheeseError extends P2PError<'P2P_NO_CHEESE' | 'P2P_OLD_CHEESE'> {}

/** The module as a second version of the package would have it, in the same process. */
const secondCopy = async () => {
  vi.resetModules()
  const copy = await import('../src/index.ts')
  expect(copy.P2PError).not.toBe(P2PError)
  return copy
}

describe('an error of the family', () => {
  it('has a code, a message, a cause, and the name of its class', () => {
    const cause = new Error('mice')
    const error = new CheeseError('P2P_NO_CHEESE', 'the larder is empty', { cause })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'CheeseError',
      code: 'P2P_NO_CHEESE',
      message: 'the larder is empty',
      cause,
    })
    expect(String(error)).toBe('CheeseError: the larder is empty')
    expect(error.stack).toContain('errors.test.ts')
  })

  it('has no cause unless one is given', () => {
    expect('cause' in new P2PError('P2P_NO_CHEESE', 'none')).toBe(false)
  })
})

describe('P2PError.is', () => {
  it('knows the family, its subclasses, and its codes', () => {
    const error = new CheeseError('P2P_OLD_CHEESE', 'it moved')
    expect(P2PError.is(error)).toBe(true)
    expect(P2PError.is(error, 'P2P_OLD_CHEESE')).toBe(true)
    expect(P2PError.is(error, 'P2P_NO_CHEESE')).toBe(false)
  })

  it.each([
    ['another error', new Error('P2P_NO_CHEESE')],
    ['another error with such a code', Object.assign(new Error(), { code: 'P2P_NO_CHEESE' })],
    ['the code alone', 'P2P_NO_CHEESE'],
    ['null', null],
    ['undefined', undefined],
    ['a function', () => new P2PError('P2P_NO_CHEESE', 'none')],
  ])('does not take %s for one', (_, value) => {
    expect(P2PError.is(value)).toBe(false)
    expect(P2PError.is(value, 'P2P_NO_CHEESE')).toBe(false)
  })

  it('knows the errors of a second copy of the package, and the second copy knows ours', async () => {
    const copy = await secondCopy()
    const theirs = new copy.WaitError('P2P_TIMEOUT', 'too late')
    const ours = new WaitError('P2P_TIMEOUT', 'too late')
    expect(theirs).not.toBeInstanceOf(P2PError)
    expect(P2PError.is(theirs, 'P2P_TIMEOUT')).toBe(true)
    expect(P2PError.is(theirs, 'P2P_ABORTED')).toBe(false)
    expect(copy.P2PError.is(ours, 'P2P_TIMEOUT')).toBe(true)
  })
})
