import type { PeerId } from '@p2p/interfaces'
import type { Moment } from '@p2p/replica'
import type { Conversation, Gain } from './conversation.ts'
import { clockOf, fieldsOf, flagOf, malformed, says } from './grammar.ts'
import { meet, packClock, packOpening, parseFingerprint, parseOpening } from './opening.ts'
import { lackedBy, parsePage, push } from './pages.ts'
import { reconcile } from './reconcile.ts'
import type { Replica } from './replica.ts'

/**
 * The side of a catching-up that drives. PROTOCOL.md, "Catching up", has the steps.
 *
 * @returns `busy` if the other one is driving a catching-up with this node already
 * @throws `P2P_SETTINGS_DIFFER`, `P2P_MALFORMED`
 */
export function* catchUp(replica: Replica, peer: PeerId, start: Moment): Conversation<Gain | 'busy'> {
  replica.expire(start)
  const since = replica.table.sequence
  const before = replica.table.fingerprint()
  const opened = yield { type: 'open', ...packOpening(replica, start) }
  if (says(opened.body, 'busy')) return 'busy'
  const theirs = parseOpening(replica, peer, opened.body)
  meet(replica, theirs.clock, opened.now)
  // What was asked, not what is so by now: the other one has decided by that whether to go on.
  if (theirs.fingerprint === before) {
    replica.completeCatchUp(theirs.vector)
    return { late: 0, refused: 0 }
  }

  const pulled = yield* pull(replica, peer)
  const now = yield* push(lackedBy(replica.table, theirs.vector, since), pulled.now)
  const found = yield* compareAndReconcile(replica, peer, now)
  const gain = { late: pulled.late + found.late, refused: pulled.refused + found.refused }

  fieldsOf((yield { type: 'finish' }).body, [])
  replica.completeCatchUp(gain.refused === 0 ? theirs.vector : undefined)
  return gain
}

function* pull(replica: Replica, peer: PeerId): Conversation<Gain & { readonly now: Moment }> {
  // Nobody has more than fits here; who goes on and on is lying.
  let budget = 2 * replica.settings.limits.entries
  let [late, refused] = [0, 0]
  for (;;) {
    const { body, now } = yield { type: 'pull' }
    const { more, ...page } = fieldsOf(body, ['owners', 'entries', 'more'])
    const told = parsePage(replica, page)
    const gain = replica.receive(told, peer, now)
    late += gain.late
    refused += gain.refused
    if (!flagOf(more, 'more')) return { late, refused, now }
    budget -= told.length
    if (told.length === 0 || budget < 0) malformed('pages without end')
  }
}

function* compareAndReconcile(replica: Replica, peer: PeerId, since: Moment): Conversation<Gain> {
  replica.expire(since)
  const { body, now } = yield { type: 'compare', clock: packClock(replica, since) }
  const { clock, fingerprint } = fieldsOf(body, ['clock', 'fingerprint'])
  meet(replica, clockOf(clock), now)
  if (parseFingerprint(fingerprint) === replica.table.fingerprint()) return { late: 0, refused: 0 }
  return yield* reconcile(replica, peer, now)
}
