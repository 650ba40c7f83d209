import type { Contact, PeerId } from '@p2p/interfaces'
import { rankLinks } from '../core/twins.ts'
import { Kind, Reason } from '../wire/header.ts'
import { begin } from '../wire/hello.ts'
import type { Link } from './link.ts'

/**
 * A node to which there is at least one link. Usually there is one; while two nodes have dialled each other there are two, and the peer keeps
 * order and completeness across them (PROTOCOL.md, "Twin links").
 */
export class Peer {
  readonly id: PeerId
  /** As the peer itself has last said. */
  contact: Contact
  readonly links: Set<Link> = new Set<Link>()
  readonly #self: PeerId
  /** Links that the peer has dialled and may have written to, though its confirmation has not arrived. */
  readonly #expected: Set<Link>
  /** Links that ended for want of use before the present ones were made, and on which the peer's last messages may still come. */
  readonly #former: Set<Link>
  #current: Link

  constructor(self: PeerId, contact: Contact, link: Link, expected: Iterable<Link>, former: Iterable<Link>) {
    this.id = contact.id
    this.contact = contact
    this.#self = self
    this.#current = link
    this.#expected = new Set(expected)
    this.#former = new Set(former)
    for (const each of this.#former) void each.closed.then(() => this.#drained(each))
    this.links.add(link)
    this.#deliverInOrder()
  }

  /** The link that new messages take. */
  get link(): Link {
    return this.#current
  }

  /** Whether the link is the only one, and no other is on its way from the peer. */
  get single(): boolean {
    return this.links.size === 1 && this.#expected.size === 0
  }

  /** The peer has dialled a further link: what arrives on better ones waits, for this one may have been written to before. */
  expect(link: Link): void {
    this.#expected.add(link)
    this.#deliverInOrder()
  }

  /** An expected link came to nothing. */
  unexpect(link: Link): void {
    if (this.#expected.delete(link)) this.#deliverInOrder()
  }

  /** A further link was established. */
  add(link: Link): void {
    this.#expected.delete(link)
    this.links.add(link)
    this.#settle()
  }

  /** A link has ended. @returns whether the peer can still be reached: if not, it is spent */
  remove(link: Link): boolean {
    this.links.delete(link)
    if (link !== this.#current && link.movedReceived) {
      this.#deliverInOrder()
      return true
    }
    // What was on its way over this link may be lost, and whoever counts on completeness must learn of it: the peer is gone, and may come anew.
    const twins = Array.from(this.links)
    this.links.clear()
    for (const twin of twins) twin.end(Kind.goodbye, Reason.replaced, 'its twin was lost')
    return false
  }

  /** The other end writes no more to this link. */
  moved(link: Link): void {
    link.movedReceived = true
    this.#closeIfDrained(link)
    this.#deliverInOrder()
  }

  /** Moves what is written to the best link. */
  #settle(): void {
    const open = Array.from(this.links).filter(link => link.open && !link.movedSent)
    const winner = rankLinks(this.#self, this.id, open).at(-1)
    if (winner === undefined) return
    this.#current = winner
    for (const link of this.links) {
      if (link === winner || link.movedSent) continue
      link.send(begin(Kind.moved, 4).done())
      link.movedSent = true
      this.#closeIfDrained(link)
    }
    this.#deliverInOrder()
  }

  #closeIfDrained(link: Link): void {
    if (link.movedSent && link.movedReceived && link.dialled) {
      link.end(Kind.goodbye, Reason.replaced, 'replaced by a newer link')
    }
  }

  #drained(former: Link): void {
    this.#former.delete(former)
    this.#deliverInOrder()
  }

  /**
   * Reads the links one after the other, the worst first. Each end only ever moves to a better one, so that is the order in which the
   * other end has written to them, whichever it has used; and all of them after those that were there before.
   */
  #deliverInOrder(): void {
    let mayRead = this.#former.size === 0
    for (const link of rankLinks(this.#self, this.id, [...this.links, ...this.#expected])) {
      if (this.#expected.has(link)) {
        mayRead = false
        continue
      }
      if (mayRead) link.release()
      else link.hold()
      mayRead &&= !link.open || link.movedReceived
    }
  }
}
