import { P2PError } from '@p2p/interfaces'
import { VirtualClock } from '@p2p/simulation'
import { createMemoryNetwork } from '@p2p/transport/memory'
import { describe, expect, it } from 'vitest'
import type { Noise, SecuredConnection } from '../src/index.ts'
import { between, flip, type Meddle, type Way } from './middle.ts'
import { identity, plainPair } from './pairs.ts'
import { builds } from './primitives.ts'

const [[, , createNoise]] = builds
const codeOf = (error: unknown): string => (P2PError.is(error) ? error.code : String(error))

const clock = new VirtualClock()
const create = () => plainPair(createMemoryNetwork({ clock }).transport(), 'memory://*')
const noises = [undefined, new Uint8Array(32).fill(7)].map(secret =>
  [1, 2].map(seed => createNoise({ identity: identity(seed), network: 'tampering', clock, secret })),
)

/** One handshake with somebody in between, and a message of each end; in virtual time. */
const session = async (withSecret: boolean, meddle?: Meddle) => {
  const [dialler, listener] = noises[Number(withSecret)] as [Noise, Noise]
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

describe.each([false, true])('with a secret: %s, a flipped bit', withSecret => {
  it('anywhere in the handshake ends the connection at both ends, and nothing is delivered', async () => {
    const untouched = await session(withSecret)
    await Promise.all([untouched.dialled, untouched.accepted])
    const { passed } = untouched.ends
    for (const way of ['there', 'back'] as const) {
      const length = passed[way].length
      expect(length).toBeGreaterThan(200)
      for (let position = 0; position < length; position++) {
        const { outcomes, delivered, accepted } = await session(withSecret, flip(way, position, position % 8))
        void accepted.then(connection => connection?.write(new TextEncoder().encode('secret')))
        await settle()
        const where = `${way} ${position}: ${outcomes.there}, ${outcomes.back}`
        expect(known, where).toContain(outcomes.there)
        expect(known, where).toContain(outcomes.back)
        expect(delivered, where).toEqual([])
      }
    }
  })

  it('anywhere in a record ends the connection, and nothing is delivered', async () => {
    const untouched = await session(withSecret)
    const before = untouched.ends.passed.there.length
    ;(await untouched.dialled)?.write(new TextEncoder().encode('secret'))
    await clock.advance(0)
    const length = untouched.ends.passed.there.length - before
    expect(untouched.delivered).toEqual(['back: secret'])
    expect(length).toBe(2 + 6 + 16)
    for (let position = 0; position < length; position++) {
      const { outcomes, delivered, dialled, accepted } = await session(
        withSecret,
        flip('there', before + position, position % 8),
      )
      await accepted
      const connection = await dialled
      connection?.write(new TextEncoder().encode('secret'))
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

describe('records', () => {
  /** Sends three records in turns of their own, as somebody on the way passes them on. */
  const three = async (pass: Pass) => {
    const records: Uint8Array[] = []
    let meddling = false
    const { outcomes, delivered, dialled, accepted, ends } = await session(true, (chunk, way) => {
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
