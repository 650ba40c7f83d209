import type {
  Address,
  Clock,
  Codec,
  Contact,
  Handler,
  Listener,
  MessageId,
  PeerChange,
  PeerId,
  Random,
  WaitOptions,
} from '@p2p/interfaces'
import { WaitError } from '@p2p/interfaces'
import { msgpack } from '@p2p/framing'
import { type Arrival, Broadcasts } from './broadcasts.ts'
import { MeshError, type MeshErrorCode } from './errors.ts'
import { Events } from './events.ts'
import { Finder } from './finder.ts'
import { Handlers, type Middleware } from './handlers.ts'
import { Delivery } from './delivery.ts'
import { type MeshLimits, times } from './limits.ts'
import type { Link } from './link/link.ts'
import { LinkManager, type LinkManagerOwner, type LinkManagerSettings } from './link/link-manager.ts'
import type { Peer } from './link/peer.ts'
import type { LinkInfo, Mesh, MeshEvents, MeshStats } from './mesh.ts'
import type { Message } from './message.ts'
import { Overlay } from './overlay.ts'
import { type Asked, NotSeen, Requests } from './requests.ts'
import { checkId, Router } from './router.ts'
import { broadcastHeadLength } from './wire/broadcast.ts'
import { protocolBytes, readNamed, sendHead } from './wire/direct.ts'
import { firstIgnorableKind, headerLength, Kind } from './wire/header.ts'
import { malformed } from './wire/malformed.ts'
import { Reader } from './wire/reader.ts'

/** What a node is made of: the options with their defaults filled in. */
export interface NodeSettings extends LinkManagerSettings {
  readonly seeds: readonly Address[]
  readonly announce: readonly Address[] | undefined
  readonly history: boolean
}

/** How many errors that nobody waited for are kept. */
const errorsKept = 16

/** The names that belong to the mesh itself. */
const reserved = '/mesh/'

/** The broadcast by which nodes know to which part of the network they belong. */
const pulseProtocol = '/mesh/pulse'

/** A mesh: puts links, membership, broadcasts and requests together, and is the API. */
export class MeshNode implements Mesh {
  readonly id: PeerId
  readonly network: string
  readonly #settings: NodeSettings
  readonly #limits: MeshLimits
  readonly #clock: Clock
  readonly #random: Random
  readonly #codec: Codec
  readonly #events = new Events<MeshEvents>((event, error) => {
    const what = `a listener of ${String(event)} failed`
    // A failing listener of `error` must not call itself for ever
    if (event === 'error') this.#keep(new MeshError('P2P_HANDLER_FAILED', what, { cause: error }))
    else this.#report('P2P_HANDLER_FAILED', what, error)
  })
  readonly #handlers = new Handlers()
  readonly #delivery: Delivery
  readonly #links: LinkManager
  readonly #overlay: Overlay
  readonly #broadcasts: Broadcasts
  readonly #requests: Requests
  readonly #finder: Finder
  readonly #router: Router
  readonly #errors: MeshError[] = []
  readonly #listeners: Listener[] = []
  #self: Contact
  #messages = 0
  #timer: Disposable | undefined
  #closing: Promise<void> | undefined

  constructor(settings: NodeSettings) {
    const { clock, limits, random, identity } = settings
    this.id = identity.id
    this.network = settings.network
    this.#settings = settings
    this.#limits = limits
    this.#clock = clock
    this.#random = random
    this.#codec = msgpack()
    this.#self = { id: this.id, addresses: settings.announce ?? [] }
    this.#delivery = new Delivery({
      clock,
      handlers: this.#handlers,
      limits,
      onMessage: message => this.#events.emit('message', message),
      onError: error => this.#fail(error),
    })
    this.#links = new LinkManager(settings, this.#owner())
    this.#overlay = new Overlay({
      self: () => this.#self,
      seeds: settings.seeds,
      limits,
      clock,
      random,
      links: this.#links,
      broadcastPulse: pulse => void this.#broadcasts.send(pulseProtocol, this.#codec.encode(pulse)),
      neighbourUp: contact => {
        this.#broadcasts.neighbourUp(contact.id)
        this.#events.emit('peer:connect', contact)
      },
      neighbourDown: (contact, reason) => {
        this.#broadcasts.neighbourDown(contact.id)
        this.#events.emit('peer:disconnect', contact, reason)
      },
    })
    this.#broadcasts = new Broadcasts({
      self: this.id,
      clock,
      random,
      limits,
      history: settings.history,
      linkTo: id => this.#links.peers.get(id)?.link,
      deliver: arrival => this.#deliverBroadcast(arrival),
    })
    this.#requests = new Requests({ clock, codec: this.#codec, limits, answer: asked => this.#answer(asked) })
    this.#finder = new Finder({
      self: () => this.#self,
      clock,
      broadcast: body => void this.#broadcasts.send(Finder.ask, this.#codec.encode(body)),
      tell: (to, body) => this.#sendTo(to, Finder.found, this.#codec.encode(body), {}),
    })
    this.#router = new Router({
      self: this.id,
      clock,
      links: this.#links,
      overlay: this.#overlay,
      finder: this.#finder,
    })
  }

  /** Begins to look for others and after the links. */
  start(): void {
    this.#tick(0)
  }

  // --- Who is here

  get self(): Contact {
    return this.#self
  }

  get addresses(): readonly Address[] {
    return this.#self.addresses
  }

  get peers(): readonly Contact[] {
    return Array.from(this.#overlay.neighbours.values())
  }

  get links(): readonly LinkInfo[] {
    const now = this.#clock.monotonic()
    return Array.from(this.#links.peers.values(), ({ id, contact, link }) => ({
      peer: contact,
      neighbour: this.#overlay.neighbours.has(id),
      direction: link.connection.direction,
      remote: link.connection.remote,
      since: link.since,
      silence: now - link.lastReceived,
      sinceSent: now - link.lastSent,
      roundTrip: link.roundTrip,
      queued: link.queued,
    }))
  }

  get status(): 'connected' | 'alone' | 'closed' {
    if (this.#closing !== undefined) return 'closed'
    return this.#overlay.neighbours.size > 0 ? 'connected' : 'alone'
  }

  get errors(): readonly MeshError[] {
    return this.#errors
  }

  stats(): MeshStats {
    const { passed, repeated } = this.#broadcasts.counts
    return {
      neighbours: this.#overlay.neighbours.size,
      links: this.#links.size,
      handshakes: this.#links.handshakes,
      requests: this.#requests.size,
      unread: this.#delivery.inbox.size,
      unreadDropped: this.#delivery.inbox.dropped,
      known: this.#overlay.known,
      passed,
      repeated,
    }
  }

  watch(listener: (change: PeerChange) => void): Disposable {
    const up = (peer: Contact) => listener({ type: 'up', peer })
    const down = (peer: Contact) => listener({ type: 'down', peer })
    this.on('peer:connect', up).on('peer:disconnect', down)
    return { [Symbol.dispose]: () => void this.off('peer:connect', up).off('peer:disconnect', down) }
  }

  /** Accepts peers at an address, which is announced unless the announced addresses were given. */
  async listen(address: Address, options?: WaitOptions): Promise<void> {
    const listener = await this.#links.listen(address, options)
    this.#listeners.push(listener)
    if (this.#settings.announce !== undefined) return
    this.#self = { id: this.id, addresses: [...this.#self.addresses, ...listener.reachable] }
  }

  async connect(
    to: Address | Contact,
    options: WaitOptions & { readonly id?: PeerId } = {},
  ): Promise<Contact> {
    this.#check()
    const { id, timeout = times.answer, signal } = options
    if (id !== undefined) checkId(id)
    const waiting = this.#until(timeout, signal)
    for (;;) {
      const peer =
        typeof to === 'string'
          ? await this.#links.dial(to, id, waiting())
          : await this.#links.reach({ id: checkId(to.id), addresses: to.addresses }, waiting())
      try {
        return await this.#overlay.joined(peer, waiting())
      } catch (error) {
        if (!(error instanceof NotSeen)) throw error
      }
    }
  }

  disconnect(peer: Contact | PeerId): void {
    const found = this.#links.peers.get(typeof peer === 'string' ? peer : peer.id)
    if (found !== undefined) this.#links.drop(found)
  }

  async find(id: PeerId, options: WaitOptions = {}): Promise<Contact> {
    this.#check()
    checkId(id)
    if (id === this.id) return this.#self
    return this.#links.peers.get(id)?.contact ?? this.#finder.find(id, options)
  }

  // --- Sending

  broadcast(protocol: string, body: unknown): MessageId {
    this.#check()
    const encoded = this.#encode(protocol, body)
    return this.#broadcasts.send(protocol, encoded)
  }

  whisper(protocol: string, body: unknown): void {
    this.#check()
    const encoded = this.#encode(protocol, body)
    const head = sendHead(protocol)
    for (const link of this.#neighbourLinks()) link.sendParts(head, encoded)
  }

  send(to: Contact | PeerId, protocol: string, body: unknown, options: WaitOptions = {}): Promise<MessageId> {
    this.#check()
    const sent = this.#sendTo(to, protocol, this.#encode(protocol, body), options)
    // Whoever awaits the promise learns of its failure; for those who do not, it is an event and not the end of the process.
    sent.catch((error: unknown) => this.#report('P2P_PEER_UNREACHABLE', 'a message could not be sent', error))
    return sent
  }

  async request(
    to: Contact | PeerId,
    protocol: string,
    body: unknown,
    options: WaitOptions = {},
  ): Promise<unknown> {
    this.#check()
    const encoded = this.#encode(protocol, body)
    const { timeout = times.answer, signal } = options
    const waiting = this.#until(timeout, signal)
    for (;;) {
      const peer = await this.#router.reach(to, waiting())
      try {
        return await this.#requests.ask(peer, protocol, encoded, waiting())
      } catch (error) {
        if (!(error instanceof NotSeen)) throw error
      }
    }
  }

  // --- Receiving

  handle(protocol: string, handler: (message: Message) => unknown): Disposable {
    if (protocol.startsWith(reserved)) throw reservedError(protocol)
    protocolBytes(protocol)
    // The mesh hands only its own messages to handlers
    return this.#handlers.set(protocol, handler as Handler)
  }

  use(middleware: Middleware): Disposable {
    return this.#handlers.use(middleware)
  }

  recv(options: WaitOptions = {}): Promise<Message> {
    return this.#delivery.inbox.next(options)
  }

  poll(count = 1): Message[] {
    return this.#delivery.inbox.poll(count)
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Message> {
    while (this.#closing === undefined) {
      let message: Message
      try {
        message = await this.#delivery.inbox.next({})
      } catch (error) {
        if (MeshError.is(error, 'P2P_CLOSED')) return
        throw error
      }
      yield message
    }
  }

  on<E extends keyof MeshEvents>(event: E, listener: MeshEvents[E]): this {
    this.#events.on(event, listener)
    return this
  }

  once<E extends keyof MeshEvents>(event: E, listener: MeshEvents[E]): this {
    this.#events.on(event, listener, true)
    return this
  }

  off<E extends keyof MeshEvents>(event: E, listener: MeshEvents[E]): this {
    this.#events.off(event, listener)
    return this
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // --- Within

  #owner(): LinkManagerOwner {
    return {
      addresses: () => this.#self.addresses,
      newestOf: id => this.#broadcasts.newestOf(id),
      known: newest => this.#broadcasts.known(newest),
      peerUp: peer => this.#overlay.linkUp(peer),
      peerChanged: peer => this.#overlay.linkUp(peer),
      peerDown: (peer, end) => {
        this.#requests.lost(peer.id, end)
        this.#overlay.linkDown(peer, end)
      },
      refused: (remote, error) => this.#events.emit('refused', remote, error),
      isNeeded: peer => this.#overlay.neighbours.has(peer.id) || this.#requests.isBusy(peer.id),
      message: (peer, kind, bytes, start, end) => this.#receive(peer, kind, bytes, start, end),
    }
  }

  /** @throws `P2P_MALFORMED`, which ends the link */
  #receive(peer: Peer, kind: number, bytes: Uint8Array, start: number, end: number): void {
    if (kind === Kind.broadcast) {
      if (!this.#overlay.neighbours.has(peer.id)) this.#overlay.disown(peer)
      this.#broadcasts.receive(peer.id, bytes, start, end)
    } else if (kind === Kind.send) this.#receiveSend(peer, bytes, start, end)
    else if (this.#requests.receive(peer, kind, bytes, start, end)) return
    else if (this.#overlay.receive(peer, bytes, start, end)) return
    else if (this.#broadcasts.receiveTree(peer.id, bytes, start, end)) return
    else if (kind < firstIgnorableKind) throw malformed(`a message of the unknown kind ${kind}`)
  }

  #receiveSend(peer: Peer, bytes: Uint8Array, start: number, end: number): void {
    const { protocol, body } = readNamed(
      new Reader(bytes, start + headerLength, end),
      bytes[start + 3] as number,
    )
    const value = this.#codec.decode(body)
    if (protocol === Finder.found) {
      this.#finder.answered(peer.id, value)
      return
    }
    peer.link.lastUsed = this.#clock.monotonic()
    this.#delivery.deliver({
      id: this.#nextMessageId(peer.id),
      kind: 'send',
      from: peer.contact,
      protocol,
      body: value,
      size: body.length,
      time: this.#clock.now(),
      reply: async answer => {
        await this.send(peer.contact, protocol, answer)
      },
    })
  }

  #deliverBroadcast({ id, origin, protocol, body, age }: Arrival): void {
    let value: unknown
    try {
      value = this.#codec.decode(body)
    } catch (error) {
      // Relays do not look into bodies, so the neighbour that it came from is not to blame
      this.#report('P2P_MALFORMED', `a broadcast of ${origin} could not be decoded`, error)
      return
    }
    if (protocol.startsWith(reserved)) {
      if (protocol === Finder.ask) void this.#finder.asked(value)
      else if (protocol === pulseProtocol) this.#overlay.pulse(origin, value)
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
        await this.send(origin, protocol, answer)
      },
    })
  }

  #answer({ peer, protocol, body, signal }: Asked): Promise<unknown> {
    return this.#delivery.answer({
      id: this.#nextMessageId(peer.id),
      kind: 'request',
      from: peer.contact,
      protocol,
      body: this.#codec.decode(body),
      size: body.length,
      time: this.#clock.now(),
      signal,
    })
  }

  async #sendTo(
    to: Contact | PeerId,
    protocol: string,
    body: Uint8Array,
    options: WaitOptions,
  ): Promise<MessageId> {
    if (options.signal?.aborted === true) {
      throw new WaitError('P2P_ABORTED', 'gave up sending', { cause: options.signal.reason })
    }
    const id = typeof to === 'string' ? to : to.id
    const { link } =
      this.#links.peers.get(id) ?? (await this.#router.reach(to, { timeout: times.answer, ...options }))
    link.lastUsed = this.#clock.monotonic()
    if (!link.sendParts(sendHead(protocol), body) && link.open) {
      await link.connection.drained({ timeout: times.answer, ...options })
    }
    return this.#nextMessageId(this.id)
  }

  /** @throws `TypeError`, `P2P_RESERVED_PROTOCOL`, `P2P_BAD_OPTION`, `P2P_MESSAGE_TOO_LONG` */
  #encode(protocol: string, body: unknown): Uint8Array {
    if (protocol.startsWith(reserved)) throw reservedError(protocol)
    const encoded = this.#codec.encode(body)
    const length = broadcastHeadLength + protocolBytes(protocol).length + encoded.length
    if (length <= this.#limits.message) return encoded
    throw new MeshError(
      'P2P_MESSAGE_TOO_LONG',
      `a message of ${length} bytes is above the limit of ${this.#limits.message}`,
    )
  }

  /** The options of several waits that share one deadline. */
  #until(timeout: number, signal: AbortSignal | undefined): () => WaitOptions {
    const deadline = this.#clock.monotonic() + timeout
    return () => ({ timeout: Math.max(deadline - this.#clock.monotonic(), 0), signal })
  }

  *#neighbourLinks(): Iterable<Link> {
    for (const id of this.#overlay.neighbours.keys()) {
      const peer = this.#links.peers.get(id)
      if (peer !== undefined) yield peer.link
    }
  }

  #nextMessageId(from: PeerId): MessageId {
    return `${from}/${++this.#messages}`
  }

  #tick(delay: number): void {
    this.#timer = this.#clock.after(delay, () => {
      // Jitter, or the nodes of one machine would all look at the same moment
      this.#tick(times.tick * (0.75 + this.#random.next() / 2))
      this.#links.tick()
      this.#broadcasts.tick()
      this.#overlay.tick()
    })
  }

  #report(code: MeshErrorCode, what: string, cause: unknown): void {
    this.#fail(
      new MeshError(code, `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause }),
    )
  }

  #fail(error: MeshError): void {
    this.#keep(error)
    this.#events.emit('error', error)
  }

  #keep(error: MeshError): void {
    this.#errors.push(error)
    if (this.#errors.length > errorsKept) this.#errors.shift()
  }

  #check(): void {
    if (this.#closing !== undefined) throw new MeshError('P2P_CLOSED', 'the mesh was closed')
  }

  async #close(): Promise<void> {
    this.#timer?.[Symbol.dispose]()
    this.#overlay.close()
    this.#finder.close()
    this.#broadcasts.close()
    await Promise.all(this.#listeners.map(listener => listener.close()))
    await this.#links.close()
    this.#delivery.inbox.close()
    this.#events.clear()
  }
}

const reservedError = (protocol: string) =>
  new MeshError('P2P_RESERVED_PROTOCOL', `names that begin with ${reserved} belong to the mesh: ${protocol}`)
