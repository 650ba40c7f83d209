import { lengthPrefixed, text as textCodec } from '@p2p/framing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Pattern, Pipe } from '../src/pipe.ts'
import { bound, bytes, client, coded, overTcp, pair } from './pipe-fixtures.ts'
import { turn } from './virtual-clock.ts'

const options = { framing: lengthPrefixed(), codec: textCodec() }

/** What a subscription holds. */
const held = async <T>(pipe: Pipe<T>, pattern?: Pattern<T> | RegExp): Promise<T[]> => {
  const found: T[] = []
  const subscription = pipe.subscribe(pattern)
  await turn()
  while (subscription.size > 0) found.push((await subscription.recv()).data)
  return found
}

describe('a subscription', () => {
  it('gets a copy of what matches, as others do', async () => {
    const { near, far } = await pair<string>(overTcp, options)
    const [a, b, all] = [far.subscribe(/^A/), far.subscribe(/B/), far.subscribe()]
    for (const word of ['A1', 'xBx', 'AB', '-']) near.send(word)
    for (const word of ['A1', 'xBx', 'AB', '-']) expect((await all.recv()).data).toBe(word)
    expect([(await a.recv()).data, (await a.recv()).data, a.size]).toEqual(['A1', 'AB', 0])
    expect([(await b.recv()).data, (await b.recv()).data, b.size]).toEqual(['xBx', 'AB', 0])
  })

  it('chooses by sender: a port, any port of a host, or anyone (P2PD: exact tuple, port 0, None)', async () => {
    const far = await bound<string>('udp://127.0.0.1:0', { codec: textCodec() })
    const [one, other] = [await bound(), await bound()]
    one.send(bytes('one'), far.local)
    while (far.size < 1) await turn()
    other.send(bytes('other'), far.local)
    while (far.size < 2) await turn()
    const from = [
      one.local,
      'udp://127.0.0.1:9',
      'udp://127.0.0.1:0',
      'udp://127.0.0.2:0',
      undefined,
    ] as const
    const found = await Promise.all(from.map(sender => held(far, sender && { from: sender })))
    expect(found).toEqual([['one'], [], ['one', 'other'], [], ['one', 'other']])
  })

  it('knows an IPv6 sender however it is written', async () => {
    const far = await bound<string>('udp://[::1]:0', { codec: textCodec() })
    const near = await client<string>(far.local, { codec: textCodec() })
    near.send('six')
    while (far.size < 1) await turn()
    expect(await held(far, { from: 'udp://[0:0:0:0:0:0:0:1]:0' })).toEqual(['six'])
  })

  it('refuses a sender that no message can have', async () => {
    const far = await bound()
    expect(() => far.subscribe({ from: 'udp://example.org:53' })).toThrow(coded('P2P_BAD_ADDRESS'))
    expect(() => far.subscribe({ data: 5 as never })).toThrow(TypeError)
  })

  it('looks at bytes as characters of the same number, at bytes that are contained, or as a function does', async () => {
    const far = await bound()
    const near = await client(far.local)
    near.send(Uint8Array.of(0, 1, 255, 7))
    near.send(Uint8Array.of(1, 255))
    while (far.size < 2) await turn()
    const found = await Promise.all([
      held(far, /^\x00\x01\xff/),
      held(far, { data: Uint8Array.of(1, 255) }),
      held(far, { data: Uint8Array.of(255, 1) }),
      held(far, { data: ({ size }) => size === 2 }),
    ])
    expect(found.map(({ length }) => length)).toEqual([1, 2, 0, 1])
  })

  it('begins each search at the beginning, also with the flags g and y', async () => {
    const { near, far } = await pair<string>(overTcp, options)
    const expression = /a/g
    expression.lastIndex = 5
    const [global, sticky, all] = [far.subscribe(expression), far.subscribe(/a/y), far.subscribe()]
    for (const word of ['a', 'a', 'ba']) near.send(word)
    for (let count = 0; count < 3; count++) await all.recv()
    expect([global.size, sticky.size, expression.lastIndex]).toEqual([3, 2, 5])
  })

  it.each([
    ['drop-oldest', ['3', '4'], 2],
    ['drop-newest', ['1', '2'], 2],
  ] as const)('that is full: %s, counted', async (overflow, kept, dropped) => {
    const { near, far } = await pair<string>(overTcp, options)
    const [small, all] = [far.subscribe(/./, { limit: 2, overflow }), far.subscribe()]
    for (const word of ['1', '2', '3', '4']) near.send(word)
    for (let count = 0; count < 4; count++) await all.recv()
    expect([small.size, small.dropped]).toEqual([2, dropped])
    expect([(await small.recv()).data, (await small.recv()).data]).toEqual(kept)
  })

  it('that is full can end, after what is in it was taken', async () => {
    const { near, far } = await pair<string>(overTcp, options)
    const [small, all] = [far.subscribe(/./, { limit: 1, overflow: 'end' }), far.subscribe()]
    near.send('1')
    near.send('2')
    await all.recv()
    await all.recv()
    expect((await small.recv()).data).toBe('1')
    await expect(small.recv()).rejects.toThrow(coded('P2P_QUEUE_OVERFLOW'))
    near.send('3')
    expect((await all.recv()).data).toBe('3')
  })

  it('that is full can hold the sender back', async () => {
    const { near, far } = await pair(overTcp, { framing: options.framing })
    const every = far.subscribe(undefined, { limit: 10, overflow: 'pause' })
    const block = new Uint8Array(65_536)
    let sent = 1
    while (near.send(block.slice())) if (sent++ % 16 === 0) await turn()
    expect(far.paused).toBe(true)
    expect(every.size).toBeLessThanOrEqual(12)
    void near.close()
    let got = 0
    for await (const { size } of every) got += size
    expect(got).toBe(sent * block.length)
    expect(every.dropped).toBe(0)
  })

  it('is bounded in bytes as well, but always takes one message', async () => {
    const { near, far } = await pair(overTcp, { framing: options.framing })
    const [small, all] = [far.subscribe(undefined, { bytes: 10 }), far.subscribe()]
    for (const size of [6, 6, 50]) near.send(new Uint8Array(size))
    for (let count = 0; count < 3; count++) await all.recv()
    expect([small.size, small.dropped]).toEqual([1, 2])
    expect((await small.recv()).size).toBe(50)
    expect(() => far.subscribe(undefined, { limit: 0 })).toThrow(RangeError)
  })

  it('with a pattern that throws ends, is told, and harms nobody else', async () => {
    const { near, far } = await pair<string>(overTcp, options)
    const errors: Error[] = []
    far.on('error', error => errors.push(error))
    const cause = new Error('no')
    const bad = far.subscribe({
      data: () => {
        throw cause
      },
    })
    const good = far.subscribe(/./)
    near.send('1')
    near.send('2')
    expect([(await good.recv()).data, (await good.recv()).data]).toEqual(['1', '2'])
    await expect(bad.recv()).rejects.toThrow(coded('P2P_PATTERN_FAILED'))
    expect(errors).toEqual([expect.objectContaining({ code: 'P2P_PATTERN_FAILED', cause })])
  })

  it('ends when it is told to, waking who waits', async () => {
    const { far } = await pair<string>(overTcp, options)
    const subscription = far.subscribe(/x/)
    const waiting = expect(subscription.recv()).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
    subscription.unsubscribe()
    subscription.unsubscribe()
    await waiting
    const rest: unknown[] = []
    for await (const message of subscription) rest.push(message)
    expect(rest).toEqual([])
  })
})

describe('a hundred subscriptions with regular expressions', () => {
  const word = fc.stringMatching(/^[abc]{0,4}$/)
  const expression = fc.oneof(
    word.map(source => new RegExp(source)),
    word.map(source => new RegExp(`^${source}`)),
    word.map(source => new RegExp(source, 'i')),
    word.map(source => new RegExp(source, 'y')),
    fc.constantFrom(/(a)\1/, /(?<twice>b)\k<twice>/, /a|b|^c$/, /(?<=a)b/, /[^a]$/, /(a)(b)?/, /a(?=c)/),
  )

  it('get exactly what each of them would get alone', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(expression, { minLength: 8, maxLength: 40 }),
        fc.array(fc.stringMatching(/^[abcABC]{0,6}$/), { minLength: 40, maxLength: 60 }),
        async (expressions, words) => {
          const far = await bound<string>('udp://127.0.0.1:0', { codec: textCodec() })
          const subscriptions = expressions.map(one => far.subscribe(one))
          const all = far.subscribe()
          const near = await client<string>(far.local, { codec: textCodec() })
          for (const one of words) {
            near.send(one)
            await all.recv()
          }
          for (const [index, one] of expressions.entries()) {
            const alone = new RegExp(one.source, one.flags.replace('y', ''))
            const expected = words.filter(text =>
              one.sticky ? new RegExp(`^(?:${one.source})`).test(text) : alone.test(text),
            )
            expect(subscriptions[index]?.size).toBe(expected.length)
          }
          await far.close()
          await near.close()
        },
      ),
      { numRuns: 15 },
    )
  })

  it('are of no use for data that has no text, and say so each', async () => {
    const far = await bound<number>('udp://127.0.0.1:0', {
      codec: { encode: value => Uint8Array.of(value), decode: ([first = 0]) => first },
    })
    const errors: Error[] = []
    far.on('error', error => errors.push(error))
    const subscriptions = Array.from({ length: 10 }, () => far.subscribe(/1/))
    const all = far.subscribe()
    const near = await client(far.local)
    near.send(bytes('1'))
    await all.recv()
    expect(errors).toHaveLength(subscriptions.length)
    expect(errors[0]).toEqual(coded('P2P_PATTERN_FAILED'))
  })
})
