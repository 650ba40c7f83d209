import type { PeerId } from '@p2p/interfaces'
import { type Value, entryValue } from '@p2p/replica'
import type { Version } from './chord.ts'
import { isDeleted, versionOf } from './entries.ts'
import type { Point } from './member.ts'
import type { Reading } from './reader.ts'

/** The names of the tables, in their order. */
export const tableNames = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const

/** One table's part in an explanation. */
export interface TableExplanation {
  readonly table: (typeof tableNames)[number]
  readonly position: bigint
  /** The processes that are to hold it, the owner first; empty if none was found. */
  readonly holders: readonly PeerId[]
  /** Who answered; `undefined` if nobody did. */
  readonly from: PeerId | undefined
  readonly answer: 'value' | 'deleted' | 'absent' | 'none'
  readonly version: Version | undefined
  /** Milliseconds since the one who answered got it; `undefined` where there is nothing. */
  readonly age: number | undefined
  /** Processes asked one after the other. */
  readonly hops: number | undefined
}

/** Who holds a key, who answered what, and how old it is. */
export interface Explanation {
  readonly value: Value | undefined
  /** How many tables agree; three make a majority. */
  readonly agreed: number
  readonly tables: readonly TableExplanation[]
}

/** Puts together what a reading and the look-ups of the owners found. */
export const explanationOf = (
  positions: readonly bigint[],
  owners: readonly (readonly Point[] | undefined)[],
  copies: number,
  { agreed, agreement, told }: Reading,
): Explanation => ({
  value: agreed === undefined ? undefined : entryValue(agreed),
  agreed: agreement,
  tables: tableNames.map((table, index) => {
    const answer = told[index]
    const entry = answer?.entry
    const holders = new Set(owners[index]?.map(({ member }) => member.id))
    return {
      table,
      position: positions[index] as bigint,
      holders: [...holders].slice(0, copies),
      from: answer?.from.id,
      answer:
        answer === undefined
          ? 'none'
          : entry === undefined
            ? 'absent'
            : isDeleted(entry)
              ? 'deleted'
              : 'value',
      version: entry === undefined ? undefined : versionOf(entry),
      age: entry === undefined ? undefined : answer?.age,
      hops: answer?.hops,
    }
  }),
})
