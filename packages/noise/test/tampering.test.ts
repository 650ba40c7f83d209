import { P2PError } from '@p2p/interfaces'
import { VirtualClock } from '@p2p/simulation'
import { createMemoryNetwork } from '@p2p/transport/memory'
import { describe, expect, it } from 'vitest'
import type { Noise, SecuredConnection } from '../src/index.ts'
import { between, flip, flipIn, forge, type Meddle, type Way } from './middle.ts'
import { identity, plainPair } from './pairs.ts'
import { manyTimes } from './primitives.ts'

const codeOf = (error: unknown): string => (P2PError.is(error) ? error.code : String(error))

const clock = new VirtualClock()
const create = () => plainPair(createMemoryNetwork({ clock }).transport(), 'memory://*')
/** A dialler and a listener. */
type Ends = readonly [Noise, Noise]
const endsOf = (createNoise: (typeof manyTimes)[number][1], withSecret: boolean): Ends => {
  const options = {
    network: 'tampering',
    clock,
    ...(withSecret ? { secret: new Uint8Array(32).fill(7) } : {}),
  }
  return [
    createNoise({ ...options, identity: identity(1) }),
    createNoise({ ...options, identity: identity(2) }),
  ]
}

const secretWord = new TextEncoder().encode('secret')

/** One handshake with somebody in between, and a message of each end; in virtual time. */
const session = async ([dialler, listener]: Ends, meddle?: Meddle) => {
  const ends = await between(create, meddle)
  const outcomes: Record<Way, string | undefined> = { there: undefined, back: undefined }
  const delivered: string[] = []
  const watch = (way: Way, secured: Promise<SecuredConnection>) =>
    secured.then(
      connection => {
        connection.onData(chunk => delivered.push(`${way}: ${new TextDecoder().decode(chunk)}`))
        void connection.closed.then(({ error }) => {
          outcomes[way] ??= error === undefined ? 'closed' : codeOf(error)
        })
        return connection
      },
      (error: unknown) => {
        outcomes[way] = codeOf(error)
        return undefined
      },
    )
  const dialled = watch('there', dialler.secure(ends.outbound))
  const accepted = watch('back', listener.secure(ends.inbound))
  await clock.advance(0)
  return { ends, outcomes, delivered, dialled, accepted }
}
/** Until nobody has any more to do. */
const settle = () => clock.advance(20_000)

const known = [
  'P2P_TAMPERED',
  'P2P_PLAINTEXT',
  'P2P_MALFORMED',
  'P2P_HANDSHAKE_TIMEOUT',
  'P2P_HANDSHAKE_FAILED',
  'P2P_CONNECTION_RESET',
  'P2P_TRUNCATED',
]

const sweeps = manyTimes.flatMap(([name, createNoise]) =>
  [false, true].map(
    withSecret =>
      [`by ${name}, ${withSecret ? 'with' : 'without'} a secret`, withSecret, createNoise] as const,
  ),
)

describe.each(sweeps)('a handshake %s: a flipped bit', (_name, withSecret, createNoise) => {
  const both = endsOf(createNoise, withSecret)

  /** A session for each of so many positions, all at once; both ends say something as soon as they can. */
  const sweep = async (length: number, meddle: (position: number) => Meddle) => {
    const sessions = []
    for (let position = 0; position < length; position++) {
      const { outcomes, delivered, dialled, accepted } = await session(both, meddle(position))
      for (const end of [dialled, accepted]) void end.then(connection => connection?.write(secretWord))
      sessions.push({ position, outcomes, delivered })
    }
    await settle()
    return sessions
  }

  it('anywhere in the handshake ends the connection at both ends, and nothing is delivered', async () => {
    const untouched = await session(both)
    await Promise.all([untouched.dialled, untouched.accepted])
    const { passed } = untouched.ends
    for (const way of ['there', 'back'] as const) {
      const { length } = passed[way]
      expect(length).toBeGreaterThan(200)
      for (const each of await sweep(length, position => flip(way, position, position % 8))) {
        const { position, outcomes, delivered } = each
        const where = `${way} ${position}: ${outcomes.there}, ${outcomes.back}`
        expect(known, where).toContain(outcomes.there)
        expect(known, where).toContain(outcomes.back)
        expect(delivered, where).toEqual([])
      }
    }
  })

  it('that the checksum was made to fit is noticed by Noise, and told both ends for what it is', async () => {
    // PROTOCOL.md, "Handshake"
    const lengths = withSecret ? [10 + 48, 192, 160] : [10 + 32, 192, 160]
    const reasonFor = (kind: number, position: number) => {
      if (kind === 1 && position === 0) return 'P2P_WRONG_VERSION'
      if (kind === 1 && position === 1) return 'P2P_MALFORMED'
      if (kind === 1 && position < 10) return 'P2P_WRONG_NETWORK'
      // Behind the static key and its tag, the secret is all that can be another
      return kind === 3 && position >= 48 && withSecret ? 'P2P_WRONG_SECRET' : 'P2P_TAMPERED'
    }
    for (const [index, length] of lengths.entries()) {
      const kind = index + 1
      const seen: number[] = []
      const sessions = await sweep(length, position =>
        forge(kind, body => {
          seen.push(body.length)
          flipIn(body, position, position % 8)
        }),
      )
      expect([seen.length, ...new Set(seen)]).toEqual([length, length])
      for (const { position, outcomes, delivered } of sessions) {
        const reason = reasonFor(kind, position)
        expect({ kind, position, ...outcomes }).toEqual({ kind, position, there: reason, back: reason })
        expect(delivered).toEqual([])
      }
    }
  })

  it('anywhere in a record ends the connection, and nothing is delivered', async () => {
    const untouched = await session(both)
    const before = untouched.ends.passed.there.length
    ;(await untouched.dialled)?.write(secretWord)
    await clock.advance(0)
    const length = untouched.ends.passed.there.length - before
    expect(untouched.delivered).toEqual(['back: secret'])
    expect(length).toBe(2 + 6 + 16)
    for (let position = 0; position < length; position++) {
      const { outcomes, delivered, dialled, accepted } = await session(
        both,
        flip('there', before + position, position % 8),
      )
      await accepted
      const connection = await dialled
      connection?.write(secretWord)
      void connection?.close()
      await settle()
      expect(delivered).toEqual([])
      expect(['P2P_TAMPERED', 'P2P_TRUNCATED'], `${position}`).toContain(outcomes.back)
    }
  })
})

type Three = readonly [Uint8Array, Uint8Array, Uint8Array]
/** What somebody on the way makes of three records. */
type Pass = (records: Three) => readonly Uint8Array[]

describe.each(manyTimes)('records by %s', (_name, createNoise) => {
  const both = endsOf(createNoise, true)

  /** Sends three records in turns of their own, as somebody on the way passes them on. */
  const three = async (pass: Pass) => {
    const records: Uint8Array[] = []
    let meddling = false
    const { outcomes, delivered, dialled, accepted, ends } = await session(both, (chunk, way) => {
      if (!meddling || way === 'back') return [chunk]
      records.push(chunk)
      if (records.length > 3) return [chunk]
      return records.length === 3 ? pass(records as unknown as Three) : []
    })
    await accepted
    const connection = await dialled
    meddling = true
    for (const word of ['one', 'two', 'three']) {
      connection?.write(new TextEncoder().encode(word))
      await clock.advance(0)
    }
    return { outcomes, delivered, connection, ends }
  }

  it('arrive as they were sent, when nobody meddles', async () => {
    const { delivered, outcomes, connection } = await three(records => records)
    expect(delivered).toEqual(['back: one', 'back: two', 'back: three'])
    void connection?.close()
    await settle()
    // Whoever is in between had to pass the end on, too
    expect(outcomes).toEqual({ there: 'closed', back: 'closed' })
  })

  it.each<[string, Pass, string[]]>([
    ['repeated', ([a, b, c]) => [a, b, b, c], ['back: one', 'back: two']],
    ['swapped', ([a, b, c]) => [a, c, b], ['back: one']],
    ['left out', ([a, , c]) => [a, c], ['back: one']],
    ['shortened', ([a, b, c]) => [a, b.subarray(0, 20), c], ['back: one']],
    ['made up', ([a, b, c]) => [a, new Uint8Array(36).fill(0, 1).with(1, 34), b, c], ['back: one']],
  ])('that are %s end the connection, after what came before in order', async (_what, pass, expected) => {
    const { delivered, outcomes } = await three(pass)
    await settle()
    expect(delivered).toEqual(expected)
    expect(outcomes.back).toBe('P2P_TAMPERED')
  })

  it('that are cut off are noticed, though the connection below ends in order', async () => {
    for (const kept of [0, 1, 30]) {
      const { outcomes, ends } = await three(records => [
        Uint8Array.from(records.flatMap(record => [...record])).subarray(0, kept),
      ])
      void ends.cut()
      await settle()
      expect(outcomes).toEqual({ there: 'P2P_TRUNCATED', back: 'P2P_TRUNCATED' })
    }
  })
})
