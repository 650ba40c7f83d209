import { msgpack } from '@p2p/framing'
import type { Connection } from '@p2p/interfaces'
import { createNoise } from '@p2p/noise'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createIdentity,
  createMesh,
  type Identity,
  type Mesh,
  type MeshOptions,
  plaintext,
} from '../src/index.ts'
import { Signing, Turn } from '../src/signing.ts'
import { encodeBroadcast } from '../src/wire/broadcast.ts'
import { sendHead } from '../src/wire/direct.ts'
import { Kind } from '../src/wire/header.ts'
import { addressOf } from './network.ts'
import { RawPeer } from './raw-peer.ts'
import { codeOf } from './refusal.ts'
import { soon } from './soon.ts'
import { transports } from './transports.ts'

const codec = msgpack()
const secret = new Uint8Array(32).fill(7)
const friend = createIdentity()
const stranger = createIdentity()

/** What somebody who would like to be a member goes by. */
interface Manner {
  readonly network?: string
  readonly secret?: Uint8Array
  readonly plain?: boolean
  readonly signed?: boolean
}

/** A message to one and one to all, as a member says them. */
const words = (identity: Identity, network: string, signed: boolean): Uint8Array[] => {
  const body = codec.encode('from outside')
  const turn = new Turn(1, 2 ** 20)
  turn.add('/news', body)
  const sealed = turn.take()
  new Signing(identity, network).seal(sealed, 7, 1)
  return [
    Buffer.concat([sendHead('/letter'), body]),
    signed ? sealed : encodeBroadcast(identity.id, 7, 1, '/news', body),
  ]
}

describe.each(transports)(
  'over %s, somebody who does not wait to be let in',
  (_name, createTransport, listen) => {
    const transport = createTransport()
    const nodes: Mesh[] = []
    const connections: Connection[] = []
    afterEach(async () => {
      for (const connection of connections.splice(0)) connection.abort()
      await Promise.all(nodes.splice(0).map(node => node.close()))
    })
    const create = async (options: Partial<MeshOptions>): Promise<Mesh> => {
      const mesh = await createMesh({
        network: 'closed',
        transports: [transport],
        listen: [listen],
        ...options,
      })
      nodes.push(mesh)
      return mesh
    }
    const dial = async (to: Mesh): Promise<Connection> => {
      const raw = await transport.dial(addressOf(to))
      connections.push(raw)
      return raw
    }

    /** A node with a neighbour, what it was told by others than that, and who says all that a member says before it has heard a word. */
    const scene = async (ours: Partial<MeshOptions>, identity: Identity, manner: Manner) => {
      const victim = await create(ours)
      const neighbour = await create({ ...ours, identity: friend })
      await neighbour.connect(addressOf(victim))
      const told: string[] = []
      const all = soon<undefined>('both messages', come =>
        victim.on('message', ({ protocol, from }) => {
          if (told.push(`${protocol} of ${from.id}`) === 2) come(undefined)
        }),
      )
      const refused: string[] = []
      const turnedAway = soon<undefined>('the event refused', come =>
        victim.on('refused', (_, error) => {
          refused.push(codeOf(error))
          come(undefined)
        }),
      )
      const { network = 'closed', plain = false } = manner
      const protect = (raw: Connection) =>
        createNoise({ identity, network, ...(manner.secret && { secret: manner.secret }) }).secure(raw, {
          confirm: false,
        })
      const raw = await dial(victim)
      // Who is refused before it can say anything says it in clear
      const connection = plain ? raw : await protect(raw).catch(() => dial(victim))
      const signed = manner.signed ?? (!plain && manner.secret === undefined)
      const peer = new RawPeer(connection, identity, network, {}, { signed })
      for (const word of words(identity, network, signed)) peer.say(word)
      return { victim, neighbour, told, all, refused, turnedAway, peer, connection }
    }

    it.each<[string, Partial<MeshOptions>, Manner]>([
      ['protected', {}, {}],
      ['protected, with a secret', { secret }, { secret }],
      ['plain', { security: plaintext() }, { plain: true }],
      ['of chosen members', { admit: () => true }, {}],
    ])('is heard, and hears, where it is a member: %s', async (_what, ours, manner) => {
      const identity = createIdentity()
      const { victim, all, told, refused, peer } = await scene(ours, identity, manner)
      await all
      expect(told).toEqual([`/letter of ${identity.id}`, `/news of ${identity.id}`])
      victim.broadcast('/inside', 'for members only')
      await peer.next(Kind.broadcast, Kind.signed)
      expect(refused).toEqual([])
    })

    it.each<[string, string, Partial<MeshOptions>, Manner]>([
      ['of another network', 'P2P_WRONG_NETWORK', {}, { network: 'another' }],
      [
        'of another network, in clear',
        'P2P_WRONG_NETWORK',
        { security: plaintext() },
        { network: 'another', plain: true },
      ],
      ['with another secret', 'P2P_WRONG_SECRET', { secret }, { secret: secret.map(byte => ~byte) }],
      ['with a secret where there is none', 'P2P_WRONG_SECRET', {}, { secret }],
      ['without the secret', 'P2P_WRONG_SECRET', { secret }, {}],
      ['who speaks in clear', 'P2P_PLAINTEXT', {}, { plain: true }],
      ['who speaks in clear where there is a secret', 'P2P_PLAINTEXT', { secret }, { plain: true }],
      ['who is not admitted', 'P2P_NOT_ADMITTED', { admit: ({ id }) => id !== stranger.id }, {}],
      ['who does not sign', 'P2P_WRONG_SIGNING', {}, { signed: false }],
    ])('is not heard, and hears nothing but why: %s', async (_what, code, ours, manner) => {
      const { victim, neighbour, told, refused, turnedAway, peer, connection } = await scene(
        ours,
        stranger,
        manner,
      )
      const heard = soon<unknown>('what is for members', come => neighbour.handle('/inside', come))
      victim.broadcast('/inside', 'for members only')
      await turnedAway
      await connection.closed
      victim.broadcast('/inside', 'for members only')
      await heard
      expect(refused[0]).toBe(code)
      expect(told).toEqual([])
      expect(victim.poll(10)).toEqual([])
      expect(victim.peers.map(({ id }) => id)).toEqual([friend.id])
      expect(peer.heard.filter(message => message[1] !== Kind.refuse)).toEqual([])
    })
  },
)
