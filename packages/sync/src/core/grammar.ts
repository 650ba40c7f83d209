import { type Stamp, type VersionVector, countLimit, hashLength, isOwnerId, timeLimit } from '@p2p/replica'
import { SyncError } from '../errors.ts'

/** A peer's message is not what it must be. @throws `P2P_MALFORMED` */
export const malformed = (what: string): never => {
  throw new SyncError('P2P_MALFORMED', `a message is malformed: ${what}`)
}

/** A map with exactly these names. @throws `P2P_MALFORMED` */
export const fieldsOf = <Name extends string>(
  body: unknown,
  names: readonly Name[],
): Readonly<Record<Name, unknown>> => {
  if (typeof body !== 'object' || body === null || Array.isArray(body) || ArrayBuffer.isView(body)) {
    return malformed('not a map')
  }
  const found = Object.keys(body)
  if (found.length !== names.length || !names.every(name => Object.hasOwn(body, name))) {
    return malformed(`not a map of ${names.join(', ')}`)
  }
  return body as Record<Name, unknown>
}

/** Whether a reply is `{name: true}`, which stands for an answer that cannot be given now. */
export const says = (body: unknown, name: 'busy' | 'gone'): boolean =>
  typeof body === 'object' && body !== null && (body as Record<string, unknown>)[name] === true

/** An array, of `length` items if that is given. @throws `P2P_MALFORMED` */
export const listOf = (value: unknown, what: string, length?: number): readonly unknown[] =>
  Array.isArray(value) && (length === undefined || value.length === length)
    ? value
    : malformed(`${what} is not an array${length === undefined ? '' : ` of ${length}`}`)

/** A whole number from 0 to below `limit`. @throws `P2P_MALFORMED` */
export const wholeOf = (value: unknown, what: string, limit: number = Number.MAX_SAFE_INTEGER): number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < limit
    ? (value as number)
    : malformed(`${what} is not a whole number below ${limit}`)

export const textOf = (value: unknown, what: string): string =>
  typeof value === 'string' ? value : malformed(`${what} is not text`)

export const flagOf = (value: unknown, what: string): boolean =>
  typeof value === 'boolean' ? value : malformed(`${what} is not a boolean`)

/** Bytes whose length is `unit`, or a multiple of it where `many`. @throws `P2P_MALFORMED` */
export const bytesOf = (value: unknown, what: string, unit: number, many = false): Uint8Array =>
  value instanceof Uint8Array && (many ? value.length % unit === 0 : value.length === unit)
    ? value
    : malformed(`${what} is not bytes of the right length`)

export const fingerprintOf = (value: unknown): Uint8Array => bytesOf(value, 'a fingerprint', hashLength)

export const ownerOf = (value: unknown): string =>
  typeof value === 'string' && isOwnerId(value) ? value : malformed('an owner is not an id')

export const stampOf = (time: unknown, count: unknown): Stamp => ({
  time: wholeOf(time, 'a time', timeLimit),
  count: wholeOf(count, 'a count', countLimit),
})

/** `[time, count]` */
export const clockOf = (value: unknown): Stamp => {
  const [time, count] = listOf(value, 'a clock', 2)
  return stampOf(time, count)
}

/** How many owners a vector may name: nodes that wrote something that is still there. */
export const vectorLimit = 10_000

export const vectorOf = (value: unknown): VersionVector => {
  const items = listOf(value, 'a vector')
  if (items.length > vectorLimit) malformed(`a vector names more than ${vectorLimit} owners`)
  return new Map(
    items.map(item => {
      const [owner, time, count] = listOf(item, 'a part of a vector', 3)
      return [ownerOf(owner), stampOf(time, count)]
    }),
  )
}

export const packVector = (vector: VersionVector): unknown[] =>
  [...vector].map(([owner, { time, count }]) => [owner, time, count])

/** `[lease, tombstone life]` */
export const settingsOf = (value: unknown): readonly [number, number] => {
  const [lease, life] = listOf(value, 'settings', 2)
  return [wholeOf(lease, 'a lease'), wholeOf(life, 'a tombstone life')]
}
