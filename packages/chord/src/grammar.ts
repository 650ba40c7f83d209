import type { Contact } from '@p2p/interfaces'
import { type Stamp, countLimit, isOwnerId, timeLimit } from '@p2p/replica'
import { ChordError } from './errors.ts'
import type { Member, Point } from './member.ts'
import type { Members } from './members.ts'
import { type Position, isPosition } from './position.ts'

/** A peer's message is not what it must be. @throws `P2P_MALFORMED` */
export const malformed = (what: string): never => {
  throw new ChordError('P2P_MALFORMED', `a message is malformed: ${what}`)
}

/** No message has a longer list: far above what any of ours has. */
const listLimit = 4_096
/** A contact names at most so many addresses, each at most so long. */
const addressLimit = 16
const addressLength = 512

export const listOf = (value: unknown, length?: number): readonly unknown[] =>
  Array.isArray(value) && value.length <= listLimit && (length === undefined || value.length === length)
    ? value
    : malformed(length === undefined ? 'not a list' : `not a list of ${length}`)

export const wholeOf = (value: unknown, limit: number): number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < limit
    ? (value as number)
    : malformed(`not a whole number below ${limit}`)

export const positionOf = (value: unknown): Position =>
  isPosition(value) ? value : malformed('not a position')

export const positionsOf = (value: unknown): readonly Position[] => {
  const list = listOf(value)
  return list.every(isPosition) ? list : malformed('not positions')
}

export const flagOf = (value: unknown): boolean =>
  typeof value === 'boolean' ? value : malformed('not a boolean')

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : malformed('not text'))

export const stampOf = (time: unknown, count: unknown): Stamp => ({
  time: wholeOf(time, timeLimit),
  count: wholeOf(count, countLimit),
})

export const idOf = (value: unknown): string =>
  typeof value === 'string' && isOwnerId(value) ? value : malformed('not an id')

export const contactOf = (value: unknown): Contact => {
  const [id, addresses] = listOf(value, 2)
  const list = listOf(addresses)
  if (
    list.length > addressLimit ||
    !list.every(text => typeof text === 'string' && text.length <= addressLength)
  )
    malformed('not addresses')
  return { id: idOf(id), addresses: list as Contact['addresses'] }
}

export const packContact = ({ id, addresses }: Contact): unknown[] => [id, addresses.slice(0, addressLimit)]

export const packContacts = (members: Iterable<Member>): unknown[] =>
  Array.from(members, ({ contact }) => packContact(contact))

/** Several lists of points in one message: the processes once, then pairs of their place in that list and the point's index. */
export class PointPacker {
  readonly #indexes = new Map<Member, number>()

  pack(points: readonly Point[]): number[] {
    const packed: number[] = []
    for (const { member, index } of points) {
      let at = this.#indexes.get(member)
      if (at === undefined) {
        at = this.#indexes.size
        this.#indexes.set(member, at)
      }
      packed.push(at, index)
    }
    return packed
  }

  get contacts(): unknown[] {
    return packContacts(this.#indexes.keys())
  }
}

/** The processes that a message names. */
export const membersOf = (value: unknown, members: Members): Member[] =>
  listOf(value).map(item => members.of(contactOf(item)))

/** A list of points, of processes that the message names. */
export const pointsOf = (value: unknown, named: readonly Member[]): Point[] => {
  const list = listOf(value)
  if (list.length % 2 !== 0) malformed('not pairs')
  const points: Point[] = []
  for (let at = 0; at < list.length; at += 2) {
    const member = named[wholeOf(list[at], named.length)] as Member
    points.push(member.points[wholeOf(list[at + 1], member.points.length)] as Point)
  }
  return points
}
