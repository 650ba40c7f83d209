import type { Address, Connection, Contact, PeerId, Transport, WaitOptions } from '@p2p/interfaces'
import { wait, type Waiter } from '@p2p/interfaces/wait'
import { MeshError } from '../errors.ts'
import { times } from '../limits.ts'
import { judgeAdmission } from './handshake.ts'
import type { Handshakes } from './handshakes.ts'
import type { Link } from './link.ts'
import type { LinkManagerSettings } from './link-manager.ts'
import type { Peer } from './peer.ts'
import { transportOf } from './transport-of.ts'

/** What dialling needs of the manager of links. */
export interface DiallerSettings extends LinkManagerSettings {
  readonly peers: ReadonlyMap<PeerId, Peer>
  readonly handshakes: Handshakes
  /** Links that there are. */
  readonly links: () => number
  /** Inbound connections that may become links. */
  readonly inbound: () => number
  /** A dial has ended: in a link, or with this error. One that its caller gave up tells nothing of the other end. */
  readonly dialled: (address: Address, error: Error | undefined) => void
  /** Links to a node, or to any, that ended for want of use and whose connections have not ended yet. */
  readonly retired: (id?: PeerId) => readonly Link[]
  /** Makes a link of a connection that is protected. */
  readonly adopt: (connection: Connection) => Link
}

/** Makes links to others. Dials of the same node at the same time are one. */
export class Dialler {
  readonly #settings: DiallerSettings
  readonly #dials = new Map<PeerId, Promise<Peer>>()
  /** What we are dialling and securing at the moment, to be given up when the node closes. */
  readonly #attempts = new Set<AbortController>()
  /** What somebody waits for: `close` waits until it is settled. */
  readonly #waits = new Set<Promise<unknown>>()
  /** Attempts at which anybody may be at the other end, from when there is a connection: before, nobody can have heard of it. */
  readonly #strangers = new Set<AbortSignal>()
  #closed = false

  constructor(settings: DiallerSettings) {
    this.#settings = settings
  }

  /** A link to the node, new or there already. */
  reach(contact: Contact, options: WaitOptions): Promise<Peer> {
    const { id } = contact
    const there = this.#settings.peers.get(id)
    if (there !== undefined) return Promise.resolve(there)
    let dial = this.#dials.get(id)
    if (dial === undefined) {
      dial = this.#dialAny(contact).finally(() => this.#dials.delete(id))
      this.#dials.set(id, dial)
    }
    const begun = dial
    // The dial goes on when one of those who wait for it gives up
    return this.#track(
      wait<Peer>(
        { clock: this.#settings.clock, what: `a link to ${id}`, ...options },
        ({ resolve, reject }) => {
          begun.then(resolve, reject)
          return undefined
        },
      ),
    )
  }

  /** Dials an address. @throws see `Mesh.connect` */
  dial(address: Address, expected: PeerId | undefined, options: WaitOptions): Promise<Peer> {
    const { clock } = this.#settings
    const transport = transportOf(this.#settings.transports, address)
    const dial = this.#track(
      wait<Peer>({ clock, what: `an answer from ${address}`, ...options }, waiter => {
        const abort = new AbortController()
        this.#attempts.add(abort)
        let link: Link | undefined
        this.#connect(transport, address, expected, abort.signal, waiter, made => (link = made)).catch(
          waiter.reject,
        )
        return () => {
          this.#attempts.delete(abort)
          this.#strangers.delete(abort.signal)
          if (link?.peer !== undefined) return
          abort.abort()
          link?.abort(new MeshError('P2P_HANDSHAKE_FAILED', 'given up'))
        }
      }),
    )
    const { dialled } = this.#settings
    dial.then(
      () => dialled(address, undefined),
      (error: unknown) => {
        if (error instanceof Error && !isGivenUp(error)) dialled(address, error)
      },
    )
    return dial
  }

  /** Whether a dial is on its way that may end at this node. */
  mayReach(id: PeerId): boolean {
    return this.#strangers.size > 0 || this.#dials.has(id)
  }

  /** Gives up what is not a link yet, and dials no more. */
  close(): void {
    this.#closed = true
    for (const attempt of this.#attempts) attempt.abort(new MeshError('P2P_CLOSED', 'the mesh was closed'))
  }

  /** Resolves when nobody waits for a link any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#waits)
  }

  #track<T>(promise: Promise<T>): Promise<T> {
    this.#waits.add(promise)
    const settled = () => void this.#waits.delete(promise)
    promise.then(settled, settled)
    return promise
  }

  async #dialAny(contact: Contact): Promise<Peer> {
    const { admit, peers, retired } = this.#settings
    judgeAdmission(admit, contact)
    // See #connect
    for (const link of retired(contact.id)) await link.closed
    const errors: unknown[] = []
    for (const address of contact.addresses) {
      try {
        return await this.dial(address, contact.id, { timeout: times.answer })
      } catch (error) {
        errors.push(error)
      }
      const there = peers.get(contact.id)
      if (there !== undefined) return there
    }
    const why =
      contact.addresses.length === 0 ? 'no address of it is known' : 'none of its addresses answered'
    const cause = errors.length > 1 ? new AggregateError(errors) : errors[0]
    throw new MeshError('P2P_PEER_UNREACHABLE', `${contact.id} cannot be reached: ${why}`, { cause })
  }

  async #connect(
    transport: Transport,
    address: Address,
    expected: PeerId | undefined,
    signal: AbortSignal,
    waiter: Waiter<Peer>,
    made: (link: Link) => void,
  ): Promise<void> {
    const { security, network, limits, links, inbound, adopt, handshakes, retired } = this.#settings
    // Whoever answers must know that a link is gone before it hears of the next one: it would take them for twins, and end both
    const settle = async () => {
      if (expected === undefined) for (const link of retired()) await link.closed
    }
    await settle()
    if (this.#closed) throw new MeshError('P2P_CLOSED', 'the mesh was closed')
    const present = links() + inbound()
    if (present + this.#attempts.size > limits.links) throw full(present)
    const raw = await transport.dial(address, { signal })
    if (expected === undefined && !signal.aborted) this.#strangers.add(signal)
    await settle()
    const { connection, publicKey } = await security.secure(raw, {
      role: 'dialler',
      network,
      expected,
      signal,
    })
    if (signal.aborted) {
      connection.abort(new MeshError('P2P_HANDSHAKE_FAILED', 'given up'))
      return
    }
    // Others may have come in the meantime
    if (links() >= limits.links) {
      const error = full(links())
      connection.abort(error)
      throw error
    }
    const link = adopt(connection)
    made(link)
    handshakes.begin({ link, expected, proven: publicKey, waiter })
  }
}

const full = (links: number): MeshError =>
  new MeshError('P2P_LIMIT_REACHED', `this node has ${links} links already`)

const isGivenUp = (error: Error): boolean =>
  MeshError.is(error, 'P2P_ABORTED') || MeshError.is(error, 'P2P_CLOSED')
