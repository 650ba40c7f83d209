import type { Clock } from '@p2p/interfaces'
import { MeshError } from '../errors.ts'
import { times } from '../limits.ts'
import type { Link } from './link.ts'
import type { Peer } from './peer.ts'

/** What is to be looked after, and by what rule. */
export interface UpkeepSettings {
  readonly clock: Clock
  /** All links, those in their handshake included, which look after themselves. */
  readonly links: ReadonlySet<Link>
  readonly peers: ReadonlyMap<string, Peer>
  /** Whether the link to the peer is needed though nothing has used it for long. */
  readonly isNeeded: (peer: Peer) => boolean
}

/** Keeps links alive by a sign of life from each end, ends those from which none comes, and those that nobody uses. PROTOCOL.md, "Liveness". */
export class Upkeep {
  readonly #settings: UpkeepSettings
  #lastLook: number
  #nextSweep = 0
  /** Set while some link may be dead before the next tick. */
  #deadline: Disposable | undefined

  constructor(settings: UpkeepSettings) {
    this.#settings = settings
    this.#lastLook = settings.clock.monotonic()
  }

  /** Looks at every link; to be called at least every `times.tick`. */
  tick(): void {
    const { clock, links, peers } = this.#settings
    const now = clock.monotonic()
    const gap = now - this.#lastLook
    this.#lastLook = now
    this.#deadline?.[Symbol.dispose]()
    this.#deadline = undefined
    // If we were stopped ourselves, the others had no chance to be heard.
    const pardon = gap > times.tick + times.tolerance ? gap : 0
    let nextDead = Infinity
    for (const link of links) {
      link.lastReceived += pardon
      if (link.peer !== undefined) nextDead = Math.min(nextDead, this.#keepAlive(link, now))
    }
    if (now >= this.#nextSweep) {
      this.#nextSweep = now + times.unused
      for (const peer of Array.from(peers.values())) if (isUnused(peer, now)) this.retireUnneeded(peer)
    }
    // A tick comes too seldom to be in time for the dead; a moment too early there is nothing to do yet
    if (nextDead < now + times.tick) {
      this.#deadline = clock.after(Math.floor(nextDead - now) + 1, () => this.tick())
    }
  }

  /** Ends the link to a peer, unless somebody needs it. */
  retireUnneeded(peer: Peer): void {
    if (peer.links.size === 1 && !this.#settings.isNeeded(peer)) peer.link.retire()
  }

  /** Looks no more. */
  close(): void {
    this.#deadline?.[Symbol.dispose]()
  }

  /** @returns when the link is dead if nothing comes */
  #keepAlive(link: Link, now: number): number {
    // What lies in a link that is held has not been read
    const silence = link.holding ? 0 : now - link.lastReceived
    if (silence >= times.dead) {
      link.abort(new MeshError('P2P_PEER_SILENT', `silent for ${Math.round(silence)} ms`))
      return Infinity
    }
    if (link.movedSent) return Infinity
    if (now - link.lastPinged >= times.ping) link.ping(now)
    else if (now - link.lastSent >= times.quiet) link.beat()
    return now - silence + times.dead
  }
}

const isUnused = ({ link: { lastUsed, begun } }: Peer, now: number): boolean =>
  lastUsed === undefined ? now - begun >= times.unused : now - lastUsed >= times.idle
