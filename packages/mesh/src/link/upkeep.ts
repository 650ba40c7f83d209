import type { Clock, Random } from '@p2p/interfaces'
import { MeshError } from '../errors.ts'
import { times } from '../limits.ts'
import type { Link } from './link.ts'
import type { Peer } from './peer.ts'

/** What is to be looked after, and by what rule. */
export interface UpkeepSettings {
  readonly clock: Clock
  readonly random: Random
  /** All links, those in their handshake included, which look after themselves. */
  readonly links: ReadonlySet<Link>
  readonly peers: ReadonlyMap<string, Peer>
  /** Whether the link to the peer is needed though nothing has used it for long. */
  readonly isNeeded: (peer: Peer) => boolean
}

/** Keeps links alive by a sign of life from each end, ends those from which none comes, and those that nobody uses. PROTOCOL.md, "Liveness". */
export class Upkeep {
  readonly #settings: UpkeepSettings
  /** When the next look is due at the latest. */
  #due: number
  #nextSweep = 0

  constructor(settings: UpkeepSettings) {
    this.#settings = settings
    this.#due = settings.clock.monotonic()
  }

  /** Looks at every link. @returns when it is to be called again at the latest, in monotonic milliseconds */
  tick(): number {
    const { clock, random, links, peers } = this.#settings
    const now = clock.monotonic()
    // If we were stopped ourselves, what the others said has not been read, and those that were stopped with us have yet to say it
    const stopped = now - this.#due > times.tolerance
    // Jitter, or the nodes of one machine would all look at the same moment
    const pause = times.sign * (0.9 + 0.1 * random.next())
    let next = now + pause
    for (const link of links) {
      if (stopped) link.lastReceived = Math.max(link.lastReceived, now - link.silenceLimit + times.patience)
      if (link.peer !== undefined && link.open) next = Math.min(next, this.#keepAlive(link, now, pause))
    }
    if (now >= this.#nextSweep) {
      this.#nextSweep = now + times.unused
      for (const peer of Array.from(peers.values())) if (isUnused(peer, now)) this.retireUnneeded(peer)
    }
    this.#due = next
    return next
  }

  /** Ends the link to a peer, unless somebody needs it. */
  retireUnneeded(peer: Peer): void {
    if (peer.single && !this.#settings.isNeeded(peer)) peer.link.retire()
  }

  /** @returns when it is due again: a sign of life, or that the link is dead if nothing comes */
  #keepAlive(link: Link, now: number, pause: number): number {
    // What lies in a link that is held has not been read
    const silence = link.holding ? 0 : now - link.lastReceived
    const { silenceLimit } = link
    if (silence >= silenceLimit) {
      link.abort(new MeshError('P2P_PEER_SILENT', `silent for ${Math.round(silence)} ms`))
      return Infinity
    }
    // A moment too early there is nothing to do yet
    const dead = Math.floor(now - silence + silenceLimit) + 1
    if (link.roundTrip.isDue(now)) link.ping(now)
    else if (now - link.lastSent >= times.quiet) link.beat()
    return Math.min(link.lastSent + pause, dead)
  }
}

const isUnused = ({ link: { lastUsed, begun } }: Peer, now: number): boolean =>
  lastUsed === undefined ? now - begun >= times.unused : now - lastUsed >= times.idle
