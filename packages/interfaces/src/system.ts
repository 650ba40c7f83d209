/**
 * The machine's own clock and dice: the defaults wherever a {@link Clock} or a {@link Random} is a parameter.
 *
 * @packageDocumentation
 */
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

// The longest delay that timers of JavaScript keep; a longer one would fire at once.
const longest = 2 ** 31 - 1

/** The machine's clock. Its timers keep the process alive until they fire or are disposed of. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delay, callback) => {
    let timer = setTimeout(fire, Math.min(delay, longest))
    let rest = delay - longest
    function fire() {
      if (rest <= 0) {
        callback()
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
