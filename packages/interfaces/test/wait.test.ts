import { getEventListeners } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { wait, type Waiter } from '../src/wait.ts'
import { FakeClock } from './fake-clock.ts'

/** A wait that is settled by hand, and what it leaves behind. */
const waiting = (options: { signal?: AbortSignal; timeout?: number } = {}) => {
  const clock = new FakeClock()
  const cleanUp = vi.fn<() => void>()
  let waiter: Waiter<string> | undefined
  const promise = wait<string>({ ...options, clock, what: 'the post' }, given => {
    waiter = given
    return cleanUp
  })
  promise.catch(() => undefined)
  if (waiter === undefined) throw new Error('start was not called at once')
  return { clock, cleanUp, waiter, promise }
}

describe('a wait', () => {
  it('resolves with what its waiter resolves with, and cleans up', async () => {
    const { cleanUp, waiter, promise } = waiting()
    expect(cleanUp).not.toHaveBeenCalled()
    waiter.resolve('a letter')
    expect(cleanUp).toHaveBeenCalledTimes(1)
    await expect(promise).resolves.toBe('a letter')
  })

  it.each([NaN, 'soon' as unknown as number, {} as unknown as number])(
    'begins nothing with a timeout of %s, which would never come',
    async timeout => {
      const start = vi.fn<() => undefined>()
      const promise = wait({ clock: new FakeClock(), what: 'the post', timeout }, start)
      await expect(promise).rejects.toThrow(RangeError)
      expect(start).not.toHaveBeenCalled()
    },
  )

  it('rejects with what its waiter rejects with, unchanged, and cleans up', async () => {
    const { cleanUp, waiter, promise } = waiting()
    const reason = { not: 'even an error' }
    waiter.reject(reason)
    expect(cleanUp).toHaveBeenCalledTimes(1)
    await expect(promise).rejects.toBe(reason)
  })

  it('ends even if the cleaning up throws, which is thrown at whoever settled it', async () => {
    const { cleanUp, waiter, promise } = waiting()
    cleanUp.mockImplementation(() => {
      throw new Error('cannot be undone')
    })
    expect(() => waiter.resolve('a letter')).toThrow('cannot be undone')
    await expect(promise).resolves.toBe('a letter')
  })

  it('is settled by the first call; later ones change nothing and clean up nothing', async () => {
    const { cleanUp, waiter, promise } = waiting()
    waiter.resolve('first')
    waiter.resolve('second')
    waiter.reject(new Error('third'))
    await expect(promise).resolves.toBe('first')
    expect(cleanUp).toHaveBeenCalledTimes(1)
  })

  it('rejects with what start throws', async () => {
    const clock = new FakeClock()
    const failure = new Error('no post office')
    const promise = wait({ clock, timeout: 10, what: 'the post' }, () => {
      throw failure
    })
    await expect(promise).rejects.toBe(failure)
    expect(clock.pending).toBe(0)
  })

  it.each(['resolve', 'reject'] as const)(
    'cleans up once when start itself calls %s before it returns',
    async how => {
      const clock = new FakeClock()
      const cleanUp = vi.fn<() => void>()
      const { signal } = new AbortController()
      const promise = wait<string>({ clock, signal, timeout: 10, what: 'the post' }, waiter => {
        waiter[how]('at once')
        expect(cleanUp).not.toHaveBeenCalled()
        return cleanUp
      })
      expect(cleanUp).toHaveBeenCalledTimes(1)
      expect(await promise.catch((reason: unknown) => reason)).toBe('at once')
      expect(clock.pending).toBe(0)
      expect(getEventListeners(signal, 'abort')).toEqual([])
    },
  )

  it('needs no cleaning up', async () => {
    const clock = new FakeClock()
    const promise = wait<string>({ clock, what: 'the post' }, waiter => {
      waiter.resolve('a letter')
      return undefined
    })
    await expect(promise).resolves.toBe('a letter')
  })
})

describe('the signal of a wait', () => {
  it('ends it with P2P_ABORTED, says what was waited for, and carries the reason as the cause', async () => {
    const controller = new AbortController()
    const { clock, cleanUp, promise } = waiting({ signal: controller.signal, timeout: 10 })
    const reason = new Error('moved away')
    controller.abort(reason)
    expect(cleanUp).toHaveBeenCalledTimes(1)
    await expect(promise).rejects.toMatchObject({ name: 'WaitError', code: 'P2P_ABORTED', cause: reason })
    await expect(promise).rejects.toThrow('the post')
    expect(clock.pending).toBe(0)
  })

  it('keeps start from being called when it is aborted already', async () => {
    const clock = new FakeClock()
    const start = vi.fn<() => undefined>()
    const promise = wait({ clock, signal: AbortSignal.abort('no'), timeout: 10, what: 'the post' }, start)
    await expect(promise).rejects.toMatchObject({ code: 'P2P_ABORTED', cause: 'no' })
    expect(start).not.toHaveBeenCalled()
    expect(clock.pending).toBe(0)
  })

  it('is left alone once the wait has ended', async () => {
    const controller = new AbortController()
    const { cleanUp, waiter, promise } = waiting({ signal: controller.signal })
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
    waiter.resolve('a letter')
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    controller.abort()
    await expect(promise).resolves.toBe('a letter')
    expect(cleanUp).toHaveBeenCalledTimes(1)
  })
})

describe('the deadline of a wait', () => {
  it('ends it with P2P_TIMEOUT when its time is up and not before, and says what was waited for', async () => {
    const controller = new AbortController()
    const { clock, cleanUp, promise } = waiting({ signal: controller.signal, timeout: 250 })
    clock.advance(249)
    expect(cleanUp).not.toHaveBeenCalled()
    clock.advance(1)
    expect(cleanUp).toHaveBeenCalledTimes(1)
    await expect(promise).rejects.toMatchObject({ name: 'WaitError', code: 'P2P_TIMEOUT' })
    await expect(promise).rejects.toThrow(/250 ms.*the post/u)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  it('may be now', async () => {
    const { clock, promise } = waiting({ timeout: 0 })
    clock.advance(0)
    await expect(promise).rejects.toMatchObject({ code: 'P2P_TIMEOUT' })
  })

  it('is taken back when the wait ends before', async () => {
    const { clock, cleanUp, waiter, promise } = waiting({ timeout: 250 })
    expect(clock.pending).toBe(1)
    waiter.resolve('a letter')
    expect(clock.pending).toBe(0)
    clock.advance(1_000)
    await expect(promise).resolves.toBe('a letter')
    expect(cleanUp).toHaveBeenCalledTimes(1)
  })

  it.each([{ timeout: Infinity }, {}])('is never with %o, and takes no timer', async options => {
    const { clock, waiter, promise } = waiting(options)
    expect(clock.pending).toBe(0)
    waiter.resolve('a letter')
    await expect(promise).resolves.toBe('a letter')
  })
})
