/** Writes the corpus anew from the wire vectors of @p2p/mesh and from what the encoders make today. Samples whose names begin with `regression` stay. */
import { readFileSync, writeFileSync } from 'node:fs'
import { json, lengthPrefixed, lines, msgpack, varint } from '@p2p/framing'
import type { Contact, Framing, Group, Handler } from '@p2p/interfaces'
import { createIdentity } from '@p2p/mesh'
import { encodeBroadcast, encodeHello, networkTag } from '@p2p/mesh/internals'
import { SeededRandom, VirtualClock } from '@p2p/simulation'
import { createSync, type Sync } from '@p2p/sync'
import { format } from 'prettier'
import { concat, fromHex, toHex } from '../src/bytes.ts'
import { corpusFile, readCorpus } from '../src/corpus.ts'
import { framed, network } from '../src/targets/mesh-link.ts'
import { noiseSamples } from '../src/targets/noise.ts'
import { ours } from '../src/targets/sync.ts'

const utf8 = new TextEncoder()

const write = async (target: string, samples: Readonly<Record<string, Uint8Array>>): Promise<void> => {
  const kept = Object.entries(readCorpus(target)).filter(([name]) => name.startsWith('regression'))
  const made = Object.entries(samples).map(([name, bytes]) => [name, toHex(bytes)] as const)
  const text = JSON.stringify(Object.fromEntries([...made, ...kept]))
  writeFileSync(corpusFile(target), await format(text, { parser: 'json', printWidth: 110 }))
}

const stream = (framing: Framing, payloads: readonly Uint8Array[]) =>
  concat(
    payloads.map(payload => {
      const frame = new Uint8Array(framing.frameLength(payload.length))
      framing.encode(payload, frame, 0)
      return frame
    }),
  )

const filled = (length: number) => new Uint8Array(length).fill(0x61)
const payloads = {
  'no frames': [],
  'an empty frame': [filled(0)],
  'three frames': [filled(1), filled(0), filled(17)],
  'frames around one byte of length': [filled(127), filled(128), filled(255), filled(256)],
  'frames around the limit': [filled(299), filled(300)],
  'a frame above the limit': [filled(3), filled(301), filled(3)],
}
for (const [name, framing] of Object.entries({
  'length-prefixed': lengthPrefixed(),
  varint: varint(),
  lines: lines(),
})) {
  const samples = Object.entries(payloads).map(([about, list]) => [about, stream(framing, list)] as const)
  await write(name, Object.fromEntries(samples))
}
await write('raw', { empty: filled(0), some: filled(40) })
await write('bytes', { empty: filled(0), some: filled(40) })
await write('text', {
  empty: filled(0),
  ascii: utf8.encode('text'),
  wide: utf8.encode('é日\u{1f600}\u{feff}\0'),
})

const values = {
  null: null,
  boolean: true,
  numbers: [0, 1, -1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32, -(2 ** 31), 2 ** 53 - 1, 0.5, 1e300],
  texts: ['', 'a', 'é日\u{1f600}', 'x'.repeat(31), 'x'.repeat(32), 'x'.repeat(256)],
  object: { a: 1, b: { c: [{}, []], é: null } },
  'deep array': Array.from({ length: 30 }).reduce<unknown>(inner => [inner], 0),
  'long array': Array.from({ length: 20 }, (_, index) => index),
}
const encoded = (codec: { encode: (value: unknown) => Uint8Array }, more: object = {}) =>
  Object.fromEntries(
    Object.entries({ ...values, ...more }).map(([name, value]) => [name, codec.encode(value)]),
  )
await write('json', encoded(json()))
await write('msgpack', {
  ...encoded(msgpack(), {
    bytes: [filled(0), filled(300)],
    bigints: [2n ** 63n, -(2n ** 62n)],
    floats: [NaN, -0, Infinity],
  }),
  'a float of 32 bits': Uint8Array.of(0xca, 0x3f, 0x80, 0, 0),
  'a length not in its shortest form': Uint8Array.of(0xdc, 0, 1, 0xc0),
})

const texts = (list: readonly string[]) => Object.fromEntries(list.map(text => [text, utf8.encode(text)]))
const tcp = [
  'tcp://127.0.0.1:4444',
  'tcp://[::1]:9',
  'tcp://[fe80::1%eth0]:9',
  'tcp://example.org:80',
  'tcp://a_b-c.:0',
]
await write('tcp-address', texts(tcp))
await write('memory-address', texts(['memory://alice', 'memory://~1', 'memory://a.b-c_D']))
await write('mesh-address', texts([...tcp, 'memory://alice', 'ws://example.org:80/path?query#fragment']))

interface Vectors {
  readonly hellos: readonly { readonly hex: string }[]
  readonly messages: readonly { readonly kind: string; readonly hex: string }[]
}
const file = new URL('../../../packages/mesh/test/vectors/wire.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors
const ofHex = (hex: string) => fromHex(hex) as Uint8Array
const messages = (...kinds: string[]) => {
  const chosen = vectors.messages.filter(({ kind }) => kinds.includes(kind))
  return Object.fromEntries(chosen.map(({ kind, hex }, index) => [`vector ${index}: ${kind}`, ofHex(hex)]))
}
await write(
  'mesh-hello',
  Object.fromEntries(vectors.hellos.map(({ hex }, index) => [`vector ${index}`, ofHex(hex)])),
)
await write('mesh-farewell', messages('refuse', 'goodbye'))
await write('mesh-reject', messages('reject'))
await write(
  'mesh-membership',
  messages('join', 'forwardJoin', 'neighbour', 'neighbourReply', 'unneighbour', 'shuffle'),
)
await write('mesh-probe', messages('probe'))
await write('mesh-tree', messages('ihave', 'graft', 'gone', 'prune'))
await write('mesh-broadcast', messages('broadcast'))
await write('mesh-signed', messages('signed'))

// Few identities, fewer than there is room for neighbours: a JOIN may take somebody's place, which is no fault of a decoder
const random = new SeededRandom('corpus')
const identities = Array.from({ length: 4 }, () => createIdentity(random))
const links = (signed: boolean): Record<string, Uint8Array> => {
  const openings = identities.map(({ publicKey }, index) => {
    const hello = {
      oldest: 1,
      newest: 1,
      network: networkTag(network),
      publicKey,
      incarnation: random.fill(new Uint8Array(8)),
      nonce: random.fill(new Uint8Array(8)),
      epoch: 0,
      sequence: 0,
      signed,
      addresses: index % 2 === 0 ? [] : [`memory://~${index}` as const],
    }
    // The dialler says HELLO, and once more when it knows who has answered
    const first = encodeHello({ ...hello, serial: 1, held: undefined })
    return concat([framed(first), framed(encodeHello({ ...hello, serial: 2, held: [hello.nonce] }))])
  })
  const opening = (index: number) => openings[index % openings.length] as Uint8Array
  const join = framed(ofHex('01300000'))
  const streams: Record<string, Uint8Array> = {}
  for (const [index, { kind, hex }] of vectors.messages.entries()) {
    const message = framed(ofHex(hex))
    streams[`vector ${index}: ${kind}`] = concat([opening(index), message])
    if (index % 3 === 0)
      streams[`vector ${index}: ${kind}, from a neighbour`] = concat([opening(index), join, message])
  }
  const [somebody] = identities
  const asking = msgpack().encode({ id: filled(48), asker: { id: filled(48), addresses: ['memory://~1'] } })
  const find = encodeBroadcast(somebody?.id ?? '', 1, 1, '/mesh/find', asking)
  streams['a question where a node is'] = concat([opening(0), join, framed(find)])
  streams['many pings'] = concat([
    opening(1),
    ...Array.from({ length: 20 }, () => framed(ofHex('0105000001020304'))),
  ])
  return streams
}
await write('mesh-link', links(false))
await write('mesh-signed-link', links(true))

type Exchange = readonly [request: unknown, answer: unknown]

/** Two dictionaries on one clock: the driver catches up with the other. @returns what they said */
const conversation = async (
  leased: boolean,
  lying: boolean,
  driver: string,
  other: string,
): Promise<{ exchanges: Exchange[]; told: unknown[] }> => {
  const clock = new VirtualClock()
  const exchanges: Exchange[] = []
  const told: unknown[] = []
  const handlers = new Map<string, Handler>()
  const { signal } = new AbortController()
  const contact = (id: string): Contact => ({ id, addresses: [] })
  const group = (id: string, neighbours: string[]): Group => ({
    self: contact(id),
    peers: neighbours.map(contact),
    request: async (to, protocol, body) => {
      const handler = handlers.get(typeof to === 'string' ? to : to.id) as Handler
      const answer = await handler({ kind: 'request', from: contact(id), protocol, body, signal })
      // A wrong fingerprint after everything was exchanged makes them look for the difference
      const { fingerprint } = answer as { fingerprint?: Uint8Array }
      const told =
        lying && fingerprint !== undefined
          ? { ...(answer as object), fingerprint: fingerprint.map(byte => ~byte) }
          : answer
      exchanges.push([body, told])
      return told
    },
    send: async () => 'sent',
    broadcast: (_, body) => {
      if (id === driver) told.push(body)
      return 'told'
    },
    handle: (_, handler) => {
      handlers.set(id, handler)
      return { [Symbol.dispose]: () => undefined }
    },
    watch: () => ({ [Symbol.dispose]: () => undefined }),
  })
  const options = { clock, random, leasing: leased ? {} : (false as const) }
  const fill = (sync: Sync, name: string) => {
    for (let index = 0; index < 5; index++) sync.set(`${name} ${index}`, [index, name, new Uint8Array(index)])
    sync.delete(`${name} 0`)
    if (!leased) sync.applyDelta(`${name} map`, { a: 1 })
  }
  const node = createSync(group(other, []), options)
  fill(node, 'node')
  // No time passes in between: what is fuzzed begins at the same time, so that its fingerprint is the same
  const peer = createSync(group(driver, [other]), options)
  if (driver === 'm-node') peer.update(ours)
  else fill(peer, 'peer')
  await clock.advance(100)
  await Promise.all([peer.close(), node.close()])
  return { exchanges, told }
}

const codec = msgpack()
const told: Record<string, Uint8Array> = {}
const answers: Record<string, Uint8Array> = {}
for (const leased of [true, false]) {
  for (const lying of [false, true]) {
    // What is fuzzed is `m-node`: once it answers, and once it drives
    const { exchanges, told: broadcasts } = await conversation(leased, lying, 'a-peer', 'm-node')
    const driven = await conversation(leased, lying, 'm-node', 'z-peer')
    const name = `${leased ? 'with' : 'without'} leases, ${lying ? 'with a lie' : 'honestly'}`
    told[name] = codec.encode([leased, exchanges.map(([request]) => [false, 0, request])])
    answers[name] = codec.encode([leased, driven.exchanges.map(([, answer]) => answer)])
    if (!lying) told[`${name}: broadcasts`] = codec.encode([leased, broadcasts.map(body => [true, 0, body])])
  }
}
await write('sync-told', told)
await write('sync-answers', answers)

for (const role of ['listener', 'dialler'] as const) await write(`noise-${role}`, await noiseSamples(role))
