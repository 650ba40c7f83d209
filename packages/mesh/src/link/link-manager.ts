import type {
  Address,
  Clock,
  Connection,
  Contact,
  Listener,
  PeerId,
  Random,
  Transport,
  WaitOptions,
} from '@p2p/interfaces'
import { lengthPrefixed } from '@p2p/framing'
import { Doubles } from '../core/doubles.ts'
import { deadLinks } from '../core/twins.ts'
import { MeshError } from '../errors.ts'
import type { Identity } from '../identity.ts'
import type { MeshLimits } from '../limits.ts'
import type { Security } from '../security.ts'
import { criticalFlags, headerLength, Kind, protocolVersion, Reason } from '../wire/header.ts'
import { begin, decodeFarewell, decodeHello, type Hello } from '../wire/hello.ts'
import { compareBytes } from '../wire/ids.ts'
import { malformed } from '../wire/malformed.ts'
import { latin1, readU32 } from '../wire/reader.ts'
import { Dialler } from './dialler.ts'
import { goodbyeError } from './handshake.ts'
import { hostOf } from './host.ts'
import { Handshakes, type HandshakesOwner } from './handshakes.ts'
import { Link, type LinkContext, type LinkEnd, type MessageListener } from './link.ts'
import { Peer } from './peer.ts'
import { Reception } from './reception.ts'
import { refusalIn } from './refusals.ts'
import { transportOf } from './transport-of.ts'
import { Upkeep } from './upkeep.ts'

/** What the manager is given. */
export interface LinkManagerSettings {
  readonly identity: Identity
  readonly network: string
  readonly transports: readonly Transport[]
  readonly security: Security
  /** Whether origins sign what they broadcast. */
  readonly signed: boolean
  readonly admit: ((peer: Contact) => boolean) | undefined
  readonly limits: MeshLimits
  readonly clock: Clock
  readonly random: Random
  readonly schedule: (task: () => void) => void
}

/** What the manager tells its owner, and asks of it. */
export interface LinkManagerOwner extends Pick<
  HandshakesOwner,
  'addresses' | 'newestOf' | 'known' | 'refused'
> {
  peerUp(peer: Peer): void
  /** A further link, or other addresses. */
  peerChanged(peer: Peer): void
  peerDown(peer: Peer, end: LinkEnd): void
  /** A message of a kind that is not the links' own. */
  message(peer: Peer, kind: number, bytes: Uint8Array, start: number, end: number): void
  /** What came on a link that was given up could not be taken. */
  failed(error: MeshError): void
  /** A dial has ended: in a link, or with this error. */
  dialled(address: Address, error: Error | undefined): void
  /** Whether the link to the peer is needed though nothing has used it for long. */
  isNeeded(peer: Peer): boolean
}

/** Makes links, accepts them, finds out who is at the other end, keeps them alive, and ends them: one {@link Peer} per node. */
export class LinkManager {
  readonly peers: Map<PeerId, Peer> = new Map<PeerId, Peer>()
  readonly #settings: LinkManagerSettings
  readonly #owner: LinkManagerOwner
  readonly #context: LinkContext
  readonly #reception: Reception
  readonly #handshakes: Handshakes
  readonly #links = new Set<Link>()
  readonly #perHost = new Map<string, number>()
  readonly #dialler: Dialler
  readonly #upkeep: Upkeep
  readonly #doubles: Doubles

  constructor(settings: LinkManagerSettings, owner: LinkManagerOwner) {
    this.#settings = settings
    this.#owner = owner
    this.#doubles = new Doubles(settings.limits.contacts)
    this.#reception = new Reception(settings, {
      isFull: remote => this.#isFull(remote),
      refused: owner.refused,
      secured: ({ connection, publicKey }) =>
        this.#handshakes.expect({ link: this.#adopt(connection), proven: publicKey }),
    })
    this.#handshakes = new Handshakes(settings, {
      ...owner,
      linksTo: peer => Array.from(this.#links).filter(link => link.peer === peer && !link.aborted),
      retired: id => this.#retired(id),
      expected: (link, id) => this.peers.get(id)?.expect(link),
      unexpected: (link, id) => this.peers.get(id)?.unexpect(link),
      doubled: () => {
        if (this.#doubles.own(settings.clock.monotonic())) owner.failed(keyInUse('says that it is this node'))
      },
      bury: (id, hello) => this.#bury(id, hello),
      establish: (link, contact, hello) => this.#establish(link, contact, hello),
    })
    this.#context = {
      framing: lengthPrefixed({ limit: settings.limits.message }),
      clock: settings.clock,
      schedule: settings.schedule,
      queue: settings.limits.queue,
      failed: error => owner.failed(error),
    }
    this.#dialler = new Dialler({
      ...settings,
      peers: this.peers,
      handshakes: this.#handshakes,
      links: () => this.#links.size,
      inbound: () => this.#reception.size,
      dialled: (address, error) => owner.dialled(address, error),
      retired: id => this.#retired(id),
      adopt: connection => this.#adopt(connection),
    })
    this.#upkeep = new Upkeep({
      clock: settings.clock,
      random: settings.random,
      links: this.#links,
      peers: this.peers,
      // Where a dial is on its way the link may be about to have a twin, and twins end in their own way
      isNeeded: peer => owner.isNeeded(peer) || this.#dialler.mayReach(peer.id),
    })
  }

  /** Links at the moment, those in their handshake included. */
  get size(): number {
    return this.#links.size
  }

  get handshakes(): number {
    return this.#handshakes.size + this.#reception.size
  }

  /** Accepts peers at an address. @throws `P2P_BAD_ADDRESS`, `P2P_UNKNOWN_SCHEME`, and the transport's own errors */
  listen(address: Address, options?: WaitOptions): Promise<Listener> {
    const transport = transportOf(this.#settings.transports, address)
    return transport.listen(address, connection => this.#reception.receive(connection), options)
  }

  /** A link to the node, new or there already. Dials of the same node at the same time are one. */
  reach(contact: Contact, options: WaitOptions): Promise<Peer> {
    return this.#dialler.reach(contact, options)
  }

  /** As {@link reach}, for who is to be told how the node refuses: where somebody answered, that is the error. */
  async connect(contact: Contact, options: WaitOptions): Promise<Peer> {
    try {
      return await this.reach(contact, options)
    } catch (error) {
      throw refusalIn(error) ?? error
    }
  }

  /** Dials an address. @throws see `Mesh.connect` */
  dial(address: Address, expected: PeerId | undefined, options: WaitOptions): Promise<Peer> {
    return this.#dialler.dial(address, expected, options)
  }

  /** Looks after every link. @returns when it is to be called again at the latest, in monotonic milliseconds */
  tick(): number {
    return this.#upkeep.tick()
  }

  /** Ends the link to a peer that was made for one question, unless somebody else needs it by now. */
  release(peer: Peer): void {
    if (peer.link.lastUsed === undefined) this.#upkeep.retireUnneeded(peer)
  }

  /** Tells every peer where this node can be reached now. */
  announce(): void {
    for (const { link, id } of this.peers.values()) if (link.open) this.#handshakes.announce(link, id)
  }

  /** Ends the links to a peer in order. */
  drop(peer: Peer): void {
    for (const link of Array.from(peer.links)) link.end(Kind.goodbye, Reason.disconnected, 'disconnected')
  }

  /** Ends every link, saying goodbye, and dials no more. Resolves when none is alive. */
  async close(): Promise<void> {
    this.#dialler.close()
    for (const link of this.#links) {
      if (link.peer === undefined) link.abort(new MeshError('P2P_CLOSED', 'the mesh was closed'))
      else link.end(Kind.goodbye, Reason.leaving, 'leaving')
    }
    await this.#reception.close()
    await Promise.all(Array.from(this.#links, link => link.closed))
    await this.#dialler.settled()
  }

  #retired(id?: PeerId): Link[] {
    return Array.from(this.#links).filter(link => link.retired && (id === undefined || link.peer === id))
  }

  #isFull(remote: Address): boolean {
    const { links, linksPerHost } = this.#settings.limits
    return this.#links.size >= links || (this.#perHost.get(hostOf(remote)) ?? 0) >= linksPerHost
  }

  /** Counts a link, and uncounts it when it has ended. */
  #adopt(connection: Connection): Link {
    const link = new Link(connection, this.#context)
    const host = hostOf(connection.remote)
    this.#links.add(link)
    this.#perHost.set(host, (this.#perHost.get(host) ?? 0) + 1)
    link.ended = this.#gone
    void link.closed.then(() => {
      this.#links.delete(link)
      const left = (this.#perHost.get(host) ?? 1) - 1
      if (left === 0) this.#perHost.delete(host)
      else this.#perHost.set(host, left)
    })
    return link
  }

  /** Ends the links that the peer's HELLO shows to be dead. */
  #bury(id: PeerId, hello: Hello): void {
    const peer = this.peers.get(id)
    if (peer === undefined) return
    for (const link of deadLinks(peer.links, hello)) {
      const error = new MeshError('P2P_PEER_UNREACHABLE', 'the peer holds this link no more')
      link.abort(error)
    }
  }

  #establish(link: Link, contact: Contact, hello: Hello): Peer {
    link.peer = contact.id
    link.incarnation = hello.incarnation
    link.serial = hello.serial
    const life = latin1(hello.incarnation, 0, hello.incarnation.length)
    if (this.#doubles.met(contact.id, life, this.#settings.clock.monotonic())) {
      this.#owner.failed(
        new MeshError('P2P_IDENTITY_IN_USE', `two processes take turns in being ${contact.id}`),
      )
    }
    const there = this.peers.get(contact.id)
    if (there !== undefined) {
      there.contact = contact
      link.listener = this.#listenerOf(there)
      there.add(link)
      this.#owner.peerChanged(there)
      return there
    }
    const former = this.#retired(contact.id)
    const unconfirmed = this.#handshakes.unconfirmed(contact.id)
    const peer = new Peer(this.#settings.identity.id, contact, link, unconfirmed, former)
    link.listener = this.#listenerOf(peer)
    this.peers.set(contact.id, peer)
    this.#owner.peerUp(peer)
    return peer
  }

  /** A link is over. */
  readonly #gone = (link: Link, end: LinkEnd): void => {
    if (this.#handshakes.ended(link, end)) return
    const peer = link.peer === undefined ? undefined : this.peers.get(link.peer)
    if (peer === undefined || !peer.links.has(link)) return
    const now = this.#settings.clock.monotonic()
    const isBroken = end.error !== undefined && !(end.error instanceof MeshError)
    if (isBroken && this.#doubles.broken(peer.id, now - link.begun, now)) {
      this.#owner.failed(keyInUse(`most likely: ${peer.id} breaks link after link as soon as it is made`))
    }
    const hasTwin = peer.links.size > 1
    if (peer.remove(link)) return
    this.peers.delete(peer.id)
    // What was asked over the twin may have been seen
    this.#owner.peerDown(peer, hasTwin ? { ...end, idle: false } : end)
  }

  #listenerOf(peer: Peer): MessageListener {
    return (link, bytes, start, end) => this.#receive(peer, link, bytes, start, end)
  }

  #receive(peer: Peer, link: Link, bytes: Uint8Array, start: number, end: number): void {
    if (end - start < headerLength || bytes[start] !== protocolVersion)
      throw malformed('a message without a header')
    if (((bytes[start + 2] as number) & criticalFlags) !== 0) throw malformed('unknown flags')
    const kind = bytes[start + 1] as number
    // A request is asked again over another link; the rest of what crossed our farewell is delivered
    if (link.retired && kind !== Kind.send && kind !== Kind.broadcast) return
    switch (kind) {
      case Kind.ping:
        expectLength(start, end, 8)
        link.send(
          begin(Kind.pong, 8)
            .u32(readU32(bytes, start + 4))
            .done(),
        )
        break
      case Kind.pong:
        expectLength(start, end, 8)
        link.roundTrip.answered(readU32(bytes, start + 4), this.#settings.clock.monotonic())
        break
      case Kind.moved:
        expectLength(start, end, 4)
        peer.moved(link)
        break
      case Kind.goodbye: {
        const farewell = decodeFarewell(bytes, start, end)
        link.farewell(farewell.reason, goodbyeError(farewell))
        break
      }
      case Kind.hello:
        this.#update(peer, link, decodeHello(bytes, start, end))
        break
      default:
        this.#owner.message(peer, kind, bytes, start, end)
    }
  }

  /** A HELLO on an established link: what the peer says of itself has changed. */
  #update(peer: Peer, link: Link, hello: Hello): void {
    if (compareBytes(hello.incarnation, link.incarnation) !== 0 || hello.serial <= link.serial) {
      throw malformed('a HELLO of another time')
    }
    link.serial = hello.serial
    peer.contact = { id: peer.id, addresses: hello.addresses }
    this.#owner.known(hello)
    this.#bury(peer.id, hello)
    if (this.peers.get(peer.id) === peer) this.#owner.peerChanged(peer)
  }
}

const keyInUse = (why: string): MeshError =>
  new MeshError('P2P_IDENTITY_IN_USE', `another process has this node's key: ${why}`)

const expectLength = (start: number, end: number, length: number): void => {
  if (end - start !== length) throw malformed('a message of a wrong length')
}
