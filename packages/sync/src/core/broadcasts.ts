import type { PeerId } from '@p2p/interfaces'
import type { Moment } from '@p2p/replica'
import { SyncError } from '../errors.ts'
import { pageSize } from './catch-up-limits.ts'
import { fieldsOf, ownerOf, settingsOf } from './grammar.ts'
import { checkSettings, packSettings } from './opening.ts'
import { parseEntries } from './parse-entries.ts'
import type { Replica } from './replica.ts'

/** The next broadcast of what this node wrote, or nothing if it has told everything. */
export const nextBroadcast = (replica: Replica, now: Moment): Record<string, unknown> | undefined => {
  while (!replica.outbox.isEmpty) {
    const entries = replica.outbox.take(pageSize, now)
    if (entries.length > 0) return { settings: packSettings(replica), entries }
  }
  return undefined
}

/**
 * Takes in a broadcast. It can only be about what its origin wrote: no one speaks for others.
 *
 * @param transit milliseconds for which it was on its way, as far as is known: the leases in it are older by that
 * @throws `P2P_MALFORMED`
 */
export const takeBroadcast = (
  replica: Replica,
  origin: PeerId,
  body: unknown,
  transit: number,
  now: Moment,
): void => {
  const { settings, entries } = fieldsOf(body, ['settings', 'entries'])
  try {
    checkSettings(replica, origin, settingsOf(settings))
  } catch (error) {
    if (!(error instanceof SyncError) || error.code !== 'P2P_SETTINGS_DIFFER') throw error
    replica.report(error)
    return
  }
  const { leases, settings: own } = replica
  const told = parseEntries(entries, [ownerOf(origin)], { leased: leases !== undefined, limits: own.limits })
  const aged = told.map(item => (item instanceof Error ? item : { ...item, age: item.age + transit }))
  replica.receive(aged, origin, now)
}
