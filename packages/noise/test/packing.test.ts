import type { Connection } from '@p2p/interfaces'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maxRecord, recordOverhead } from '../src/limits.ts'
import type { Noise } from '../src/index.ts'
import { identity, memoryPair, securedPair } from './pairs.ts'
import { manyTimes } from './primitives.ts'

/** A connection of which each write is noted. */
const noting = (connection: Connection, writes: Uint8Array[]): Connection =>
  new Proxy(connection, {
    get: (target, name) => {
      if (name === 'write') {
        return (chunk: Uint8Array, release?: () => void) => {
          writes.push(chunk.slice())
          return target.write(chunk, release)
        }
      }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })

/** The lengths of the contents of the records in a stream. */
const contents = (writes: readonly Uint8Array[]): number[] => {
  const stream = Buffer.concat(writes)
  const lengths: number[] = []
  for (let at = 0; at < stream.length; at += 2 + stream.readUInt16BE(at)) {
    lengths.push(2 + stream.readUInt16BE(at) - recordOverhead)
  }
  return lengths
}

/** An established session, what its dialler's end writes below, and what comes out at the other end. */
const session = async (noises: readonly [Noise, Noise]) => {
  const pair = await memoryPair()
  const writes: Uint8Array[] = []
  const ends = { outbound: noting(pair.outbound, writes), inbound: pair.inbound }
  const { outbound, inbound } = await securedPair(ends, noises)
  writes.length = 0
  const received: Uint8Array[] = []
  inbound.onData(chunk => void received.push(chunk.slice()))
  const close = async () => {
    outbound.onData(() => undefined)
    await Promise.all([outbound.close(), inbound.closed])
  }
  return { outbound, inbound, writes, received, close }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe.each(manyTimes)('what is written in one turn by %s', (name, createNoise) => {
  const [dialler, listener] = [1, 2].map(seed =>
    createNoise({ identity: identity(seed), network: 'packing' }),
  ) as [Noise, Noise]
  const open = () => session([dialler, listener])

  it('shares a record, which leaves when the turn ends', async () => {
    const { outbound, writes, close } = await open()
    const write = (count: number) => {
      for (let written = 0; written < count; written++) outbound.write(new Uint8Array(64))
    }
    // The first large turn begins with memory for a small one
    write(1_000)
    await turn()
    expect(contents(writes)).toHaveLength(2)
    writes.length = 0
    write(1_000)
    expect(writes).toEqual([])
    await turn()
    expect([writes.length, contents(writes)]).toEqual([1, [64_000]])
    write(1)
    await turn()
    expect([writes.length, contents(writes)]).toEqual([2, [64_000, 64]])
    await close()
  })

  it('fills records to their limit, of which several leave in one write', async () => {
    const { outbound, writes, close } = await open()
    for (let count = 0; count < 10_000; count++) outbound.write(new Uint8Array(64))
    await turn()
    const lengths = contents(writes)
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(640_000)
    const longest = Math.max(...lengths)
    expect(longest % 128).toBe(0)
    expect(maxRecord - recordOverhead - longest).toBeLessThan(128)
    expect(lengths.length).toBeLessThanOrEqual(12)
    expect(writes.length).toBeLessThanOrEqual(5)
    await close()
  })

  it('leaves with a header in a record of its own ahead of a long chunk, so that the chunk is sealed in one piece', async () => {
    const { outbound, writes, close } = await open()
    for (let count = 0; count < 8; count++) {
      outbound.write(new Uint8Array(4))
      outbound.write(new Uint8Array(60_000))
      await turn()
    }
    expect(contents(writes)).toEqual(Array.from({ length: 8 }, () => [4, 60_000]).flat())
    await close()
  })

  it('is sealed so that long chunks fill records, wherever the memory for records ends', async () => {
    const { outbound, writes, close } = await open()
    const full = 65_408
    for (let count = 0; count < 64; count++) {
      outbound.write(new Uint8Array(4))
      outbound.write(new Uint8Array(65_536))
    }
    await turn()
    const lengths = contents(writes).slice(2)
    expect(lengths.filter(length => length !== full && length > 1_024)).toEqual([])
    expect(lengths.filter(length => length === full).length).toBeGreaterThanOrEqual(60)
    await close()
  })

  it('waits unsealed from a MiB on while the other end reads nothing', async () => {
    const { outbound, inbound, writes, close } = await open()
    inbound.pause()
    const chunk = new Uint8Array(65_536)
    for (let count = 0; count < 200; count++) {
      outbound.write(chunk)
      if (count % 10 === 9) await turn()
    }
    const sealed = writes.reduce((sum, { length }) => sum + length, 0)
    expect(outbound.queued - sealed).toBeGreaterThan(10 * 2 ** 20)
    expect(sealed).toBeLessThanOrEqual(262_144 + 2 ** 20)
    expect(Math.max(...writes.map(({ length }) => length))).toBeLessThanOrEqual(2 ** 20)
    inbound.resume()
    await close()
  })

  it('comes out as it went in, whatever the lengths', async () => {
    const lengths = fc.array(fc.oneof(fc.nat(100), fc.nat(20_000), fc.nat(300_000)), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(fc.array(lengths, { maxLength: 4 }), async turns => {
        const { outbound, writes, received, close } = await open()
        const sent: Uint8Array[] = []
        for (const each of turns) {
          for (const length of each) {
            const chunk = new Uint8Array(length).fill(sent.length + 1)
            sent.push(chunk)
            outbound.write(chunk)
          }
          await turn()
        }
        await close()
        expect(Buffer.concat(received).equals(Buffer.concat(sent))).toBe(true)
        for (const length of contents(writes)) expect(length).toBeLessThanOrEqual(maxRecord - recordOverhead)
      }),
      { numRuns: name === 'noble' ? 8 : 25 },
    )
  })
})
