import type { Clock, Codec, MessageId, PeerId } from '@p2p/interfaces'
import type { Arrival, Broadcasts } from './broadcasts.ts'
import type { Delivery } from './delivery.ts'
import type { Failures } from './failures.ts'
import { Finder } from './finder.ts'
import type { LinkManager } from './link/link-manager.ts'
import type { Peer } from './link/peer.ts'
import type { Overlay } from './overlay.ts'
import { isReserved, pulseProtocol } from './protocols.ts'
import type { Asked, Requests } from './requests.ts'
import type { Sender } from './sender.ts'
import { readNamed } from './wire/direct.ts'
import { firstIgnorableKind, headerLength, Kind } from './wire/header.ts'
import { malformed } from './wire/malformed.ts'
import { Reader } from './wire/reader.ts'

/** The parts of a node between which messages are dispatched. */
export interface DispatcherSettings {
  readonly clock: Clock
  readonly codec: Codec
  readonly links: LinkManager
  readonly overlay: Overlay
  readonly broadcasts: Broadcasts
  readonly requests: Requests
  readonly finder: Finder
  readonly sender: Sender
  readonly delivery: Delivery
  readonly failures: Failures
}

/** Hands each message that comes to the part of the node that it is for, and the application's to the application. */
export class Dispatcher {
  readonly #settings: DispatcherSettings
  // As in Broadcasts: what each message needs
  readonly #clock: Clock
  readonly #codec: Codec
  readonly #links: LinkManager
  readonly #overlay: Overlay
  readonly #broadcasts: Broadcasts
  readonly #requests: Requests
  readonly #delivery: Delivery
  #received = 0

  constructor(settings: DispatcherSettings) {
    this.#settings = settings
    this.#clock = settings.clock
    this.#codec = settings.codec
    this.#links = settings.links
    this.#overlay = settings.overlay
    this.#broadcasts = settings.broadcasts
    this.#requests = settings.requests
    this.#delivery = settings.delivery
  }

  /** A message of a peer. @throws `P2P_MALFORMED`, which ends the link */
  receive(peer: Peer, kind: number, bytes: Uint8Array, start: number, end: number): void {
    if (kind === Kind.broadcast) {
      if (!this.#overlay.neighbours.has(peer.id)) this.#overlay.disown(peer)
      this.#broadcasts.receive(peer.id, bytes, start, end)
    } else if (kind === Kind.signed) {
      if (!this.#overlay.neighbours.has(peer.id)) this.#overlay.disown(peer)
      this.#broadcasts.receiveSigned(peer.id, bytes, start, end)
    } else if (kind === Kind.send) this.#receiveSend(peer, bytes, start, end)
    else if (this.#broadcasts.receiveTree(peer.id, bytes, start, end)) return
    else if (this.#requests.receive(peer, kind, bytes, start, end)) return
    else if (this.#overlay.receive(peer, bytes, start, end)) return
    else if (kind < firstIgnorableKind) throw malformed(`a message of the unknown kind ${kind}`)
  }

  /** A broadcast that is here for the first time. */
  deliver({ id, origin, protocol, body, age }: Arrival): void {
    let value: unknown
    try {
      value = this.#codec.decode(body)
    } catch (error) {
      // Relays do not look into bodies, so the neighbour that it came from is not to blame
      this.#settings.failures.report('P2P_MALFORMED', `a broadcast of ${origin} could not be decoded`, error)
      return
    }
    if (isReserved(protocol)) {
      this.#ours(origin, protocol, value)
      return
    }
    const from = this.#links.peers.get(origin)?.contact ?? this.#overlay.contactOf(origin)
    this.#delivery.deliver({
      id,
      kind: 'broadcast',
      from: from ?? { id: origin, addresses: [] },
      protocol,
      body: value,
      size: body.length,
      time: this.#clock.now() - age,
      age,
      reply: async answer => {
        await this.#settings.sender.send(origin, protocol, answer)
      },
    })
  }

  /** What the application answers to a request. */
  answer({ peer, protocol, body, signal }: Asked): Promise<unknown> {
    return this.#delivery.answer({
      id: this.#nextId(peer.id),
      kind: 'request',
      from: peer.contact,
      protocol,
      body: this.#codec.decode(body),
      size: body.length,
      time: this.#clock.now(),
      signal,
    })
  }

  /** A broadcast of the mesh itself. Those of a later version are passed on and not understood. */
  #ours(origin: PeerId, protocol: string, value: unknown): void {
    if (protocol === Finder.ask) void this.#settings.finder.asked(value)
    else if (protocol === pulseProtocol) this.#overlay.pulse(origin, value)
  }

  #receiveSend(peer: Peer, bytes: Uint8Array, start: number, end: number): void {
    const { finder, sender } = this.#settings
    const reader = new Reader(bytes, start + headerLength, end)
    const { protocol, body } = readNamed(reader, bytes[start + 3] as number)
    const value = this.#codec.decode(body)
    if (protocol === Finder.found) {
      finder.answered(peer.id, value)
      return
    }
    peer.link.lastUsed = this.#clock.monotonic()
    this.#delivery.deliver({
      id: this.#nextId(peer.id),
      kind: 'send',
      from: peer.contact,
      protocol,
      body: value,
      size: body.length,
      time: this.#clock.now(),
      reply: async answer => {
        await sender.send(peer.contact, protocol, answer)
      },
    })
  }

  #nextId(from: PeerId): MessageId {
    return `${from}/${++this.#received}`
  }
}
