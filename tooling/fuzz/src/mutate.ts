import type { SeededRandom } from '@p2p/simulation'

/** Inputs are cut off here, in bytes: what is wrong with longer ones shows in shorter ones. */
const longest = 65_536

/** Values at which lengths, counts and signs go over the edge. */
const edges = [0x00, 0x01, 0x0f, 0x10, 0x1f, 0x20, 0x7f, 0x80, 0x8f, 0x90, 0xa0, 0xbf, 0xc0, 0xc1, 0xff]

type Damage = (bytes: number[], random: SeededRandom, other: () => Uint8Array) => void

const put = (bytes: number[], at: number, values: Iterable<number>) => {
  let index = at
  for (const value of values) {
    if (index >= bytes.length) return
    bytes[index++] = value
  }
}

const damages: readonly Damage[] = [
  function flip(bytes, random) {
    const at = random.integer(bytes.length)
    bytes[at] = (bytes[at] as number) ^ (1 << random.integer(8))
  },
  function edge(bytes, random) {
    bytes[random.integer(bytes.length)] = random.pick(edges)
  },
  function step(bytes, random) {
    const at = random.integer(bytes.length)
    bytes[at] = ((bytes[at] as number) + random.integer(5) - 2) & 0xff
  },
  function noise(bytes, random) {
    put(bytes, random.integer(bytes.length), random.fill(new Uint8Array(1 + random.integer(8))))
  },
  function number(bytes, random) {
    // A length, count or clock of 2, 4, 6 or 8 bytes that is all ones, nearly, or half
    const values = new Uint8Array(random.pick([2, 4, 6, 8])).fill(random.pick([0xff, 0x00]))
    values[0] = random.pick([0x00, 0x7f, 0x80, 0xff])
    values[values.length - 1] = random.pick([0x00, 0x01, 0xfe, 0xff])
    put(bytes, random.integer(bytes.length), values)
  },
  function insert(bytes, random) {
    bytes.splice(random.integer(bytes.length + 1), 0, ...random.fill(new Uint8Array(1 + random.integer(8))))
  },
  function remove(bytes, random) {
    bytes.splice(random.integer(bytes.length), 1 + random.integer(8))
  },
  function truncate(bytes, random) {
    bytes.length = random.integer(bytes.length)
  },
  function repeat(bytes, random) {
    const start = random.integer(bytes.length)
    const piece = bytes.slice(start, start + 1 + random.integer(32))
    const times = random.chance(0.05) ? 200 : 1
    for (let count = 0; count < times; count++) bytes.splice(start, 0, ...piece)
  },
  function splice(bytes, random, other) {
    const piece = other()
    const from = random.integer(piece.length + 1)
    const at = random.integer(bytes.length + 1)
    bytes.splice(at, random.integer(16), ...piece.subarray(from, from + random.integer(64)))
  },
  function append(bytes, random, other) {
    bytes.push(...(random.chance(0.5) ? other() : random.fill(new Uint8Array(1 + random.integer(40)))))
  },
]

/** A sample of the corpus, damaged in one to four ways; now and then only noise. */
export const mutate = (corpus: readonly Uint8Array[], random: SeededRandom): Uint8Array => {
  if (corpus.length === 0 || random.chance(0.05)) return random.fill(new Uint8Array(random.integer(200)))
  const bytes = Array.from(random.pick(corpus))
  for (let count = 1 + random.integer(4); count > 0; count--) {
    if (bytes.length === 0) bytes.push(random.integer(256))
    random.pick(damages)(bytes, random, () => random.pick(corpus))
    if (bytes.length > longest) bytes.length = longest
  }
  return Uint8Array.from(bytes)
}
