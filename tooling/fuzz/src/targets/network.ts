import type { Endpoint } from '@p2p/network'
import { decodeNatPmp, decodeSsdp, encodeNatPmp, mapPort, type UpnpLibrary } from '@p2p/network/port-mapping'
import { type PunchOffer, punch } from '@p2p/network/punch'
import { decodeStun, encodeStun, StunAgent, verifyIntegrity } from '@p2p/network/stun'
import type { Sockets, UdpSocket } from '@p2p/network/nat'
import { P2PError } from '@p2p/interfaces'
import { SeededRandom, VirtualClock } from '@p2p/simulation'
import { expect, expectEqual, hashOf, unlessRefused } from '../bytes.ts'
import type { Target } from '../target.ts'

const server: Endpoint = { address: '198.51.100.10', family: 4, port: 3_478 }
const liar: Endpoint = { address: '198.51.100.66', family: 4, port: 3_478 }
const local: Endpoint = { address: '10.0.0.2', family: 4, port: 4_000 }

/** A socket without a network: what is to come is put in. */
const wire = () => {
  let listener: (bytes: Uint8Array, from: Endpoint) => void = () => undefined
  const sent: Uint8Array[] = []
  const close = () => Promise.resolve()
  const socket: UdpSocket = {
    local,
    pinned: 'address',
    send: bytes => {
      sent.push(bytes)
      return Promise.resolve()
    },
    onMessage: next => {
      listener = next
      return { [Symbol.dispose]: () => (listener = () => undefined) }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
  return { socket, sent, come: (bytes: Uint8Array, from: Endpoint) => listener(bytes, from) }
}

/** The input with the transaction of what was asked last, if it is long enough: otherwise no answer would ever fit. */
const fitted = (input: Uint8Array, asked: Uint8Array | undefined) => {
  const bytes = input.slice()
  if (asked !== undefined && bytes.length >= 20) bytes.set(asked.subarray(4, 20), 4)
  return bytes
}

const socketsOf = (socket: UdpSocket): Sockets => ({
  udp: () => Promise.resolve(socket),
  source: () => Promise.resolve(local.address),
  connect: () => Promise.reject(new Error('no TCP')),
  listen: () => Promise.reject(new Error('no TCP')),
})

export const network: readonly Target[] = [
  {
    name: 'stun',
    about: '@p2p/network/stun decodeStun',
    open: () => ({
      check: input => {
        const decoded = unlessRefused(['P2P_PROTOCOL_ERROR'], () => decodeStun(input))
        if (!('value' in decoded)) return 'refused'
        const { kind, method, transaction, attributes, unknown } = decoded.value
        verifyIntegrity(input, Uint8Array.of(1))
        // What it had to ignore is gone; the rest is what was read
        const again = unlessRefused([], () =>
          decodeStun(encodeStun({ kind, method, transaction, attributes })),
        )
        if ('value' in again)
          expectEqual({ ...again.value, unknown }, decoded.value, 'written and read again')
        return 'accepted'
      },
    }),
  },
  {
    name: 'stun-answer',
    about: '@p2p/network/stun StunAgent: answers of a server, and of somebody who was not asked',
    open: () => ({
      check: async input => {
        const clock = new VirtualClock()
        const { socket, sent, come } = wire()
        const agent = new StunAgent(socket, { clock, random: new SeededRandom(hashOf(input)) })
        const asked = agent.request(server, { timeout: 10 })
        const outcome = asked.then(
          ({ from }) => from,
          (error: unknown) => error,
        )
        const answer = fitted(input, sent[0])
        come(answer, liar)
        expect(agent.dropped === 1, 'an answer from an address that was not asked was taken')
        come(answer, server)
        const result = await clock.run(outcome)
        agent[Symbol.dispose]()
        if (result === server) return 'accepted'
        if (P2PError.is(result)) return 'refused'
        throw result
      },
    }),
  },
  {
    name: 'nat-pmp',
    about:
      '@p2p/network/port-mapping decodeNatPmp, and mapPort among answers from a router and from somebody else',
    open: () => ({
      check: async input => {
        const clock = new VirtualClock()
        const { socket, come } = wire()
        const machine = { gateway: '10.0.0.1', protocols: ['nat-pmp'], transport: 'udp', port: 80 } as const
        const random = new SeededRandom(hashOf(input))
        const mapped = mapPort({ ...machine, sockets: socketsOf(socket), clock, random, timeout: 10 })
        const outcome = mapped.then(
          mapping => mapping,
          (error: unknown) => error,
        )
        await clock.advance(1)
        const router: Endpoint = { address: '10.0.0.1', family: 4, port: 5_351 }
        // The liar's comes first, to the question for the address and to that for the port
        for (let times = 0; times < 2; times++) {
          come(input, { ...router, address: '10.0.0.66' })
          come(input, { ...router, port: 5_352 })
          await clock.advance(1)
        }
        const error = await clock.run(outcome)
        expect(P2PError.is(error, 'P2P_TIMEOUT'), 'an answer from an address that was not asked was taken')
        const decoded = unlessRefused(['P2P_PROTOCOL_ERROR', 'P2P_MAPPING_REFUSED'], () =>
          decodeNatPmp(input),
        )
        if (!('value' in decoded)) return 'refused'
        expect(encodeNatPmp({ type: 'address' }).length === 2, 'a question has two bytes')
        return 'accepted'
      },
    }),
  },
  {
    name: 'ssdp',
    about: '@p2p/network/port-mapping decodeSsdp',
    open: () => ({
      check: input => {
        const decoded = unlessRefused(['P2P_PROTOCOL_ERROR'], () => decodeSsdp(input))
        if (!('value' in decoded)) return 'refused'
        expect(decoded.value.location.protocol === 'http:', 'a place that is not on HTTP')
        return 'accepted'
      },
    }),
  },
  {
    name: 'ssdp-answer',
    about: '@p2p/network/port-mapping mapPort by UPnP, among answers from a router and from somebody else',
    open: () => ({
      check: async input => {
        const clock = new VirtualClock()
        const { socket, come } = wire()
        const asked: string[] = []
        const upnp: UpnpLibrary = {
          upnpNat: () => ({
            getGateway: ({ hostname }) => {
              asked.push(hostname)
              return Promise.reject(new Error('no router'))
            },
          }),
        }
        const how = { gateway: '10.0.0.1', protocols: ['upnp'], transport: 'tcp', port: 80, upnp } as const
        const random = new SeededRandom(hashOf(input))
        const mapped = mapPort({ ...how, sockets: socketsOf(socket), clock, random, timeout: 10 })
        const outcome = mapped.catch((error: unknown) => error)
        await clock.advance(1)
        come(input, { address: '10.0.0.66', family: 4, port: 1_900 })
        await clock.advance(1)
        expect(asked.length === 0, 'an answer from an address that was not asked was taken')
        come(input, { address: '10.0.0.1', family: 4, port: 1_900 })
        const error = await clock.run(outcome)
        expect(P2PError.is(error, 'P2P_NO_GATEWAY'), 'another error than that there is no router')
        expect(
          asked.every(host => host === '10.0.0.1'),
          `the router sent us to ${asked.join()}`,
        )
        const decoded = unlessRefused(['P2P_PROTOCOL_ERROR'], () => decodeSsdp(input))
        return 'value' in decoded ? 'accepted' : 'refused'
      },
    }),
  },
  {
    name: 'punch-offer',
    about: "@p2p/network/punch punch: the other node's offer, as JSON",
    open: () => ({
      check: async input => {
        const clock = new VirtualClock()
        const { socket, sent } = wire()
        let theirs: unknown
        try {
          theirs = JSON.parse(new TextDecoder().decode(input)) as unknown
        } catch {
          return 'refused'
        }
        const random = new SeededRandom(hashOf(input))
        const exchange = (_: PunchOffer) => Promise.resolve(theirs)
        const outcome = punch({ exchange, sockets: socketsOf(socket), clock, random, patience: 100 }).then(
          () => 'opened',
          (error: unknown) => error,
        )
        const error = await clock.run(outcome)
        if (P2PError.is(error, 'P2P_NO_PATH')) {
          expect(sent.length <= 32 * 6, `${sent.length} packets were sent`)
          return 'accepted'
        }
        if (P2PError.is(error, 'P2P_PROTOCOL_ERROR') || P2PError.is(error, 'P2P_BAD_ADDRESS'))
          return 'refused'
        throw error
      },
    }),
  },
]
