/**
 * The machine's own clock and dice: the defaults wherever a {@link Clock} or a {@link Random} is a parameter.
 *
 * @packageDocumentation
 */
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

// The longest delay that timers of JavaScript keep; a longer one would fire at once.
const longest = 2 ** 31 - 1

/** A timer that fires this many milliseconds late or more tells that the process was held up: it computed, or the machine had no time for it. */
const heldUp = 50

/**
 * The machine's clock. Its timers keep the process alive until they fire or are disposed of.
 *
 * After the process was held up a timer fires behind what has come meanwhile, and not before it as timers of JavaScript do: nobody is given up for silence whose
 * answer lies there unread.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delay, callback) => {
    const due = performance.now() + delay
    let timer = setTimeout(fire, Math.min(delay, longest))
    let rest = delay - longest
    function fire() {
      if (rest <= 0) {
        if (performance.now() - due < heldUp) callback()
        else timer = setTimeout(callback, 0)
        return
      }
      timer = setTimeout(fire, Math.min(rest, longest))
      rest -= longest
    }
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
}

/** The machine's dice: `fill` is cryptographically strong, `next` is not. */
export const systemRandom: Random = {
  next: () => Math.random(),
  fill: bytes => {
    // getRandomValues refuses more than 65 536 bytes at a time
    for (let offset = 0; offset < bytes.length; offset += 65_536) {
      globalThis.crypto.getRandomValues(bytes.subarray(offset, offset + 65_536))
    }
    return bytes
  },
}
