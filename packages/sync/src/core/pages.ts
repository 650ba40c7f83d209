import type { P2PError } from '@p2p/interfaces'
import { type Moment, type VersionVector, ageOf, coversEntry } from '@p2p/replica'
import { pageSize } from './catch-up-limits.ts'
import type { Conversation } from './conversation.ts'
import { fieldsOf } from './grammar.ts'
import { Packer } from './packer.ts'
import { type Told, parseEntries, parseOwners } from './parse-entries.ts'
import type { Replica } from './replica.ts'
import type { Held, Table } from './table.ts'

/**
 * What somebody with this vector lacks of the table, as far as it was last changed before change number `since`. What changes during the iteration is left out or seen once;
 * it is on its way as a broadcast or came from the other side.
 */
export function* lackedBy(table: Table, vector: VersionVector, since: number): Generator<Held, void, void> {
  for (const held of table) {
    if (held.sequence <= since && !coversEntry(vector, held.entry)) yield held
  }
}

/** Fills one message from where the last one ended. @returns it, and whether there may be more */
export const packPage = (rest: Iterator<Held>, now: Moment): { packer: Packer; more: boolean } => {
  const packer = new Packer()
  while (packer.size < pageSize) {
    const next = rest.next()
    if (next.done === true) return { packer, more: false }
    addHeld(packer, next.value, now)
  }
  return { packer, more: true }
}

export const addHeld = (packer: Packer, { entry, size, seen }: Held, now: Moment): void =>
  packer.add(entry, size, seen === undefined ? 0 : ageOf(seen, now))

/** Reads the entries of a page. @throws `P2P_MALFORMED` */
export const parsePage = (
  { leases, settings }: Replica,
  { owners, entries }: Readonly<Record<'owners' | 'entries', unknown>>,
): (Told | P2PError)[] =>
  parseEntries(entries, parseOwners(owners), { leased: leases !== undefined, limits: settings.limits })

/** Tells what the other one lacks. @returns the moment of the last answer, or `now` if there was nothing to tell */
export function* push(lacked: Iterator<Held>, now: Moment): Conversation<Moment> {
  for (;;) {
    const { packer, more } = packPage(lacked, now)
    if (packer.entries.length > 0) {
      const answer = yield { type: 'push', owners: packer.owners, entries: packer.entries }
      fieldsOf(answer.body, [])
      now = answer.now
    }
    if (!more) return now
  }
}
