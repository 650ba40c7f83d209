import type { PeerId, Random } from '@p2p/interfaces'
import { compareIds } from '../wire/ids.ts'

/** Where a node believes to belong: the smallest id in its part of the network, and how far that node's pulses have come. */
export interface Belonging {
  readonly root: PeerId
  /** The number of the last pulse of the root that came. */
  readonly pulse: number
}

/** Milliseconds between two pulses of a root. */
const pulseInterval = 5_000

/** A root that was not heard for three pulses is believed to be gone. */
const rootLife = 3 * pulseInterval

/**
 * Tells one part of a divided network from another, without I/O. In each part the node with the smallest id broadcasts a pulse, a number that
 * rises, every five seconds. Two nodes that meet and name different roots, or pulses of one root that are far apart, are not in one part:
 * since a broadcast reaches everybody in a part, one of them has missed what the other has heard.
 */
export class Component {
  readonly #self: PeerId
  readonly #random: Random
  #root: PeerId | undefined
  #pulse = 0
  #heard = 0
  #nextOwn: number

  constructor(self: PeerId, random: Random, now: number) {
    this.#self = self
    this.#random = random
    this.#nextOwn = this.#later(now)
  }

  /** Where we belong as far as we know; `undefined` until a root was heard. */
  belonging(now: number): Belonging | undefined {
    if (this.#root === undefined || now - this.#heard >= rootLife) return undefined
    return { root: this.#root, pulse: this.#pulse }
  }

  /** A pulse came. */
  heard(root: PeerId, pulse: number, now: number): void {
    const known = this.belonging(now)
    const order = known === undefined ? -1 : compareIds(root, known.root)
    // A smaller number of a known root is an old message; a root that was restarted is believed once it has been forgotten
    if (order > 0 || (order === 0 && pulse <= this.#pulse)) return
    this.#root = root
    this.#pulse = pulse
    this.#heard = now
  }

  /** When the next pulse is ours to give, as far as we know, in monotonic milliseconds. */
  get next(): number {
    return this.#nextOwn
  }

  /** @returns the number of the pulse that we are to broadcast now, if we are the root */
  tick(now: number): number | undefined {
    const known = this.belonging(now)
    if (known !== undefined && compareIds(known.root, this.#self) < 0) {
      // Should it fall silent, not all of us are to step in at once
      this.#nextOwn = Math.max(this.#nextOwn, this.#heard + rootLife + this.#random.next() * pulseInterval)
      return undefined
    }
    if (now < this.#nextOwn) return undefined
    this.#nextOwn = this.#later(now)
    const pulse = known?.root === this.#self ? known.pulse + 1 : 1
    this.heard(this.#self, pulse, now)
    return pulse
  }

  #later(now: number): number {
    return now + pulseInterval * (0.8 + 0.4 * this.#random.next())
  }
}

/** Whether two nodes that meet belong to different parts of the network. Where one does not know, nothing can be said. */
export const areApart = (ours: Belonging | undefined, theirs: Belonging | undefined): boolean => {
  if (ours === undefined || theirs === undefined) return false
  // One pulse may be on its way, and a second one nearly due
  return ours.root !== theirs.root || Math.abs(ours.pulse - theirs.pulse) > 2
}
