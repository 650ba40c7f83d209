import type { WaitOptions } from '@p2p/interfaces'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type ByteSink, frameWriter, lengthPrefixed, lines, type StoppableFraming } from '../src/index.ts'
import { LentSlabs } from './lent-slabs.ts'
import { bytes, decoded, hex } from './streams.ts'

/** A sink that keeps chunks until it is told to release them, as a socket does. */
class HoldingSink implements ByteSink {
  answer = true
  readonly chunks: Uint8Array[] = []
  /** The chunks as they were when they came: what a socket would have sent, had it been fast. */
  readonly copies: Uint8Array[] = []
  private readonly held: (() => void)[] = []

  write(chunk: Uint8Array, release?: () => void): boolean {
    this.chunks.push(chunk)
    const copy = chunk.slice()
    this.copies.push(copy)
    this.held.push(() => {
      if (hex(chunk) !== hex(copy)) throw new Error('a chunk was changed while the sink had it')
      release?.()
    })
    return this.answer
  }

  release(count: number = this.held.length): void {
    for (const release of this.held.splice(0, count)) release()
  }

  frames(framing: StoppableFraming): string[] {
    const { frames, error } = decoded(framing.decoder(), this.copies)
    expect(error).toBeUndefined()
    return frames
  }
}

const setUp = (framing: StoppableFraming = lengthPrefixed()) => {
  const scheduled: (() => void)[] = []
  const sink = new HoldingSink()
  const pool = new LentSlabs()
  const writer = frameWriter(sink, framing, { schedule: flush => scheduled.push(flush), pool })
  const endTurn = () => {
    for (const flush of scheduled.splice(0)) flush()
  }
  return { sink, pool, writer, framing, scheduled, endTurn }
}

const filled = (length: number, byte = 0x61) => new Uint8Array(length).fill(byte)

describe('a frame writer', () => {
  it('lets the messages of one turn leave as one write, when the turn ends', () => {
    const { sink, writer, framing, scheduled, endTurn } = setUp()
    for (const text of ['one', '', 'three']) expect(writer.write(bytes(text))).toBe(true)
    expect(writer.pending).toBe(4 + 3 + 4 + 4 + 5)
    expect(sink.chunks).toHaveLength(0)
    expect(scheduled).toHaveLength(1)
    endTurn()
    expect(sink.chunks).toHaveLength(1)
    expect(sink.frames(framing)).toEqual(['one', '', 'three'].map(text => hex(bytes(text))))
    expect(writer.pending).toBe(0)
    writer.write(bytes('next'))
    expect(scheduled).toHaveLength(1)
    endTurn()
    expect(sink.chunks).toHaveLength(2)
  })

  it('holds no memory when it is idle, and the sink only until it releases', () => {
    const { sink, pool, writer, endTurn } = setUp()
    writer.write(bytes('lone'))
    expect(pool.lent).toBe(4096)
    endTurn()
    expect(pool.lent).toBe(4096)
    sink.release()
    expect(pool.lent).toBe(0)
    expect(pool.free).toBe(4096)
  })

  it('writes at once when a slab is full, into larger ones the more is written', () => {
    const { sink, pool, writer, framing, endTurn } = setUp()
    const message = filled(996)
    for (let count = 0; count < 1000; count++) writer.write(message)
    expect(sink.chunks.length).toBeGreaterThan(2)
    endTurn()
    expect(sink.frames(framing)).toEqual(Array.from({ length: 1000 }, () => hex(message)))
    expect(pool.taken).toEqual([4096, 65_536, 262_144, 262_144, 262_144, 262_144])
    sink.release()
    // a busy writer begins where it was, and is content with little after a quiet turn
    for (const count of [1, 1]) {
      for (let index = 0; index < count; index++) writer.write(message)
      endTurn()
    }
    expect(pool.taken.slice(6)).toEqual([262_144, 4096])
  })

  it('copies a short payload before it returns, and says so by releasing it', () => {
    const { sink, writer, framing, endTurn } = setUp()
    for (const length of [1, 100, 8192]) {
      const payload = filled(length)
      let released = 0
      writer.write(payload, () => released++)
      expect(released).toBe(1)
      payload.fill(0)
    }
    endTurn()
    sink.release()
    expect(sink.frames(framing)).toEqual([filled(1), filled(100), filled(8192)].map(hex))
  })

  it('hands a long payload on as it is, in its place, and leaves its release to the sink', () => {
    const { sink, pool, writer, framing, endTurn } = setUp()
    const long = filled(8193, 0x62)
    let released = 0
    writer.write(bytes('before'))
    writer.write(long, () => released++)
    writer.writeParts(bytes('head'), long, () => released++)
    writer.write(bytes('after'))
    endTurn()
    expect(sink.chunks.filter(chunk => chunk === long)).toHaveLength(2)
    expect(sink.frames(framing)).toEqual(
      ['before', 'b'.repeat(8193), `head${'b'.repeat(8193)}`, 'after'].map(text => hex(bytes(text))),
    )
    expect(pool.taken).toEqual([4096])
    expect(released).toBe(0)
    sink.release()
    expect(released).toBe(2)
    expect(pool.lent).toBe(0)
  })

  it('joins two parts, and builds messages in place, without another allocation', () => {
    const { sink, pool, writer, framing, endTurn } = setUp()
    writer.writeParts(bytes('head'), bytes('body'))
    writer.writeParts(bytes(''), bytes(''))
    const at = writer.reserve(3, 4)
    writer.target.set(bytes('one'), at)
    writer.commit(bytes('body'))
    const alone = writer.reserve(2)
    writer.target.set(bytes('in'), alone)
    writer.commit()
    endTurn()
    expect(sink.frames(framing)).toEqual(['headbody', '', 'onebody', 'in'].map(text => hex(bytes(text))))
    expect(pool.taken).toEqual([4096])
  })

  it('reserves as much as a frame may have', () => {
    const { sink, writer, framing, endTurn } = setUp()
    const at = writer.reserve(300_000, 100)
    writer.target.fill(0x61, at, at + 300_000)
    writer.commit(filled(100))
    endTurn()
    expect(sink.frames(framing)).toEqual([hex(filled(300_100))])
  })

  it.each([
    ['a write', ({ writer }: ReturnType<typeof setUp>) => writer.write(bytes('other'))],
    ['a flush', ({ writer }: ReturnType<typeof setUp>) => writer.flush()],
    ['the end of the turn', ({ endTurn }: ReturnType<typeof setUp>) => endTurn()],
    ['a commit', ({ writer }: ReturnType<typeof setUp>) => writer.commit(bytes('body'))],
    ['disposal', ({ writer }: ReturnType<typeof setUp>) => writer.dispose()],
  ])('gives a reservation up at %s', (_name, action) => {
    for (const framing of [lengthPrefixed(), lines()]) {
      const set = setUp(framing)
      set.writer.write(bytes('first'))
      set.writer.reserve(3, 4)
      set.writer.target.fill(0x61)
      action(set)
      expect(() => set.writer.commit(bytes('body'))).toThrow(RangeError)
    }
  })

  it('commits a reservation once, and none of a slab that is gone', () => {
    const { writer } = setUp()
    writer.write(bytes('first'))
    writer.reserve(3)
    writer.flush()
    // the next slab has come as far as the one before had
    writer.write(bytes('other'))
    expect(() => writer.commit()).toThrow(RangeError)
    writer.flush()
    writer.reserve(3)
    writer.commit()
    writer.flush()
    expect(() => writer.commit()).toThrow(RangeError)
  })

  it('refuses to commit a body of another length than was reserved', () => {
    const { writer } = setUp()
    expect(() => writer.commit()).toThrow(RangeError)
    writer.reserve(3, 4)
    expect(() => writer.commit(bytes('five5'))).toThrow(RangeError)
  })

  it('answers what the sink said last', () => {
    const { sink, writer, endTurn } = setUp()
    sink.answer = false
    expect(writer.write(bytes('a'))).toBe(true)
    endTurn()
    expect(writer.write(bytes('b'))).toBe(false)
    expect(writer.writeParts(bytes('c'), bytes('d'))).toBe(false)
    expect(writer.flush()).toBe(false)
    sink.answer = true
    expect(writer.write(filled(9000))).toBe(true)
    expect(writer.flush()).toBe(true)
  })

  it('says that there is room again once its sink has drained, and not before', async () => {
    const { sink, writer, endTurn } = setUp()
    let drain: (() => void) | undefined
    const options = { timeout: 5 }
    const given: unknown[] = []
    const waiting = Object.assign(sink, {
      drained: (wait?: WaitOptions) => {
        given.push(wait)
        return new Promise<void>(resolve => (drain = resolve))
      },
    })
    waiting.answer = false
    writer.write(filled(10))
    endTurn()
    expect(writer.write(filled(10))).toBe(false)
    const drained = writer.drained(options)
    expect(writer.write(filled(10))).toBe(false)
    drain?.()
    await drained
    expect(given).toEqual([options])
    expect(writer.write(filled(10))).toBe(true)
  })

  it('passes on why its sink will not drain, and goes on being full', async () => {
    const { sink, writer, endTurn } = setUp()
    const reason = new Error('the connection has ended')
    Object.assign(sink, { answer: false, drained: () => Promise.reject(reason) })
    writer.write(filled(10))
    endTurn()
    await expect(writer.drained()).rejects.toBe(reason)
    expect(writer.write(filled(10))).toBe(false)
  })

  it('does not wait for a sink that cannot tell, and takes nothing once it is disposed of', async () => {
    const { sink, writer, endTurn } = setUp()
    sink.answer = false
    writer.write(filled(10))
    endTurn()
    await writer.drained()
    expect(writer.write(filled(10))).toBe(true)
    const drained = writer.drained()
    writer.dispose()
    await drained
    expect(writer.write(filled(10))).toBe(false)
  })

  it('drops what is pending when it is disposed of, and all that comes later', () => {
    const { sink, pool, writer, endTurn } = setUp()
    writer.write(bytes('pending'))
    writer.dispose()
    writer.dispose()
    expect(pool.lent).toBe(0)
    let released = 0
    expect(writer.write(bytes('late'), () => released++)).toBe(false)
    expect(writer.write(filled(9000), () => released++)).toBe(false)
    expect(writer.writeParts(bytes('late'), filled(9000), () => released++)).toBe(false)
    endTurn()
    expect(released).toBe(3)
    expect(sink.chunks).toHaveLength(0)
    expect(pool.lent).toBe(0)
  })

  it('writes nothing of a message that cannot be framed', () => {
    for (const framing of [lengthPrefixed({ limit: 10_000 }), lines({ limit: 10_000 })]) {
      const { sink, pool, writer, endTurn } = setUp(framing)
      const release = () => expect.unreachable()
      writer.write(bytes('good'))
      const tooLong = expect.objectContaining({ code: 'P2P_FRAME_TOO_LONG' }) as Error
      expect(() => writer.write(filled(10_001), release)).toThrow(tooLong)
      expect(() => writer.writeParts(bytes('head'), filled(9_999), release)).toThrow(tooLong)
      expect(() => writer.reserve(10_001)).toThrow(tooLong)
      if (framing.limit === 10_000) writer.write(bytes('good'))
      endTurn()
      sink.release()
      expect(sink.frames(framing)).toEqual([hex(bytes('good')), hex(bytes('good'))])
      expect(pool.lent).toBe(0)
    }
    const { sink, pool, writer, endTurn } = setUp(lines())
    expect(() => writer.write(bytes('two\nlines'))).toThrow(
      expect.objectContaining({ code: 'P2P_NOT_ENCODABLE' }),
    )
    endTurn()
    expect(sink.chunks).toHaveLength(0)
    expect(pool.lent).toBe(0)
  })

  it('packs the frames of any framing, also long ones', () => {
    const { sink, pool, writer, framing, endTurn } = setUp(lines())
    writer.write(bytes('line'))
    writer.writeParts(bytes('head '), bytes('body'))
    const at = writer.reserve(2)
    writer.target.set(bytes('in'), at)
    writer.commit()
    let released = 0
    writer.write(filled(300_000), () => released++)
    writer.write(bytes('end'))
    endTurn()
    expect(sink.frames(framing)).toEqual(
      ['line', 'head body', 'in', 'a'.repeat(300_000), 'end'].map(text => hex(bytes(text))),
    )
    expect(released).toBe(1)
    sink.release()
    expect(pool.lent).toBe(0)
  })

  it('takes writes from within a release, also while the sink takes what it releases', () => {
    const scheduled: (() => void)[] = []
    const received: Uint8Array[] = []
    const pool = new LentSlabs()
    const sink: ByteSink = {
      write: (chunk, release) => {
        received.push(chunk.slice())
        release?.()
        return true
      },
    }
    const writer = frameWriter(sink, lengthPrefixed(), { schedule: flush => scheduled.push(flush), pool })
    let left = 20
    const next = () => {
      if (left-- > 0) writer.write(filled(left % 2 === 0 ? 3000 : 9000, left), next)
    }
    next()
    while (scheduled.length > 0) scheduled.shift()?.()
    const { frames, error } = decoded(lengthPrefixed().decoder(), received)
    expect(error).toBeUndefined()
    expect(frames).toEqual(
      Array.from({ length: 20 }, (_, index) => hex(filled(index % 2 === 0 ? 9000 : 3000, 19 - index))),
    )
    expect(pool.lent).toBe(0)
  })

  it('sends what was written, in order, however the sink releases and whatever is mixed', () => {
    const step = fc.record({
      kind: fc.constantFrom('write', 'write', 'parts', 'place', 'abandon', 'turn', 'flush', 'release'),
      head: fc.nat(600),
      body: fc.oneof(fc.nat(300), fc.integer({ min: 3000, max: 9500 }), fc.constantFrom(8192, 8193, 70_000)),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const { sink, pool, writer, framing, endTurn } = setUp()
        const expected: string[] = []
        let owned = 0
        const release = () => {
          owned--
        }
        const perform: Record<string, (head: Uint8Array, body: Uint8Array) => void> = {
          write: (_head, body) => writer.write(body, release),
          parts: (head, body) => writer.writeParts(head, body, release),
          place: (head, body) => {
            const at = writer.reserve(head.length, body.length)
            writer.target.set(head, at)
            writer.commit(body, release)
          },
          abandon: () => {
            const at = writer.reserve(50)
            writer.target.fill(0, at)
          },
          turn: endTurn,
          flush: () => writer.flush(),
          release: head => {
            sink.release(head.length % 5)
          },
        }
        steps.forEach(({ kind, head, body }, index) => {
          const parts = [filled(head, 0xee), filled(body, index)] as const
          perform[kind]?.(...parts)
          if (!['write', 'parts', 'place'].includes(kind)) return
          owned++
          expected.push((kind === 'write' ? '' : hex(parts[0])) + hex(parts[1]))
        })
        endTurn()
        expect(sink.frames(framing)).toEqual(expected)
        sink.release()
        expect(owned).toBe(0)
        expect(pool.lent).toBe(0)
      }),
      { numRuns: 150 },
    )
  })
})
