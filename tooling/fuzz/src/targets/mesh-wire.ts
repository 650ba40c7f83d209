import * as mesh from '@p2p/mesh/internals'
import type { SeededRandom } from '@p2p/simulation'
import { expect, expectEqual, unlessRefused } from '../bytes.ts'
import { mutate } from '../mutate.ts'
import type { Target, Verdict } from '../target.ts'

const { Kind, headerLength } = mesh
type KindNumber = (typeof Kind)[keyof typeof Kind]

/** Decodes one kind of message and encodes it again; `undefined` if the kind is another's. */
interface Wire<T> {
  readonly decode: (bytes: Uint8Array, start: number, end: number) => T | undefined
  readonly encode: (value: T, kind: number) => Uint8Array
  /** Whether encoding gives the bytes that were decoded, but for the flags of the header. */
  readonly canonical: boolean
}

const check = <T>({ decode, encode, canonical }: Wire<T>, input: Uint8Array): Verdict => {
  const decoded = unlessRefused(['P2P_MALFORMED'], () => decode(input, 0, input.length))
  // A message stands anywhere in a chunk: what is around it must not matter
  const chunk = new Uint8Array(input.length + 16).fill(0x01)
  chunk.set(input, 7)
  const inside = unlessRefused(['P2P_MALFORMED'], () => decode(chunk, 7, 7 + input.length))
  if (!('value' in decoded)) {
    expect(!('value' in inside), 'in the middle of a chunk it is accepted, alone it is not')
    return 'refused'
  }
  expect('value' in inside, 'alone it is accepted, in the middle of a chunk it is not')
  if ('value' in inside) expectEqual(inside.value, decoded.value, 'in the middle of a chunk it is')
  if (decoded.value === undefined) return 'refused'
  const encoded = encode(decoded.value, input[1] as number)
  if (canonical) {
    const bytes = input.slice()
    bytes.set(encoded.subarray(0, headerLength))
    expectEqual(encoded, bytes, 'encoded again it is')
  }
  expectEqual(decode(encoded, 0, encoded.length), decoded.value, 'decoded a second time it is')
  return 'accepted'
}

const kinds = new Map<string, readonly KindNumber[]>([
  ['hello', [Kind.hello]],
  ['farewell', [Kind.refuse, Kind.goodbye]],
  ['reject', [Kind.reject]],
  [
    'membership',
    [Kind.join, Kind.forwardJoin, Kind.neighbour, Kind.neighbourReply, Kind.unneighbour, Kind.shuffle],
  ],
  ['probe', [Kind.probe]],
  ['tree', [Kind.ihave, Kind.graft, Kind.prune, Kind.gone]],
  ['broadcast', [Kind.broadcast]],
  ['signed', [Kind.signed]],
])

/** A damaged sample, but with the header of its kind: otherwise most are refused by their second byte. */
const headed =
  (name: string) =>
  (random: SeededRandom, corpus: readonly Uint8Array[]): Uint8Array => {
    const bytes = mutate(corpus, random)
    if (bytes.length < headerLength) return bytes
    bytes[0] = 1
    bytes[1] = random.pick(kinds.get(name) ?? [0])
    return bytes
  }

const wire = <T>(name: string, about: string, format: Wire<T>): Target => ({
  name: `mesh-${name}`,
  about: `@p2p/mesh ${about}`,
  generate: headed(name),
  open: () => ({ check: input => check(format, input) }),
})

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The head of a BROADCAST is read in place by relays: what they read is what was written. */
const checkBroadcast = (input: Uint8Array): Verdict => {
  // Shorter ones are refused before anybody looks at their kind
  if (input.length < headerLength) return 'refused'
  const checked = unlessRefused(['P2P_MALFORMED'], () => mesh.checkBroadcast(input, 0, input.length))
  if (!('value' in checked)) return 'refused'
  const nameAt = mesh.nameOffset(0)
  const bodyAt = nameAt + (input[3] as number)
  expect(bodyAt <= input.length && bodyAt > nameAt, 'the name does not fit')
  let name: string
  try {
    name = utf8.decode(input.subarray(nameAt, bodyAt))
  } catch {
    // Relays do not read the name; who delivers refuses it
    return 'refused'
  }
  const origin = mesh.idFromBytes(input, mesh.originOffset(0))
  const encoded = mesh.encodeBroadcast(
    origin,
    mesh.epochOf(input, 0),
    mesh.sequenceOf(input, 0),
    name,
    input.slice(bodyAt),
  )
  mesh.setAge(encoded, 0, mesh.ageOf(input, 0))
  const bytes = input.slice()
  bytes.set(encoded.subarray(0, headerLength))
  expectEqual(encoded, bytes, 'encoded again it is')
  return 'accepted'
}

/** What was said in a turn, taken apart and put together again. */
const checkSigned = (input: Uint8Array): Verdict => {
  if (input.length < headerLength) return 'refused'
  const read = unlessRefused(['P2P_MALFORMED'], () => {
    const { publicKey, signature, entries } = mesh.decodeSigned(input, 0, input.length)
    return { publicKey, signature, named: mesh.readEntries(entries) }
  })
  if (!('value' in read)) return 'refused'
  const { publicKey, signature, named } = read.value
  expect(named.length > 0, 'nothing is said in it')
  const encoded = new Uint8Array(input.length)
  const [epoch, sequence] = [mesh.epochOf(input, 0), mesh.sequenceOf(input, 0)]
  mesh.writeSignedHead(encoded, mesh.idFromBytes(input, mesh.originOffset(0)), epoch, sequence, publicKey)
  mesh.writeSignature(encoded, signature)
  mesh.setAge(encoded, 0, mesh.ageOf(input, 0))
  let at = mesh.signedHeadLength
  for (const { protocol, body } of named) at = mesh.writeEntry(encoded, at, protocol, body)
  expect(at === input.length, 'it has another length')
  const bytes = input.slice()
  bytes.set(encoded.subarray(0, headerLength))
  expectEqual(encoded, bytes, 'encoded again it is')
  return 'accepted'
}

const farewellKind = (kind: number) => (kind === Kind.refuse ? Kind.refuse : Kind.goodbye)

export const meshWire: readonly Target[] = [
  // What follows the known fields is a later version's, and skipped
  wire('hello', 'HELLO', { decode: mesh.decodeHello, encode: mesh.encodeHello, canonical: false }),
  wire('farewell', 'REFUSE and GOODBYE', {
    decode: mesh.decodeFarewell,
    encode: (farewell: ReturnType<typeof mesh.decodeFarewell>, kind) =>
      mesh.encodeFarewell(farewellKind(kind), farewell),
    canonical: true,
  }),
  wire('reject', 'REJECT', { decode: mesh.decodeReject, encode: mesh.encodeReject, canonical: true }),
  wire('membership', 'JOIN, FORWARDJOIN, NEIGHBOUR, NEIGHBOURREPLY, UNNEIGHBOUR, SHUFFLE', {
    decode: mesh.decodeMembership,
    encode: mesh.encodeMembership,
    canonical: true,
  }),
  // A root of zeros is none, and has no pulse
  wire('probe', 'PROBE', { decode: mesh.decodeProbe, encode: mesh.encodeProbe, canonical: false }),
  wire('tree', 'IHAVE, GRAFT, GONE, PRUNE', {
    decode: mesh.decodeTree,
    encode: mesh.encodeTree,
    canonical: true,
  }),
  {
    name: 'mesh-broadcast',
    about: '@p2p/mesh BROADCAST, as relays read it',
    generate: headed('broadcast'),
    open: () => ({ check: checkBroadcast }),
  },
  {
    name: 'mesh-signed',
    about: '@p2p/mesh SIGNED, what an origin says in a turn',
    generate: headed('signed'),
    open: () => ({ check: checkSigned }),
  },
]
