import type {
  Address,
  Clock,
  Codec,
  Contact,
  Handler,
  MessageId,
  PeerChange,
  PeerId,
  WaitOptions,
} from '@p2p/interfaces'
import { msgpack } from '@p2p/framing'
import { type Announcer, Announcing } from './announcing.ts'
import { Broadcasts } from './broadcasts.ts'
import { Delivery } from './delivery.ts'
import { Dispatcher } from './dispatcher.ts'
import { MeshError } from './errors.ts'
import { Events } from './events.ts'
import { Explainer, type Explanation } from './explain.ts'
import { Failures } from './failures.ts'
import { Finder } from './finder.ts'
import { Handlers, type Middleware } from './handlers.ts'
import { times } from './limits.ts'
import { LinkManager, type LinkManagerOwner, type LinkManagerSettings } from './link/link-manager.ts'
import { Looking } from './looking.ts'
import type { LinkInfo, Mesh, MeshEvents, MeshStats } from './mesh.ts'
import type { Message } from './message.ts'
import { Overlay } from './overlay.ts'
import { checkProtocol, pulseProtocol } from './protocols.ts'
import { NotSeen, Requests } from './requests.ts'
import { checkId, Router } from './router.ts'
import { Sender, sharedDeadline } from './sender.ts'
import type { Signing } from './signing.ts'
import { protocolBytes } from './wire/direct.ts'

/** What a node is made of: the options with their defaults filled in. */
export interface NodeSettings extends LinkManagerSettings {
  readonly seeds: readonly Address[]
  readonly announce: readonly Address[] | Announcer | undefined
  readonly history: boolean
  /** Where origins sign. */
  readonly signing: Signing | undefined
}

/** A mesh: puts links, membership, broadcasts and requests together, and is the API. */
export class MeshNode implements Mesh {
  readonly id: PeerId
  readonly network: string
  readonly #settings: NodeSettings
  readonly #clock: Clock
  readonly #codec: Codec
  readonly #events = new Events<MeshEvents>((event, error) => this.#failures.ofListener(event, error))
  readonly #failures = new Failures(error => this.#events.emit('error', error))
  readonly #handlers = new Handlers()
  readonly #delivery: Delivery
  readonly #links: LinkManager
  readonly #overlay: Overlay
  readonly #broadcasts: Broadcasts
  readonly #requests: Requests
  readonly #finder: Finder
  readonly #sender: Sender
  readonly #dispatcher: Dispatcher
  readonly #announcing: Announcing
  readonly #explainer: Explainer
  readonly #looking: Looking
  #closing: Promise<void> | undefined

  constructor(settings: NodeSettings) {
    const { clock, limits, random, identity } = settings
    this.id = identity.id
    this.network = settings.network
    this.#settings = settings
    this.#clock = clock
    this.#codec = msgpack()
    this.#announcing = new Announcing({
      id: this.id,
      announce: settings.announce,
      changed: () => this.#links.announce(),
      failed: error =>
        this.#failures.report('P2P_HANDLER_FAILED', 'what finds the addresses to announce failed', error),
    })
    this.#delivery = new Delivery({
      clock,
      handlers: this.#handlers,
      limits,
      onMessage: message => this.#events.emit('message', message),
      onError: error => this.#failures.add(error),
    })
    this.#looking = new Looking({
      clock,
      look: () => this.#look(),
      failed: cause => this.#failures.report('P2P_HANDLER_FAILED', 'looking after the links failed', cause),
    })
    this.#links = new LinkManager(settings, this.#owner())
    this.#overlay = new Overlay({
      self: () => this.self,
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
        this.#looking.within(this.#overlay.neighbours.size === 0 ? times.firstRetry : times.tick)
        this.#events.emit('peer:disconnect', contact, reason)
      },
    })
    this.#broadcasts = new Broadcasts({
      ...settings,
      self: this.id,
      linkTo: id => this.#links.peers.get(id)?.link,
      deliver: arrival => this.#dispatcher.deliver(arrival),
    })
    this.#requests = new Requests({
      clock,
      codec: this.#codec,
      limits,
      answer: asked => this.#dispatcher.answer(asked),
    })
    this.#finder = new Finder({
      self: () => this.self,
      clock,
      broadcast: body => void this.#broadcasts.send(Finder.ask, this.#codec.encode(body)),
      tell: (to, body) => this.#sender.sendEncoded(to, Finder.found, this.#codec.encode(body)),
    })
    this.#explainer = new Explainer({
      self: () => this.self,
      clock,
      limit: limits.contacts,
      peers: this.#links.peers,
      contactOf: id => this.#overlay.contactOf(id),
    })
    const router = new Router({
      self: this.id,
      clock,
      links: this.#links,
      overlay: this.#overlay,
      finder: this.#finder,
    })
    const parts = {
      clock,
      codec: this.#codec,
      links: this.#links,
      overlay: this.#overlay,
      broadcasts: this.#broadcasts,
      requests: this.#requests,
      failures: this.#failures,
    }
    this.#sender = new Sender({ ...parts, self: this.id, limits, router })
    this.#dispatcher = new Dispatcher({
      ...parts,
      finder: this.#finder,
      sender: this.#sender,
      delivery: this.#delivery,
    })
  }

  /** Begins to look for others and after the links. */
  start(): void {
    this.#looking.within(0)
    this.#announcing.start()
  }

  // --- Who is here

  get self(): Contact {
    return this.#announcing.self
  }

  get addresses(): readonly Address[] {
    return this.self.addresses
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
      roundTrip: link.roundTrip.last,
      queued: link.queued,
    }))
  }

  get status(): 'connected' | 'alone' | 'closed' {
    if (this.#closing !== undefined) return 'closed'
    return this.#overlay.neighbours.size > 0 ? 'connected' : 'alone'
  }

  get errors(): readonly MeshError[] {
    return this.#failures.kept
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
    this.#announcing.add(await this.#links.listen(address, options))
  }

  async connect(
    to: Address | Contact,
    options: WaitOptions & { readonly id?: PeerId } = {},
  ): Promise<Contact> {
    this.#check()
    const { id, timeout = times.answer, signal } = options
    if (id !== undefined) checkId(id)
    const waiting = sharedDeadline(this.#clock, timeout, signal)
    for (;;) {
      const peer =
        typeof to === 'string'
          ? await this.#links.dial(to, id, waiting())
          : await this.#links.connect({ id: checkId(to.id), addresses: to.addresses }, waiting())
      try {
        return await this.#overlay.joined(peer, waiting())
      } catch (error) {
        if (!(error instanceof NotSeen)) throw error
      }
    }
  }

  explain(peer: Contact | PeerId): Explanation {
    return this.#explainer.explain(peer)
  }

  disconnect(peer: Contact | PeerId): void {
    const found = this.#links.peers.get(typeof peer === 'string' ? peer : peer.id)
    if (found !== undefined) this.#links.drop(found)
  }

  async find(id: PeerId, options: WaitOptions = {}): Promise<Contact> {
    this.#check()
    checkId(id)
    if (id === this.id) return this.self
    return this.#links.peers.get(id)?.contact ?? this.#finder.find(id, options)
  }

  // --- Sending

  broadcast(protocol: string, body: unknown): MessageId {
    this.#check()
    return this.#sender.broadcast(protocol, body)
  }

  whisper(protocol: string, body: unknown): void {
    this.#check()
    this.#sender.whisper(protocol, body)
  }

  send(to: Contact | PeerId, protocol: string, body: unknown, options?: WaitOptions): Promise<MessageId> {
    this.#check()
    return this.#sender.send(to, protocol, body, options)
  }

  async request(
    to: Contact | PeerId,
    protocol: string,
    body: unknown,
    options?: WaitOptions,
  ): Promise<unknown> {
    this.#check()
    return this.#sender.request(to, protocol, body, options)
  }

  // --- Receiving

  handle(protocol: string, handler: (message: Message) => unknown): Disposable {
    checkProtocol(protocol)
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
      addresses: () => this.self.addresses,
      newestOf: id => this.#broadcasts.newestOf(id),
      known: newest => this.#broadcasts.known(newest),
      peerUp: peer => this.#overlay.linkUp(peer),
      peerChanged: peer => this.#overlay.linkUp(peer),
      failed: error => this.#failures.add(error),
      dialled: (address, error) => this.#explainer.dialled(address, error),
      peerDown: (peer, end) => {
        this.#explainer.parted(peer, end)
        this.#requests.lost(peer.id, end)
        this.#overlay.linkDown(peer, end)
      },
      refused: (remote, error) => this.#events.emit('refused', remote, error),
      isNeeded: ({ id }) => this.#overlay.neighbours.has(id) || this.#requests.isBusy(id),
      message: (peer, kind, bytes, start, end) => this.#dispatcher.receive(peer, kind, bytes, start, end),
    }
  }

  #look(): number {
    this.#broadcasts.tick()
    const due = this.#overlay.tick()
    // Last: where something was said just now no sign of life is needed
    return Math.min(due, this.#links.tick())
  }

  #check(): void {
    if (this.#closing !== undefined) throw new MeshError('P2P_CLOSED', 'the mesh was closed')
  }

  async #close(): Promise<void> {
    this.#looking.close()
    this.#broadcasts.flush()
    this.#overlay.close()
    this.#finder.close()
    this.#broadcasts.close()
    await this.#announcing.close()
    await this.#links.close()
    this.#delivery.inbox.close()
    this.#events.clear()
  }
}
