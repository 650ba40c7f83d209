import type { PeerId } from '@p2p/interfaces'
import { type Moment, type VersionVector, hashLength } from '@p2p/replica'
import { SyncError } from '../errors.ts'
import {
  hashesAtOnce,
  hashesBelow,
  pageSize,
  prefixesAtOnce,
  sessionIdle,
  sessions,
} from './catch-up-limits.ts'
import { bytesOf, clockOf, fieldsOf, listOf, malformed, textOf } from './grammar.ts'
import { packHashes, unpackHashes } from './hashes.ts'
import { type Opening, meet, packComparison, packOpening, packSettings, parseOpening } from './opening.ts'
import { Packer } from './packer.ts'
import { addHeld, lackedBy, packPage, parsePage } from './pages.ts'
import { findByHash, listBelow, summarise } from './ranges.ts'
import type { Replica } from './replica.ts'
import type { Held } from './table.ts'

/** A catching-up that another node drives. */
interface Session {
  /** What that node had when it began. */
  readonly vector: VersionVector
  /** What it lacks and was not told yet. */
  readonly lacked: Iterator<Held>
  refused: number
  late: number
  /** When it was last heard of, by the monotonic clock. */
  touched: number
}

/** An answer, and what it ended. */
export interface Reply {
  readonly body: unknown
  /** If it completed a catching-up: how many late entries that brought. */
  readonly completed?: number
}

/** The side of catchings-up that answers: the replica, and for each node that drives one where it is. */
export class Responder {
  readonly #replica: Replica
  // In the order in which they were last heard of.
  readonly #sessions = new Map<PeerId, Session>()

  constructor(replica: Replica) {
    this.#replica = replica
  }

  /** Whether a node is driving a catching-up with this one. */
  isDrivenBy(peer: PeerId, now: Moment): boolean {
    const session = this.#sessions.get(peer)
    return session !== undefined && now.monotonic - session.touched <= sessionIdle
  }

  /**
   * @param driving whether this node drives a catching-up with that one itself: then only one of them goes on
   * @throws `P2P_MALFORMED`
   */
  answer(peer: PeerId, body: unknown, now: Moment, driving: boolean): Reply {
    const type = typeof body === 'object' && body !== null && 'type' in body ? body.type : undefined
    if (type === 'open') {
      return driving && this.#replica.self < peer ? { body: { busy: true } } : this.#open(peer, body, now)
    }
    const session = this.#resume(peer, now)
    if (session === undefined) return { body: { gone: true } }
    if (type === 'finish') return this.#finish(peer, session, body)
    return { body: this.#goOn(type, session, peer, body, now) }
  }

  #goOn(type: unknown, session: Session, peer: PeerId, body: unknown, now: Moment): unknown {
    switch (type) {
      case 'pull':
        return this.#pull(session, body, now)
      case 'push':
        return this.#push(session, peer, body, now)
      case 'compare': {
        meet(this.#replica, clockOf(fieldsOf(body, ['type', 'clock']).clock), now)
        return packComparison(this.#replica, now)
      }
      case 'ranges':
        return this.#ranges(body)
      case 'hashes':
        return this.#hashes(body)
      case 'fetch':
        return this.#fetch(body, now)
      default:
        return malformed('an unknown request')
    }
  }

  #open(peer: PeerId, body: unknown, now: Moment): Reply {
    const replica = this.#replica
    let theirs: Opening
    try {
      theirs = parseOpening(replica, peer, body, ['type'])
    } catch (error) {
      if (!(error instanceof SyncError) || error.code !== 'P2P_SETTINGS_DIFFER') throw error
      // The other one is to know why, too.
      replica.report(error)
      return { body: { settings: packSettings(replica) } }
    }
    meet(replica, theirs.clock, now)
    const reply = packOpening(replica, now)
    this.#sessions.delete(peer)
    if (theirs.fingerprint === replica.table.fingerprint()) {
      replica.completeCatchUp(theirs.vector)
      return { body: reply, completed: 0 }
    }
    if (this.#sessions.size >= sessions) this.#sessions.delete(this.#sessions.keys().next().value as PeerId)
    this.#sessions.set(peer, {
      vector: theirs.vector,
      lacked: lackedBy(replica.table, theirs.vector, replica.table.sequence),
      refused: 0,
      late: 0,
      touched: now.monotonic,
    })
    return { body: reply }
  }

  #resume(peer: PeerId, now: Moment): Session | undefined {
    const session = this.isDrivenBy(peer, now) ? this.#sessions.get(peer) : undefined
    this.#sessions.delete(peer)
    if (session === undefined) return undefined
    session.touched = now.monotonic
    this.#sessions.set(peer, session)
    return session
  }

  #pull(session: Session, body: unknown, now: Moment): unknown {
    fieldsOf(body, ['type'])
    const { packer, more } = packPage(session.lacked, now)
    return { owners: packer.owners, entries: packer.entries, more }
  }

  #push(session: Session, peer: PeerId, body: unknown, now: Moment): unknown {
    const page = fieldsOf(body, ['type', 'owners', 'entries'])
    const { late, refused } = this.#replica.receive(parsePage(this.#replica, page), peer, now)
    session.late += late
    session.refused += refused
    return {}
  }

  #ranges(body: unknown): unknown {
    const summaries = summarise(this.#replica.table, prefixesOf(body))
    return {
      counts: summaries.map(({ counts }) => counts),
      sums: summaries.map(({ sums }) => packHashes(sums)),
    }
  }

  #hashes(body: unknown): unknown {
    const lists = listBelow(this.#replica.table, prefixesOf(body), hashesBelow)
    return { hashes: [...lists.values()].map(list => packHashes(list.keys())) }
  }

  #fetch(body: unknown, now: Moment): unknown {
    const asked = unpackHashes(bytesOf(fieldsOf(body, ['type', 'hashes']).hashes, 'hashes', hashLength, true))
    if (asked.length === 0 || asked.length > hashesAtOnce) malformed('too many hashes, or none')
    const found = findByHash(this.#replica.table, new Set(asked))
    const packer = new Packer()
    let taken = 0
    for (const hash of asked) {
      if (packer.size >= pageSize) break
      const held = found.get(hash)
      if (held !== undefined) addHeld(packer, held, now)
      taken++
    }
    return { owners: packer.owners, entries: packer.entries, taken }
  }

  #finish(peer: PeerId, session: Session, body: unknown): Reply {
    fieldsOf(body, ['type'])
    this.#sessions.delete(peer)
    this.#replica.completeCatchUp(session.refused === 0 ? session.vector : undefined)
    return { body: {}, completed: session.late }
  }
}

const prefixesOf = (body: unknown): string[] => {
  const prefixes = listOf(fieldsOf(body, ['type', 'prefixes']).prefixes, 'prefixes').map(item =>
    textOf(item, 'a prefix'),
  )
  const [first] = prefixes
  if (first === undefined || prefixes.length > prefixesAtOnce) malformed('too many prefixes, or none')
  if (new Set(prefixes).size < prefixes.length) malformed('a prefix twice')
  if (!prefixes.every(prefix => prefix.length === first?.length && /^[0-9a-f]{0,31}$/.test(prefix))) {
    malformed('prefixes of hexadecimal digits, all of one length')
  }
  return prefixes
}
