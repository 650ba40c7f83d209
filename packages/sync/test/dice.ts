import type { Random } from '@p2p/interfaces'

/** Dice that fall the same way for the same seed (mulberry32). */
export const dice = (seed: number): Random => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    fill: bytes => {
      for (let index = 0; index < bytes.length; index++) bytes[index] = Math.floor(next() * 256)
      return bytes
    },
  }
}
