import type { PeerId } from '@p2p/interfaces'
import { compareBytes, compareIds } from '../wire/ids.ts'

/** What the rule of twin links needs to know of a link. PROTOCOL.md, "Twin links". */
export interface Twin {
  readonly nonce: Uint8Array
  /** Whether this end dialled it. */
  readonly dialled: boolean
  /** The other end's incarnation and serial when it said HELLO on this link. */
  readonly incarnation: Uint8Array
  readonly serial: number
}

/** What a HELLO says of the sender's links to us. */
export interface HeldLinks {
  readonly incarnation: Uint8Array
  readonly serial: number
  readonly held: readonly Uint8Array[] | undefined
}

/**
 * The links that are dead by what the other end says: those established before it sent this HELLO that it does not hold.
 * A process that has restarted holds none of its former life's.
 */
export const deadLinks = <T extends Twin>(links: Iterable<T>, hello: HeldLinks): T[] =>
  Array.from(links).filter(link => {
    if (compareBytes(link.incarnation, hello.incarnation) !== 0) return true
    if (hello.held === undefined || link.serial >= hello.serial) return false
    return !hello.held.some(nonce => compareBytes(nonce, link.nonce) === 0)
  })

/** The links to one peer, the best one last. Both ends rank them alike: better is what the node with the larger id dialled, then the smaller nonce. */
export const rankLinks = <T extends Twin>(self: PeerId, peer: PeerId, links: readonly T[]): T[] => {
  const selfIsLarger = compareIds(self, peer) > 0
  const rank = (link: T) => (link.dialled === selfIsLarger ? 1 : 0)
  return links.slice().sort((a, b) => rank(a) - rank(b) || compareBytes(b.nonce, a.nonce))
}
