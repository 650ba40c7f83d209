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
  #current: Link

  constructor(self: PeerId, contact: Contact, link: Link) {
    this.id = contact.id
    this.contact = contact
    this.#self = self
    this.#current = link
    this.links.add(link)
  }

  /** The link that new messages take. */
  get link(): Link {
    return this.#current
  }

  /** A further link was established. */
  add(link: Link): void {
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
    for (const other of this.links) other.end(Kind.goodbye, Reason.replaced, 'its twin was lost')
    this.links.clear()
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

  /**
   * Reads the links one after the other, the worst first. Each end only ever moves to a better one, so that is the order in which the
   * other end has written to them, whichever it has used.
   */
  #deliverInOrder(): void {
    let mayRead = true
    for (const link of rankLinks(this.#self, this.id, Array.from(this.links))) {
      if (mayRead) link.release()
      else link.hold()
      mayRead &&= !link.open || link.movedReceived
    }
  }
}
