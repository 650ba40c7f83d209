import type { Connection } from '../connection.ts'
import { P2PError } from '../errors.ts'
import { check, rejectsWith, same } from './check.ts'
import { fill, type PairCase, pattern, Reading, writeAll } from './streams.ts'

const mebibyte = 1_048_576

const never = AbortSignal.abort()

/** How a connection ended in order. */
const endedInOrder = async (connection: Connection, by: 'local' | 'remote') => {
  const info = await connection.closed
  check(info.error === undefined, `an orderly end has no error, got ${String(info.error)}`)
  same(info.by, by, 'who ended it')
}

/** How a connection failed because the other end went away. */
const failedRemotely = async (connection: Connection) => {
  const info = await connection.closed
  check(info.error !== undefined, 'the other end sees a failure, not an orderly end')
  check(P2PError.is(info.error), 'the failure has a code')
  same(info.by, 'remote', 'who ended it')
}

const closing: readonly PairCase[] = [
  [
    'close sends what was written first, and both see an orderly end',
    async ({ one, other }) => {
      const reading = new Reading(other)
      other.pause()
      for (let start = 0; start < mebibyte; start += 16_384) one.write(pattern(start, 16_384))
      const closed = one.close()
      other.resume()
      await reading.exactly(mebibyte)
      await closed
      await endedInOrder(one, 'local')
      await endedInOrder(other, 'remote')
    },
  ],
  [
    'close resolves when the connection has ended',
    async ({ one, other }) => {
      new Reading(other)
      let ended = false
      void one.closed.then(() => (ended = true))
      await one.close()
      check(ended, 'closed has resolved before close does')
    },
  ],
  [
    'closing twice, at once and later, is closing once',
    async ({ one, other }) => {
      const reading = new Reading(other)
      one.write(pattern(0, 1_000))
      await Promise.all([one.close(), one.close()])
      await one.close()
      await reading.exactly(1_000)
      await endedInOrder(one, 'local')
    },
  ],
  [
    'what arrives while it closes is still delivered, and the other end is flushed too',
    async ({ one, other }) => {
      const [there, back] = [new Reading(other), new Reading(one)]
      for (let start = 0; start < mebibyte; start += 65_536) other.write(pattern(start, 65_536))
      one.write(pattern(0, 7))
      await one.close()
      await there.exactly(7)
      await back.exactly(mebibyte)
      await endedInOrder(other, 'remote')
    },
  ],
  [
    'both ends may close at the same time',
    async ({ one, other }) => {
      const [there, back] = [new Reading(other), new Reading(one)]
      one.write(pattern(0, 100_000))
      other.write(pattern(0, 100_000))
      await Promise.all([one.close(), other.close()])
      await there.exactly(100_000)
      await back.exactly(100_000)
      for (const connection of [one, other]) {
        check((await connection.closed).error === undefined, 'both ends are orderly')
      }
    },
  ],
  [
    'a connection that was never read closes in order',
    async ({ one, other }) => {
      new Reading(other)
      other.write(pattern(0, 100_000))
      await one.close()
      await endedInOrder(one, 'local')
      await endedInOrder(other, 'remote')
    },
  ],
  [
    'a paused connection closes in order and delivers nothing more',
    async ({ one, other }) => {
      const reading = new Reading(one)
      new Reading(other)
      one.pause()
      other.write(pattern(0, 100_000))
      await one.close()
      await endedInOrder(one, 'local')
      same(reading.length, 0, 'bytes delivered while paused')
    },
  ],
  [
    'a flush that is given up by its signal drops the rest, and close resolves all the same',
    async ({ one, other }, quiet) => {
      const written = await fill(one, quiet)
      const controller = new AbortController()
      const closed = one.close({ signal: controller.signal })
      await quiet()
      controller.abort()
      await closed
      const info = await one.closed
      check(P2PError.is(info.error, 'P2P_ABORTED'), 'closed tells that the flush was given up')
      same(info.by, 'local', 'who ended it')
      const reading = new Reading(other)
      await failedRemotely(other)
      check(reading.length < written, 'the rest was dropped')
    },
  ],
  [
    'a flush that takes too long drops the rest, and close resolves all the same',
    async ({ one }, quiet) => {
      await fill(one, quiet)
      await one.close({ timeout: 0 })
      check(P2PError.is((await one.closed).error, 'P2P_TIMEOUT'), 'closed tells that time was up')
    },
  ],
  [
    'it ends with its scope',
    async ({ one, other }) => {
      new Reading(other)
      {
        await using scoped = one
        scoped.write(pattern(0, 1))
      }
      await endedInOrder(one, 'local')
      await endedInOrder(other, 'remote')
    },
  ],
  [
    'drained rejects with P2P_CONNECTION_CLOSED if the connection ends first',
    async ({ one, other }, quiet) => {
      await fill(one, quiet)
      const waiting = rejectsWith(one.drained(), 'P2P_CONNECTION_CLOSED', 'drained')
      const closed = one.close({ signal: never })
      await waiting
      await closed
      await other.close({ signal: never })
    },
  ],
  [
    'drained rejects with P2P_CONNECTION_CLOSED if the other end breaks first',
    async ({ one, other }, quiet) => {
      await fill(one, quiet)
      new Reading(one)
      const waiting = rejectsWith(one.drained(), 'P2P_CONNECTION_CLOSED', 'drained')
      other.abort()
      await waiting
      await failedRemotely(one)
    },
  ],
]

const aborting: readonly PairCase[] = [
  [
    'abort ends at once, and the other end sees a failure',
    async ({ one, other }) => {
      new Reading(other)
      one.abort()
      const info = await one.closed
      same(info.by, 'local', 'who ended it')
      check(P2PError.is(info.error), 'an abort without a reason has a code')
      await failedRemotely(other)
    },
  ],
  [
    'the reason of the first abort is the one that counts',
    async ({ one, other }) => {
      const [first, second] = [new Error('first'), new Error('second')]
      other.abort(first)
      other.abort(second)
      await other.close()
      other.abort(second)
      same((await other.closed).error, first, 'the reason')
      new Reading(one)
      await failedRemotely(one)
    },
  ],
  [
    'abort after an orderly end changes nothing',
    async ({ one, other }) => {
      new Reading(other)
      await Promise.all([one.close(), other.closed])
      one.abort(new Error('late'))
      other.abort(new Error('late'))
      await endedInOrder(one, 'local')
      await endedInOrder(other, 'remote')
    },
  ],
  [
    'after an abort nothing is delivered',
    async ({ one, other }, quiet) => {
      let calls = 0
      other.onData(() => {
        calls++
        other.abort()
      })
      for (let index = 0; index < 20; index++) one.write(new Uint8Array(70_000))
      await other.closed
      await quiet()
      same(calls, 1, 'calls of a consumer that aborts')
    },
  ],
  [
    'what arrived before the other end broke down was delivered',
    async ({ one, other }) => {
      const reading = new Reading(other)
      await writeAll(one, 100_000, 10_000)
      await reading.exactly(100_000)
      one.abort()
      await failedRemotely(other)
      same(reading.length, 100_000, 'bytes that came')
    },
  ],
  [
    'a consumer that throws aborts the connection with what it threw',
    async ({ one, other }) => {
      const thrown = new P2PError('P2P_TASTE', 'no such cheese')
      other.onData(() => {
        throw thrown
      })
      new Reading(one)
      one.write(pattern(0, 10))
      const info = await other.closed
      same(info.error, thrown, 'the error is what was thrown')
      same(info.by, 'local', 'who ended it')
      await failedRemotely(one)
    },
  ],
  [
    'abort cuts a close short',
    async ({ one, other }, quiet) => {
      await fill(one, quiet)
      const closed = one.close()
      const reason = new Error('enough')
      one.abort(reason)
      await closed
      same((await one.closed).error, reason, 'the reason')
      new Reading(other)
      await failedRemotely(other)
    },
  ],
]

/** How connections end. */
export const connectionEnds: readonly PairCase[] = [...closing, ...aborting]
