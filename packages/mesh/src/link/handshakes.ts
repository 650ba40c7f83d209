import type { Address, Contact, PeerId } from '@p2p/interfaces'
import type { Waiter } from '@p2p/interfaces/wait'
import { NoiseError } from '@p2p/noise'
import type { Newest } from '../core/streams.ts'
import { MeshError } from '../errors.ts'
import { times } from '../limits.ts'
import { headerLength, Kind, protocolVersion } from '../wire/header.ts'
import { decodeFarewell, decodeHello, encodeHello, type Hello, maxHeld, networkTag } from '../wire/hello.ts'
import { compareBytes } from '../wire/ids.ts'
import { malformed } from '../wire/malformed.ts'
import {
  type Expectations,
  HelloRefused,
  judgeAdmission,
  judgeHello,
  refusalError,
  tookLongest,
} from './handshake.ts'
import type { Link, LinkEnd, MessageListener } from './link.ts'
import type { LinkManagerSettings } from './link-manager.ts'
import type { Peer } from './peer.ts'

/** What handshakes ask of the manager of links, and tell it. */
export interface HandshakesOwner {
  /** Every link to the peer that has not been broken off, those that are ending in order included: its last messages may be on their way. */
  linksTo(peer: PeerId): Iterable<Link>
  /** Links to the peer that we have ended for want of use and whose connections have not ended yet. */
  retired(peer: PeerId): readonly Link[]
  /** Where this node can be reached. */
  addresses(): readonly Address[]
  /** The newest that is known of the node's broadcasts. */
  newestOf(id: PeerId): Newest
  /** The peer knows this of our own broadcasts. */
  known(newest: Newest): void
  /** The peer has said which links it holds. */
  bury(id: PeerId, hello: Hello): void
  /** A peer has dialled: its confirmation, and what it has written since, may be on their way. */
  expected(link: Link, peer: PeerId): void
  /** … and will not come. */
  unexpected(link: Link, peer: PeerId): void
  /** The handshake is done. */
  establish(link: Link, contact: Contact, hello: Hello): Peer
  /** Another process says that it is this node. */
  doubled(): void
  /** An inbound handshake came to nothing. */
  refused(remote: Address, error: Error): void
}

/** A link whose handshake begins. */
interface Opening {
  readonly link: Link
  readonly expected?: PeerId | undefined
  /** The public key that the connection's security has proved. */
  readonly proven?: Uint8Array | undefined
  /** Who waits for it, on the dialling end. */
  readonly waiter?: Waiter<Peer>
}

/** A link whose handshake is not done. */
interface Pending extends Opening {
  readonly deadline: Disposable
  /** What the dialler said first, on the listening end. */
  readonly first?: { readonly peer: PeerId; readonly hello: Hello; readonly told: readonly Address[] }
}

const nothingKnown: Newest = { epoch: 0, sequence: 0 }

/** Links on their way to be established: who says HELLO when, and what it says. PROTOCOL.md, "Hello". */
export class Handshakes {
  readonly #settings: LinkManagerSettings
  readonly #owner: HandshakesOwner
  readonly #network: Uint8Array
  readonly #incarnation: Uint8Array
  readonly #pending = new Map<Link, Pending>()
  #serial = 0
  #inbound = 0

  constructor(settings: LinkManagerSettings, owner: HandshakesOwner) {
    this.#settings = settings
    this.#owner = owner
    this.#network = networkTag(settings.network)
    this.#incarnation = settings.random.fill(new Uint8Array(8))
  }

  get size(): number {
    return this.#pending.size
  }

  /** The dialling end: says HELLO. The waiter is settled when the link is established or has failed. */
  begin(pending: Opening & { readonly waiter: Waiter<Peer> }): void {
    const { link } = pending
    link.nonce = this.#settings.random.fill(new Uint8Array(8))
    link.listener = this.#onReply
    this.#add(pending)
    link.send(encodeHello(this.#hello(link, undefined)))
    link.start()
  }

  /** The listening end: waits for HELLO. Those who have stalled longest make room, so that they do not keep an honest peer waiting. */
  expect(pending: Opening): void {
    if (this.#inbound >= this.#settings.limits.handshakes) this.#dropOldest()
    pending.link.listener = this.#onFirst
    this.#add(pending)
    pending.link.start()
  }

  /** Says on an established link where this node can be reached now. */
  announce(link: Link, peer: PeerId): void {
    link.send(encodeHello(this.#hello(link, peer)))
  }

  /** A link has ended. @returns whether it was in its handshake */
  ended(link: Link, end: LinkEnd): boolean {
    const pending = this.#pending.get(link)
    if (pending === undefined) return false
    this.#remove(pending)
    const error = reasonOf(end)
    if (pending.first !== undefined) this.#owner.unexpected(link, pending.first.peer)
    if (pending.waiter === undefined) this.#owner.refused(link.connection.remote, error)
    else pending.waiter.reject(error)
    return true
  }

  #dropOldest(): void {
    for (const { link, waiter } of this.#pending.values()) {
      if (waiter !== undefined) continue
      link.abort(tookLongest())
      return
    }
  }

  #add(pending: Opening): void {
    const { link } = pending
    const deadline = this.#settings.clock.after(times.handshake, () =>
      link.abort(new MeshError('P2P_HANDSHAKE_FAILED', `no HELLO within ${times.handshake} ms`)),
    )
    this.#pending.set(link, { ...pending, deadline })
    if (pending.waiter === undefined) this.#inbound++
  }

  #remove(pending: Pending): void {
    this.#pending.delete(pending.link)
    pending.deadline[Symbol.dispose]()
    if (pending.waiter === undefined) this.#inbound--
  }

  #hello(link: Link, peer: PeerId | undefined): Hello {
    const { identity, signed } = this.#settings
    this.#serial++
    return {
      oldest: protocolVersion,
      newest: protocolVersion,
      network: this.#network,
      signed,
      publicKey: identity.publicKey,
      incarnation: this.#incarnation,
      serial: this.#serial,
      nonce: link.nonce,
      ...(peer === undefined ? nothingKnown : this.#owner.newestOf(peer)),
      addresses: this.#owner.addresses(),
      held: peer === undefined ? undefined : this.#held(link, peer),
    }
  }

  /** The links that we hold or may yet hold to this peer; `undefined` if there are too many to say. */
  #held(link: Link, peer: PeerId): Uint8Array[] | undefined {
    const nonces = [link.nonce]
    for (const other of this.#owner.linksTo(peer)) if (other !== link) nonces.push(other.nonce)
    for (const { link: other, waiter, first } of this.#pending.values()) {
      // Whoever we expect where we dial: somebody else may answer
      const mayBe = waiter !== undefined || first?.peer === peer
      if (mayBe && other !== link && other.open) nonces.push(other.nonce)
    }
    return nonces.length > maxHeld ? undefined : nonces
  }

  /** The first message of an inbound link. */
  readonly #onFirst: MessageListener = (link, bytes, start, end) => {
    const pending = this.#pending.get(link)
    if (pending === undefined) return
    const hello = expectHello(bytes, start, end)
    const contact = this.#judge(link, hello, { proven: pending.proven })
    if (contact === undefined) return
    link.nonce = hello.nonce
    const former = this.#owner.retired(contact.id)
    if (former.length === 0) {
      this.#answer(pending, contact.id, hello)
      return
    }
    // Before it hears more of this link it must know that the other one is gone: it would take them for twins, and end both
    link.hold()
    void Promise.all(former.map(({ closed }) => closed)).then(() => {
      this.#answer(pending, contact.id, hello)
      link.release()
    })
  }

  #answer(pending: Pending, peer: PeerId, hello: Hello): void {
    const { link } = pending
    if (this.#pending.get(link) !== pending) return
    this.#pending.set(link, { ...pending, first: { peer, hello, told: this.#owner.addresses() } })
    link.listener = this.#onConfirmation
    link.send(encodeHello(this.#hello(link, peer)))
    this.#owner.expected(link, peer)
  }

  /** Links that this peer has dialled and not confirmed yet. */
  unconfirmed(peer: PeerId): Link[] {
    return Array.from(this.#pending.values()).flatMap(({ link, first }) =>
      first?.peer === peer ? [link] : [],
    )
  }

  /** The answer to our HELLO. */
  readonly #onReply: MessageListener = (link, bytes, start, end) => {
    const pending = this.#pending.get(link)
    if (pending?.waiter === undefined || this.#isRefused(link, bytes, start, end)) return
    const hello = expectHello(bytes, start, end)
    const { expected, proven, waiter } = pending
    const contact = this.#judge(link, hello, { expected, proven, nonce: link.nonce })
    if (contact === undefined) return
    this.#remove(pending)
    this.#owner.bury(contact.id, hello)
    // The confirmation comes before all else, and says what we could not before we knew who answers
    link.send(encodeHello(this.#hello(link, contact.id)))
    waiter.resolve(this.#owner.establish(link, contact, hello))
  }

  /** The second message of an inbound link: the dialler wants us, whoever it expected. */
  readonly #onConfirmation: MessageListener = (link, bytes, start, end) => {
    const pending = this.#pending.get(link)
    if (pending?.first === undefined || this.#isRefused(link, bytes, start, end)) return
    const { peer, hello: first, told } = pending.first
    const hello = expectHello(bytes, start, end)
    const contact = this.#judge(link, hello, { proven: pending.proven, expected: peer, nonce: link.nonce })
    if (contact === undefined) return
    if (compareBytes(hello.incarnation, first.incarnation) !== 0 || hello.serial <= first.serial) {
      throw malformed('a HELLO of another time')
    }
    this.#remove(pending)
    this.#owner.bury(contact.id, hello)
    this.#owner.establish(link, contact, hello)
    // What has changed since our HELLO was not told to those who were linked by then
    if (told !== this.#owner.addresses()) this.announce(link, contact.id)
  }

  #isRefused(link: Link, bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < headerLength || bytes[start + 1] !== Kind.refuse) return false
    link.farewell(0, refusalError(decodeFarewell(bytes, start, end)))
    return true
  }

  /** Who is at the other end, unless its HELLO cannot be accepted: then the link is ended. */
  #judge(
    link: Link,
    hello: Hello,
    expectations: Omit<Expectations, 'self' | 'network' | 'signed'>,
  ): Contact | undefined {
    try {
      const { identity, admit, signed } = this.#settings
      const peer = judgeHello(hello, { self: identity.id, network: this.#network, signed, ...expectations })
      judgeAdmission(admit, peer)
      this.#owner.known(hello)
      return peer
    } catch (error) {
      if (error instanceof HelloRefused) link.end(Kind.refuse, error.reason, error.message, error)
      else link.fail(error)
      const isSelf = MeshError.is(error, 'P2P_CONNECTED_TO_SELF')
      if (isSelf && compareBytes(hello.incarnation, this.#incarnation) !== 0) this.#owner.doubled()
      return undefined
    }
  }
}

/** Why no link came about. What security has to say needs no other words. */
const reasonOf = ({ error }: LinkEnd): Error => {
  if (error instanceof MeshError) return error
  if (error instanceof NoiseError && error.code !== 'P2P_TRUNCATED') return error
  const why = error?.message ?? 'the connection ended'
  return new MeshError('P2P_HANDSHAKE_FAILED', `no link came about: ${why}`, { cause: error })
}

const expectHello = (bytes: Uint8Array, start: number, end: number): Hello => {
  if (end - start < headerLength || bytes[start + 1] !== Kind.hello) {
    throw malformed('something else than a HELLO')
  }
  return decodeHello(bytes, start, end)
}
