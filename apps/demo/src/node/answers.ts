import { inspect } from 'node:util'
import type { Explanation, Health } from '@p2p/chord'
import { bytes, count, entries, printable, short } from '../words.ts'

/** Text as it is, bytes as how many, all else as JavaScript writes it; on one line. */
export const show = (value: unknown): string => {
  if (typeof value === 'string') return printable(value)
  if (value instanceof Uint8Array) return count(value.length, 'byte')
  return inspect(value, { breakLength: Infinity, depth: null })
}

/** The ring as a node sees it: whether all is well, what it holds, what is wrong. */
export const tellHealth = (health: Health): string[] => {
  const { standing, safe, healthy, arcs, members, lost, violations } = health
  const missing = arcs.filter(({ complete }) => !complete).length
  const lone = arcs.filter(({ copied }) => !copied).length
  return [
    `${standing}, ${safe ? 'safe: all that it owns is here and at others' : healthy ? 'healthy, but not everything is copied yet' : 'not healthy'}`,
    `it knows ${count(members, 'other member')}${lost === 0 ? '' : `, and ${lost} that do not answer`}`,
    `it holds ${entries(health.entries)} of the five tables, ${bytes(health.bytes)}, on ${count(arcs.length, 'arc')}`,
    ...(missing === 0 ? [] : [`${count(missing, 'arc')} not complete`]),
    ...(lone === 0 ? [] : [`${count(lone, 'arc')} not copied`]),
    ...violations.map(printable),
  ]
}

/** Milliseconds as people read them. */
const ago = (milliseconds: number): string =>
  milliseconds < 1_000 ? `${milliseconds} ms` : `${Math.round(milliseconds / 1_000)} s`

/** What each of the five tables says about a key. */
export const tellExplanation = ({ value, agreed, tables }: Explanation, self: string): string[] => {
  const name = (id: string) => (id === self ? 'this node' : printable(short(id)))
  return [
    `${agreed} of 5 tables say: ${value === undefined ? 'there is nothing' : show(value)}`,
    ...tables.map(({ table, holders, from, answer, version, age, hops }) => {
      const who = from === undefined ? 'nobody answers' : `${name(from)} answers ${answer}`
      const since = age === undefined ? '' : `, for ${ago(age)}`
      const writer = version === undefined ? '' : `, written by ${name(version.writer)}`
      const far = hops === undefined ? '' : `, ${count(hops, 'hop')}`
      return `${table.padEnd(7)}held by ${holders.map(name).join(' and ') || 'nobody'}; ${who}${since}${writer}${far}`
    }),
  ]
}
