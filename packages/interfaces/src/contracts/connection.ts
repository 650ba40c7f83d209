import { P2PError } from '../errors.ts'
import type { ContractCase } from './case.ts'
import { check, rejectsWith, same } from './check.ts'
import { connectionEnds } from './connection-ends.ts'
import {
  type ConnectionPair,
  type CreatePair,
  end,
  fill,
  type PairCase,
  pattern,
  Quiet,
  Reading,
  Releases,
  writeAll,
} from './streams.ts'

export type { ConnectionPair, CreatePair } from './streams.ts'

const mebibyte = 1_048_576

/**
 * The promises of {@link Connection}, each checked in both directions: an end that dialled may work differently from one that was accepted. The
 * clock of the connections must move by itself: two cases wait for a deadline of 0 ms.
 *
 * @param create makes a new pair for each check, of which nothing has been read or written
 */
export const connectionContract = (create: CreatePair): ContractCase[] => [
  {
    name: 'each end knows its direction, and both agree on the addresses',
    run: () => withPair(create, ends),
  },
  ...[...bytes, ...backPressure, ...chunks, ...connectionEnds].map(([name, body]) => ({
    name,
    run: async () => {
      const quiet = new Quiet(create)
      const wait = quiet.settled
      try {
        await withPair(create, ({ outbound, inbound }) => body({ one: outbound, other: inbound }, wait))
        await withPair(create, ({ outbound, inbound }) => body({ one: inbound, other: outbound }, wait))
      } finally {
        await quiet.end()
      }
    },
  })),
]

const withPair = async (create: CreatePair, body: (pair: ConnectionPair) => Promise<void>) => {
  const pair = await create()
  try {
    await body(pair)
  } finally {
    await end(pair.outbound, pair.inbound)
  }
}

const ends = async ({ outbound, inbound }: ConnectionPair) => {
  same(outbound.direction, 'outbound', 'who dialled is outbound')
  same(inbound.direction, 'inbound', 'who accepted is inbound')
  same(inbound.remote, outbound.local, 'the remote end of one is the local end of the other')
  check(outbound.remote.includes('://') && outbound.local.includes('://'), 'addresses have a scheme')
}

const bytes: readonly PairCase[] = [
  [
    'bytes arrive in order in both directions at once, however they were cut',
    async ({ one, other }) => {
      const [there, back] = [new Reading(other), new Reading(one)]
      await Promise.all([
        writeAll(one, 3 * mebibyte, 100_003),
        writeAll(other, 300_000, 61),
        there.exactly(3 * mebibyte),
        back.exactly(300_000),
      ])
    },
  ],
  [
    'a thousand small chunks of one turn arrive in order, mixed with large ones',
    async ({ one, other }) => {
      const reading = new Reading(other)
      let written = 0
      for (let index = 0; index < 1_000; index++) {
        const length = index % 100 === 7 ? 9_000 : 1 + (index % 64)
        one.write(pattern(written, length))
        written += length
      }
      await reading.exactly(written)
    },
  ],
  [
    'a lone byte arrives without another write behind it',
    async ({ one, other }) => {
      const reading = new Reading(other)
      one.write(pattern(0, 1))
      await reading.exactly(1)
    },
  ],
  [
    'what is written in the consumer arrives',
    async ({ one, other }) => {
      other.onData(chunk => other.write(chunk.slice()))
      const echo = new Reading(one)
      for (let written = 0; written < 600; written += 20) {
        one.write(pattern(written, 20))
        await echo.exactly(written + 20)
      }
    },
  ],
  [
    'write does not call the other end within itself',
    async ({ one, other }) => {
      const reading = new Reading(other)
      one.write(pattern(0, 10))
      same(reading.calls, 0, 'calls of the consumer before write returned')
      await reading.exactly(10)
    },
  ],
  [
    'an empty chunk is nothing',
    async ({ one, other }) => {
      const reading = new Reading(other)
      const releases = new Releases()
      check(one.write(new Uint8Array(0), releases.next()), 'an empty chunk fills no queue')
      one.write(pattern(0, 5))
      one.write(new Uint8Array(0), releases.next())
      await reading.exactly(5)
      same(reading.calls, 1, 'chunks that came')
      releases.check()
    },
  ],
  [
    'a later consumer replaces the earlier one',
    async ({ one, other }) => {
      const earlier = new Reading(other)
      one.write(pattern(0, 100))
      await earlier.exactly(100)
      const later = new Reading(other)
      one.write(pattern(0, 50))
      await later.exactly(50)
      same(earlier.length, 100, 'bytes that the earlier consumer got')
    },
  ],
]

const backPressure: readonly PairCase[] = [
  [
    'nothing is read before there is a consumer, and nothing is lost by it',
    async ({ one, other }, quiet) => {
      const written = await fill(one, quiet)
      check(one.queued > 0, 'what the other end does not take is queued')
      await new Reading(other).exactly(written)
    },
  ],
  [
    'a writer is told to wait when the other end pauses, and drained resolves when it reads on',
    async ({ one, other }, quiet) => {
      const reading = new Reading(other)
      other.pause()
      const written = await fill(one, quiet)
      const drained = one.drained()
      other.resume()
      await drained
      await reading.exactly(written)
      check(one.write(pattern(written, 1)), 'below the mark write answers true again')
    },
  ],
  [
    'the other direction flows while one is held back',
    async ({ one, other }, quiet) => {
      await fill(one, quiet)
      const reading = new Reading(one)
      await Promise.all([writeAll(other, mebibyte, 50_000), reading.exactly(mebibyte)])
    },
  ],
  [
    'queued is what has been written and not been taken',
    async ({ one, other }, quiet) => {
      same(one.queued, 0, 'queued at first')
      const reading = new Reading(other)
      one.write(pattern(0, 1_000))
      same(one.queued, 1_000, 'queued after a write')
      await reading.exactly(1_000)
      await quiet()
      same(one.queued, 0, 'queued when all has arrived')
    },
  ],
  [
    'drained resolves at once below the mark',
    async ({ one, other }) => {
      await one.drained()
      await other.drained({ signal: new AbortController().signal, timeout: 0 })
    },
  ],
  [
    'waiting for drained can be given up, and the connection lives on',
    async ({ one, other }, quiet) => {
      const written = await fill(one, quiet)
      const controller = new AbortController()
      const waiting = rejectsWith(one.drained({ signal: controller.signal }), 'P2P_ABORTED', 'drained')
      controller.abort()
      await waiting
      await rejectsWith(one.drained({ signal: controller.signal }), 'P2P_ABORTED', 'an aborted signal')
      await rejectsWith(one.drained({ timeout: 0 }), 'P2P_TIMEOUT', 'drained')
      await new Reading(other).exactly(written)
    },
  ],
  [
    'a pause in the consumer holds back all that follows, until resume',
    async ({ one, other }, quiet) => {
      const reading = new Reading(other)
      one.write(pattern(0, 10))
      await reading.exactly(10)
      other.onData(() => undefined)
      let calls = 0
      other.onData(() => {
        calls++
        other.pause()
      })
      for (let index = 0; index < 20; index++) one.write(new Uint8Array(70_000))
      await quiet()
      same(calls, 1, 'calls of a consumer that pauses')
      other.resume()
      await quiet()
      same(calls, 2, 'calls after it was resumed and paused again')
    },
  ],
  [
    'pause right after resume holds everything back',
    async ({ one, other }, quiet) => {
      const reading = new Reading(other)
      other.pause()
      other.resume()
      other.pause()
      one.write(pattern(0, 300_000))
      await quiet()
      same(reading.length, 0, 'bytes delivered while paused')
      other.resume()
      await reading.exactly(300_000)
    },
  ],
  [
    'pause before the first consumer counts too',
    async ({ one, other }, quiet) => {
      other.pause()
      const reading = new Reading(other)
      one.write(pattern(0, 100))
      await quiet()
      same(reading.length, 0, 'bytes delivered while paused')
      other.resume()
      await reading.exactly(100)
    },
  ],
]

const chunks: readonly PairCase[] = [
  [
    'release is called once for each chunk that was sent, and then the memory may be used again',
    async ({ one, other }) => {
      const reading = new Reading(other)
      const releases = new Releases()
      const slabs = [0, 1, 2].map(() => new Uint8Array(20_000))
      let written = 0
      let wake: (() => void) | undefined
      while (written < 2 * mebibyte) {
        const slab = slabs.pop()
        if (slab === undefined) {
          await new Promise<void>(resolve => (wake = resolve))
          continue
        }
        slab.set(pattern(written, slab.length))
        written += slab.length
        const count = releases.next()
        one.write(slab, () => {
          count()
          slabs.push(slab.fill(0))
          wake?.()
        })
      }
      await reading.exactly(written)
      await one.close()
      releases.check()
    },
  ],
  [
    'release is called once for each chunk that is dropped, sent in part, or written too late',
    async ({ one, other }, quiet) => {
      const releases = new Releases()
      await fill(one, quiet)
      for (const length of [10, 100_000, 10, 10]) one.write(pattern(0, length), releases.next())
      same(releases.released, 0, 'chunks released while the other end does not read')
      one.abort()
      one.write(pattern(0, 10), releases.next())
      await one.closed
      const late = releases.released
      one.write(pattern(0, 10), releases.next())
      same(releases.released, late + 1, 'a chunk that is written after the end is released within write')
      releases.check()
      await other.close({ signal: AbortSignal.abort() })
    },
  ],
  [
    'a write after the end is dropped and answers false, and drained rejects',
    async ({ one, other }) => {
      const reading = new Reading(other)
      await Promise.all([one.close(), other.closed])
      for (const connection of [one, other]) {
        same(connection.write(pattern(0, 1)), false, 'write after the end')
        const error = await rejectsWith(
          connection.drained(),
          'P2P_CONNECTION_CLOSED',
          'drained after the end',
        )
        check(P2PError.is(error), 'the error is one of the family')
        same(connection.queued, 0, 'queued after the end')
      }
      same(reading.length, 0, 'bytes that came')
    },
  ],
]
