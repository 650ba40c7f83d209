import { createHash } from 'node:crypto'
import { type Connection, P2PError } from '@p2p/interfaces'
import { createIdentity } from '@p2p/mesh'
import { createNoise, type Noise } from '@p2p/noise'
import { SeededRandom, VirtualClock } from '@p2p/simulation'
import { createMemoryNetwork } from '@p2p/transport/memory'
import { concat, expect, hashOf, toHex } from '../bytes.ts'
import { mutate } from '../mutate.ts'
import type { Subject, Target, Verdict } from '../target.ts'

/** Which end is fed. */
type Role = 'dialler' | 'listener'

const documented = new Set([
  'P2P_WRONG_NETWORK',
  'P2P_WRONG_SECRET',
  'P2P_WRONG_VERSION',
  'P2P_UNEXPECTED_ID',
  'P2P_NOT_PROVEN',
  'P2P_PLAINTEXT',
  'P2P_HANDSHAKE_TIMEOUT',
  'P2P_HANDSHAKE_FAILED',
  'P2P_MALFORMED',
  'P2P_TAMPERED',
  'P2P_TRUNCATED',
])

/** What the samples' honest end says when the handshake is done. */
const words = new TextEncoder().encode('one two three')
const longest = 4096 + 512
/** What each end says within the handshake: part of what both must agree on. */
const hellos = { dialler: new Uint8Array(5), listener: new Uint8Array(7) }
const clock = new VirtualClock()
const transport = createMemoryNetwork({ clock }).transport()

/** The same keys in every handshake: so what was said in one is understood in the next. */
const noiseOf = (role: Role, withSecret: boolean): Noise => {
  const fill = role === 'dialler' ? 1 : 2
  const random = { next: () => 0, fill: (bytes: Uint8Array) => bytes.fill(fill) }
  const secret = withSecret ? { secret: new Uint8Array(32).fill(9) } : {}
  return createNoise({ identity: createIdentity(random), network: 'fuzz', clock, random, ...secret })
}

const noises = (role: Role): readonly [Noise, Noise] => [noiseOf(role, false), noiseOf(role, true)]
const noisesOf = { dialler: noises('dialler'), listener: noises('listener') }

const pair = async (): Promise<Record<Role, Connection>> => {
  let accepted: Connection | undefined
  const listener = await transport.listen('memory://*', connection => void (accepted = connection))
  const dialler = await transport.dial(listener.address)
  await listener.close()
  return { dialler, listener: accepted as Connection }
}

/** Feeds a stream to one end, and looks at what it makes of it. */
const checkStream = async (role: Role, noise: Noise, input: Uint8Array): Promise<Verdict> => {
  const ends = await pair()
  const stranger = role === 'dialler' ? ends.listener : ends.dialler
  let said = 0
  stranger.onData(chunk => (said += chunk.length))
  const delivered: Uint8Array[] = []
  const secured = noise.secure(ends[role], { confirm: false, hello: hellos[role] })
  const outcome = secured.then(
    connection => {
      connection.onData(chunk => void delivered.push(chunk.slice()))
      return connection.closed.then(({ error }) => error)
    },
    (error: unknown) => error,
  )
  let settled = false
  void outcome.then(() => (settled = true))
  const random = new SeededRandom(hashOf(input))
  for (let at = 0; at < input.length;) {
    const end = at + 1 + random.integer(random.chance(0.3) ? 200 : 20)
    stranger.write(input.slice(at, end))
    at = end
  }
  void stranger.close()
  await clock.advance(30_000)
  expect(settled, 'it neither ends nor fails')
  expect(said < longest, `it said ${said} bytes`)
  const heard = concat(delivered)
  expect(
    toHex(words).startsWith(toHex(heard)),
    `it delivered ${toHex(heard)}, which nobody with the keys has said`,
  )
  const error = await outcome
  if (error === undefined) return 'accepted'
  if (!P2PError.is(error) || !documented.has(error.code)) {
    throw new Error('it ended with an error that is not documented', { cause: error })
  }
  return heard.length > 0 ? 'accepted' : 'refused'
}

/** What an honest end says: its handshake, a record, and the end. */
const saidBy = async (role: Role, secret: 0 | 1): Promise<Uint8Array> => {
  const [near, far] = [await pair(), await pair()]
  const said: Uint8Array[] = []
  const relay = (from: Connection, to: Connection, noted: boolean) => {
    from.onData(chunk => {
      if (noted) said.push(chunk.slice())
      to.write(chunk.slice())
    })
  }
  relay(near.listener, far.dialler, role === 'dialler')
  relay(far.dialler, near.listener, role === 'listener')
  const ends = Promise.all([
    noisesOf.dialler[secret].secure(near.dialler, { hello: hellos.dialler }),
    noisesOf.listener[secret].secure(far.listener, { hello: hellos.listener }),
  ])
  await clock.advance(1)
  for (const connection of await ends) {
    connection.onData(() => undefined)
    connection.write(words.slice())
    void connection.close()
  }
  await clock.advance(1)
  for (const connection of [...Object.values(near), ...Object.values(far)]) connection.abort()
  return concat(said)
}

/** The corpus: both ends, with and without a secret. */
export const noiseSamples = async (role: Role): Promise<Record<string, Uint8Array>> => {
  const speaker = role === 'dialler' ? 'listener' : 'dialler'
  return {
    'without a secret': concat([Uint8Array.of(0), await saidBy(speaker, 0)]),
    'with a secret': concat([Uint8Array.of(1), await saidBy(speaker, 1)]),
  }
}

/** A damaged sample whose first frames have the checksum of what they say now: otherwise that is what most would fail by. */
const rechecked = (random: SeededRandom, corpus: readonly Uint8Array[]): Uint8Array => {
  const bytes = mutate(corpus, random)
  let at = 1
  for (let frame = 0; frame < 2 && at + 11 <= bytes.length; frame++) {
    const end = at + 7 + (((bytes[at + 5] as number) << 8) | (bytes[at + 6] as number))
    if (end > bytes.length || end < at + 11) break
    bytes.set(
      createHash('sha256')
        .update(bytes.subarray(at, end - 4))
        .digest()
        .subarray(0, 4),
      end - 4,
    )
    at = end
  }
  return bytes
}

const target = (role: Role, about: string): Target => ({
  name: `noise-${role}`,
  about,
  generate: rechecked,
  open: (): Subject => ({
    // The first byte says whether there is a secret
    check: input => checkStream(role, noisesOf[role][((input[0] ?? 0) & 1) as 0 | 1], input.subarray(1)),
  }),
})

export const noise: readonly Target[] = [
  target('listener', '@p2p/noise: what a dialler says, its handshake and its records'),
  target('dialler', '@p2p/noise: what a listener says, its handshake and its records'),
]
