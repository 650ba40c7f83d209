import { MessageChannel } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock, systemRandom } from '../src/system.ts'
import { wait } from '../src/wait.ts'

describe('the machine’s clock', () => {
  const start = Date.UTC(2026, 0, 1)
  beforeEach(() => {
    vi.useFakeTimers({ now: start })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('tells the wall clock’s time and a monotonic time, both in milliseconds', () => {
    const monotonic = systemClock.monotonic()
    expect(systemClock.now()).toBe(start)
    vi.advanceTimersByTime(1_500)
    expect(systemClock.now()).toBe(start + 1_500)
    expect(systemClock.monotonic()).toBe(monotonic + 1_500)
  })

  it('tells a monotonic time that no step of the wall clock moves', () => {
    const monotonic = systemClock.monotonic()
    vi.setSystemTime(start - 60_000)
    expect(systemClock.now()).toBe(start - 60_000)
    expect(systemClock.monotonic()).toBe(monotonic)
  })

  // Timers of JavaScript that are longer than 2^31 - 1 ms fire at once.
  it.each([1, 1_000, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 5_000, 3 * 2 ** 31])(
    'calls back once after %i ms',
    delay => {
      const callback = vi.fn<() => void>()
      systemClock.after(delay, callback)
      vi.advanceTimersByTime(delay - 1)
      expect(callback).not.toHaveBeenCalled()
      vi.advanceTimersByTime(1)
      expect(callback).toHaveBeenCalledTimes(1)
      expect(vi.getTimerCount()).toBe(0)
    },
  )

  it.each([10, 2 ** 31 + 5_000])('does not call back after a delay of %i ms that was disposed of', delay => {
    const callback = vi.fn<() => void>()
    const timer = systemClock.after(delay, callback)
    vi.advanceTimersByTime(delay - 1)
    timer[Symbol.dispose]()
    timer[Symbol.dispose]()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(delay)
    expect(callback).not.toHaveBeenCalled()
  })

  it('may be disposed of after it has called back', () => {
    const callback = vi.fn<() => void>()
    const timer = systemClock.after(10, callback)
    vi.advanceTimersByTime(10)
    timer[Symbol.dispose]()
    expect(callback).toHaveBeenCalledTimes(1)
  })
})

describe('a process that was held up', () => {
  /** Nothing else happens in this process for so many milliseconds. */
  const holdUp = (milliseconds: number) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
  }

  it('handles an answer that came meanwhile before the deadline that passed meanwhile', async () => {
    const { port1, port2 } = new MessageChannel()
    const answer = wait<string>({ clock: systemClock, what: 'an answer', timeout: 20 }, ({ resolve }) => {
      port1.once('message', resolve)
      return () => port1.close()
    })
    port2.postMessage('answer')
    holdUp(150)
    await expect(answer).resolves.toBe('answer')
  })

  it('keeps its deadlines in order, and none that was given up', async () => {
    const fired: string[] = []
    const given = systemClock.after(15, () => fired.push('given up'))
    systemClock.after(10, () => {
      fired.push('first')
      given[Symbol.dispose]()
    })
    const last = new Promise<void>(resolve => {
      systemClock.after(20, () => {
        fired.push('last')
        resolve()
      })
    })
    holdUp(150)
    await last
    expect(fired).toEqual(['first', 'last'])
  })
})

describe('the machine’s dice', () => {
  it('throw numbers from 0 up to, but not, 1, that differ', () => {
    const numbers = Array.from({ length: 1_000 }, () => systemRandom.next())
    expect(numbers.every(number => number >= 0 && number < 1)).toBe(true)
    expect(new Set(numbers).size).toBeGreaterThan(990)
  })

  // The Web's generator gives at most 65 536 bytes at a time.
  it.each([0, 1, 65_536, 66_560, 200_000])('fill all of %i bytes and return the array', length => {
    const bytes = new Uint8Array(length)
    expect(systemRandom.fill(bytes)).toBe(bytes)
    // A kilobyte without a byte other than 0 does not happen.
    for (let start = 0; start + 1_024 <= length; start += 1_024) {
      expect(bytes.subarray(start, start + 1_024).some(byte => byte !== 0)).toBe(true)
    }
  })

  it('fill a view and nothing beside it', () => {
    const memory = new Uint8Array(300)
    systemRandom.fill(memory.subarray(100, 200))
    expect(memory.subarray(0, 100).every(byte => byte === 0)).toBe(true)
    expect(memory.subarray(100, 200).some(byte => byte !== 0)).toBe(true)
    expect(memory.subarray(200).every(byte => byte === 0)).toBe(true)
  })
})
