import type { SeededRandom } from '@p2p/simulation'

type Bag = Record<string, unknown>

const texts = [
  '',
  'a',
  'type',
  'entries',
  '__proto__',
  'constructor',
  'é日\u{1f600}',
  '\u{feff}x',
  '\0',
  'x'.repeat(300),
]
const numbers = [
  0,
  -0,
  1,
  -1,
  15,
  127,
  128,
  255,
  256,
  65_535,
  2 ** 31,
  2 ** 32,
  2 ** 48,
  2 ** 53 - 1,
  2 ** 53,
  1e300,
  0.1,
]

/** A value of no type above `depth`; with `binary` also those that JSON has not. */
export const randomValue = (random: SeededRandom, depth: number, binary: boolean): unknown => {
  switch (random.integer(depth > 0 ? 9 : 7)) {
    case 0:
      return null
    case 1:
      return random.chance(0.5)
    case 2:
      return random.pick(numbers) * (random.chance(0.2) ? -1 : 1)
    case 3:
      return random.pick(texts)
    case 4:
      return Math.floor(random.next() * 2 ** random.integer(53))
    case 5:
      return binary ? random.fill(new Uint8Array(random.integer(60))) : random.integer(1000)
    case 6:
      return binary ? random.pick([2n ** 63n, -(2n ** 62n), NaN, -Infinity]) : 'text'
    case 7:
      return Array.from({ length: random.integer(6) }, () => randomValue(random, depth - 1, binary))
    default:
      return Object.fromEntries(
        Array.from({ length: random.integer(6) }, () => [
          random.pick(texts).replace('__proto__', 'p'),
          randomValue(random, depth - 1, binary),
        ]),
      )
  }
}

const isBag = (value: unknown): value is Bag =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)

/** The value with something in it changed: what a peer of another mind would send. The original stays as it is. */
export const changedValue = (value: unknown, random: SeededRandom): unknown => {
  const inside = random.chance(0.85)
  if (Array.isArray(value) && value.length > 0 && inside) return changedArray(value, random)
  if (isBag(value) && Object.keys(value).length > 0 && inside) return changedBag(value, random)
  if (value instanceof Uint8Array && random.chance(0.7)) {
    const bytes = value.slice(0, random.chance(0.3) ? random.integer(value.length + 1) : value.length)
    if (bytes.length > 0) bytes[random.integer(bytes.length)] = random.integer(256)
    return bytes
  }
  if (typeof value === 'number' && random.chance(0.6))
    return value + random.pick([-1, 1, 0.5, 1000, -value, 2 ** 40])
  if (typeof value === 'boolean' && random.chance(0.6)) return !value
  if (typeof value === 'string' && random.chance(0.4)) return value.slice(1) + random.pick(['', '0', 'é'])
  return randomValue(random, 3, true)
}

const changedArray = (array: readonly unknown[], random: SeededRandom): unknown[] => {
  const copy = [...array]
  const at = random.integer(copy.length)
  switch (random.integer(8)) {
    case 0:
      copy.splice(at, 1)
      break
    case 1:
      copy.splice(at, 0, copy[random.integer(copy.length)])
      break
    case 2:
      copy.push(...Array.from({ length: random.pick([1, 2, 50]) }, () => copy[at]))
      break
    default:
      copy[at] = changedValue(copy[at], random)
  }
  return copy
}

const changedBag = (bag: Bag, random: SeededRandom): Bag => {
  const entries = Object.entries(bag)
  const at = random.integer(entries.length)
  const [name, value] = entries[at] as [string, unknown]
  switch (random.integer(8)) {
    case 0:
      entries.splice(at, 1)
      break
    case 1:
      entries.push([random.pick(['type', 'extra', 'owners', 'more']), randomValue(random, 2, true)])
      break
    default:
      entries[at] = [name, changedValue(value, random)]
  }
  return Object.fromEntries(entries)
}
