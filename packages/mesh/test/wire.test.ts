import { readFileSync } from 'node:fs'
import type { Contact } from '@p2p/interfaces'
import { describe, expect, it } from 'vitest'
import { identityFromKey } from '../src/index.ts'
import { Signing, Turn } from '../src/signing.ts'
import { ageOf, encodeBroadcast, epochOf, originOffset, sequenceOf, setAge } from '../src/wire/broadcast.ts'
import {
  decodeReject,
  encodeCancel,
  encodeReject,
  requestHead,
  responseHead,
  sendHead,
} from '../src/wire/direct.ts'
import { Kind } from '../src/wire/header.ts'
import {
  begin,
  decodeFarewell,
  decodeHello,
  encodeFarewell,
  encodeHello,
  networkTag,
} from '../src/wire/hello.ts'
import { idFromBytes, idToBytes } from '../src/wire/ids.ts'
import type { TreeMessage } from '../src/core/plumtree.ts'
import type { StreamRange } from '../src/core/stream-range.ts'
import {
  decodeMembership,
  decodeProbe,
  encodeMembership,
  encodeProbe,
  type MembershipMessage,
  type Probe,
} from '../src/wire/membership.ts'
import { decodeSigned, readEntries } from '../src/wire/signed.ts'
import { decodeTree, encodeTree } from '../src/wire/tree.ts'

interface Vectors {
  identities: { secretKey: string; publicKey: string; id: string }[]
  hellos: { fields: HelloFields; hex: string }[]
  messages: { kind: string; fields: Record<string, unknown>; hex: string }[]
}

interface HelloFields {
  oldest: number
  newest: number
  network: string
  publicKey: string
  incarnation: string
  serial: number
  nonce: string
  epoch: number
  sequence: number
  addresses: `${string}://${string}`[]
  held: string[] | null
  signed: boolean
  proof: { digest: string; signature: string } | null
}

const vectors = JSON.parse(readFileSync(new URL('vectors/wire.json', import.meta.url), 'utf8')) as Vectors
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const hex = (data: Uint8Array) => Buffer.from(data).toString('hex')
const join = (head: Uint8Array, body: unknown) => hex(head) + String(body)

const contact = (value: unknown): Contact => {
  const [index, addresses] = value as [number, Contact['addresses']]
  return { id: vectors.identities[index]?.id ?? '', addresses }
}

/** The fields of a vector as a message of membership. */
const membership = (kind: string, fields: Record<string, unknown>): MembershipMessage =>
  ({
    type: kind,
    ...fields,
    ...('contact' in fields ? { contact: contact(fields['contact']) } : {}),
    ...('contacts' in fields ? { contacts: (fields['contacts'] as unknown[]).map(contact) } : {}),
  }) as MembershipMessage

const treeKinds = ['ihave', 'graft', 'gone', 'prune']

const encoders: Record<string, (fields: Record<string, never>) => string> = {
  refuse: fields => hex(encodeFarewell(Kind.refuse, fields as never)),
  goodbye: fields => hex(encodeFarewell(Kind.goodbye, fields as never)),
  moved: () => hex(begin(Kind.moved).done()),
  ping: ({ token }) =>
    hex(
      begin(Kind.ping)
        .u32(token as never)
        .done(),
    ),
  pong: ({ token }) =>
    hex(
      begin(Kind.pong)
        .u32(token as never)
        .done(),
    ),
  send: ({ protocol, body }) => join(sendHead(protocol as never), body),
  request: ({ id, protocol, body }) => join(requestHead(id as never, protocol as never), body),
  response: ({ id, body }) => join(responseHead(id as never), body),
  reject: fields => hex(encodeReject(fields as never)),
  cancel: ({ id }) => hex(encodeCancel(id as never)),
  ...Object.fromEntries(treeKinds.map(kind => [kind, fields => hex(encodeTree(tree(kind, fields)))])),
  probe: fields => hex(encodeProbe(probe(fields))),
  signed: fields => {
    const { network, age, origin, epoch, sequence, messages } = fields as unknown as SignedFields
    const turn = new Turn(sequence, 2 ** 20)
    for (const [protocol, body] of messages) turn.add(protocol, bytes(body))
    const message = turn.take()
    const { secretKey = '' } = vectors.identities[origin] ?? {}
    new Signing(identityFromKey(bytes(secretKey)), network).seal(message, epoch, sequence)
    setAge(message, 0, age)
    return hex(message)
  },
  broadcast: ({ age, origin, epoch, sequence, protocol, body }) => {
    const id = vectors.identities[origin as never]?.id ?? ''
    const message = encodeBroadcast(
      id,
      epoch as never,
      sequence as never,
      protocol as never,
      bytes(body as never),
    )
    setAge(message, 0, age as never)
    return hex(message)
  },
}

interface SignedFields {
  readonly network: string
  readonly age: number
  readonly origin: number
  readonly epoch: number
  readonly sequence: number
  readonly messages: readonly (readonly [string, string])[]
}

/** The ranges of a vector: origins are named by their number. */
const ranges = (fields: Record<string, unknown>): StreamRange[] =>
  (fields['ranges'] as [number, number, number, number][]).map(([origin, epoch, first, last]) => {
    const epochBytes = Buffer.alloc(6)
    epochBytes.writeUIntBE(epoch, 0, 6)
    const id = idToBytes(vectors.identities[origin]?.id ?? '')
    return { key: Buffer.concat([id, epochBytes]).toString('latin1'), first, last }
  })

const tree = (kind: string, fields: Record<string, unknown>): TreeMessage =>
  kind === 'prune' ? { type: kind } : { type: kind as 'ihave', ranges: ranges(fields) }

const probe = ({ asks, root, pulse }: Record<string, unknown>): Probe => ({
  asks: asks === true,
  belonging:
    root === null
      ? undefined
      : { root: vectors.identities[root as number]?.id ?? '', pulse: pulse as number },
})

describe('the wire format agrees with vectors made by another program', () => {
  it.each(vectors.identities)('the id of public key $publicKey', ({ secretKey, publicKey, id }) => {
    const identity = identityFromKey(bytes(secretKey))
    expect(hex(identity.publicKey)).toBe(publicKey)
    expect(identity.id).toBe(id)
  })

  it.each(vectors.hellos)('a HELLO of the network $fields.network', ({ fields, hex: expected }) => {
    const hello = {
      ...fields,
      network: networkTag(fields.network),
      publicKey: bytes(fields.publicKey),
      incarnation: bytes(fields.incarnation),
      nonce: bytes(fields.nonce),
      held: fields.held?.map(bytes),
      proof:
        fields.proof === null
          ? undefined
          : { digest: bytes(fields.proof.digest), signature: bytes(fields.proof.signature) },
    }
    expect(hex(encodeHello(hello))).toBe(expected)
    expect(decodeHello(bytes(expected), 0, expected.length / 2)).toEqual(hello)
    // Room for a next version: what follows is skipped
    expect(decodeHello(bytes(`${expected}abcdef`), 0, expected.length / 2 + 3)).toEqual(hello)
  })

  it.each(vectors.messages)('$kind $fields', ({ kind, fields, hex: expected }) => {
    const encode = encoders[kind] ?? (() => hex(encodeMembership(membership(kind, fields))))
    expect(encode(fields as Record<string, never>)).toBe(expected)
  })

  it.each(vectors.messages.filter(({ kind }) => !(kind in encoders)))(
    'reads $kind',
    ({ kind, fields, hex: given }) => {
      expect(decodeMembership(bytes(given), 0, given.length / 2)).toEqual(membership(kind, fields))
    },
  )

  it.each(vectors.messages.filter(({ kind }) => treeKinds.includes(kind)))(
    'reads $kind of the tree',
    ({ kind, fields, hex: given }) => {
      expect(decodeTree(bytes(given), 0, given.length / 2)).toEqual(tree(kind, fields))
    },
  )

  it('reads what was signed, and that it was', () => {
    const verifier = identityFromKey(new Uint8Array(32))
    for (const { kind, fields, hex: given } of vectors.messages.filter(each => each.kind === 'signed')) {
      const { network, epoch, sequence, messages } = fields as unknown as SignedFields
      const message = bytes(given)
      expect(kind).toBe('signed')
      expect(new Signing(verifier, network).check(message, 0, message.length)).toMatchObject({
        epoch,
        sequence,
      })
      expect(() => new Signing(verifier, `${network}!`).check(message, 0, message.length)).toThrow(
        expect.objectContaining({ code: 'P2P_FORGED' }),
      )
      const { entries } = decodeSigned(message, 0, message.length)
      expect(readEntries(entries)).toEqual(
        messages.map(([protocol, body]) => ({ protocol, body: bytes(body) })),
      )
    }
    // The HELLO shows its receiver what that has said
    const { fields } = vectors.hellos.find(hello => hello.fields.signed) ?? {}
    const { epoch = 0, sequence = 0, proof: said } = fields ?? {}
    const proof = { digest: bytes(said?.digest ?? ''), signature: bytes(said?.signature ?? '') }
    const claims = (index: number) =>
      new Signing(identityFromKey(bytes(vectors.identities[index]?.secretKey ?? '')), 'demo').isOurs({
        epoch,
        sequence,
        proof,
      })
    expect([0, 1, 2].map(claims)).toEqual([true, false, false])
  })

  it('reads farewells, rejections and the fields of a broadcast', () => {
    for (const { kind, fields, hex: given } of vectors.messages) {
      const message = bytes(given)
      if (kind === 'refuse' || kind === 'goodbye')
        expect(decodeFarewell(message, 0, message.length)).toEqual(fields)
      if (kind === 'probe') expect(decodeProbe(message, 0, message.length)).toEqual(probe(fields))
      if (kind === 'reject') expect(decodeReject(message, 0, message.length)).toEqual(fields)
      if (kind !== 'broadcast') continue
      expect(ageOf(message, 0)).toBe(fields['age'])
      expect(epochOf(message, 0)).toBe(fields['epoch'])
      expect(sequenceOf(message, 0)).toBe(fields['sequence'])
      expect(idFromBytes(message, originOffset(0))).toBe(vectors.identities[0]?.id)
    }
  })
})
