import type { PeerId } from '@p2p/interfaces'
import { type Hash, type Moment, hashLength } from '@p2p/replica'
import { fewHashes, hashesAtOnce, hashesBelow, prefixesAtOnce } from './catch-up-limits.ts'
import type { Conversation, Gain } from './conversation.ts'
import { bytesOf, fieldsOf, listOf, malformed, wholeOf } from './grammar.ts'
import { packHashes, unpackHashes } from './hashes.ts'
import { parsePage, push } from './pages.ts'
import { type Summary, fanOut, listBelow, summarise } from './ranges.ts'
import type { Replica } from './replica.ts'
import type { Held } from './table.ts'

/**
 * Finds out in what two replicas differ by sums over ranges of their entries' hashes, and gives each what it lacks. Needs no knowledge of the past;
 * costs about 250 bytes for each range that differs, on each of a few levels.
 */
export function* reconcile(replica: Replica, peer: PeerId, start: Moment): Conversation<Gain> {
  let [late, refused] = [0, 0]
  let now = start
  for (const prefixes of yield* findDifferences(replica)) {
    const answer = yield { type: 'hashes', prefixes }
    const theirs = parseLists(answer.body, prefixes.length)
    const mine = listBelow(replica.table, prefixes, hashesBelow)
    const lacked: Hash[] = []
    const told: Held[] = []
    prefixes.forEach((prefix, index) => {
      const list = mine.get(prefix) as Map<Hash, Held>
      const other = new Set(theirs[index])
      for (const hash of other) if (!list.has(hash)) lacked.push(hash)
      for (const [hash, held] of list) if (!other.has(hash)) told.push(held)
    })
    now = yield* push(told.values(), answer.now)
    const gain = yield* fetch(replica, peer, lacked)
    late += gain.late
    refused += gain.refused
  }
  replica.expire(now)
  return { late, refused }
}

/** Prefixes of few hashes below which the two sides are not the same, in batches of one length. */
function* findDifferences(replica: Replica): Conversation<string[][]> {
  const { table } = replica
  // Honest sums lead to no more ranges than there are entries; false ones could lead everywhere.
  let budget = 4096 + table.size
  const found: string[][] = []
  for (let level = ['']; level.length > 0;) {
    const leaves: string[] = []
    const next: string[] = []
    for (const prefixes of batches(level, prefixesAtOnce)) {
      budget -= prefixes.length
      if (budget < 0) malformed('sums that differ everywhere')
      const { body } = yield { type: 'ranges', prefixes }
      const theirs = parseSummaries(body, prefixes.length)
      summarise(table, prefixes).forEach((mine, index) => {
        const { few, many } = compare(prefixes[index] as string, mine, theirs[index] as Summary)
        leaves.push(...few)
        next.push(...many)
      })
    }
    found.push(...batches(leaves, prefixesAtOnce))
    level = next
  }
  return found
}

const compare = (prefix: string, mine: Summary, theirs: Summary) => {
  const few: string[] = []
  const many: string[] = []
  for (let child = 0; child < fanOut; child++) {
    if (mine.sums[child] === theirs.sums[child]) continue
    const count = (mine.counts[child] as number) + (theirs.counts[child] as number)
    const deeper = prefix + child.toString(fanOut)
    const list = count <= fewHashes || deeper.length === 2 * hashLength - 1 ? few : many
    list.push(deeper)
  }
  return { few, many }
}

function* fetch(replica: Replica, peer: PeerId, lacked: readonly Hash[]): Conversation<Gain> {
  let [late, refused] = [0, 0]
  for (let rest = lacked; rest.length > 0;) {
    const asked = rest.slice(0, hashesAtOnce)
    const { body, now } = yield { type: 'fetch', hashes: packHashes(asked) }
    const { taken, ...page } = fieldsOf(body, ['owners', 'entries', 'taken'])
    const covered = wholeOf(taken, 'taken', asked.length + 1)
    if (covered === 0) malformed('an answer that covers nothing')
    const gain = replica.receive(parsePage(replica, page), peer, now)
    late += gain.late
    refused += gain.refused
    rest = rest.slice(covered)
  }
  return { late, refused }
}

const parseSummaries = (body: unknown, length: number): Summary[] => {
  const fields = fieldsOf(body, ['counts', 'sums'])
  const sums = listOf(fields.sums, 'sums', length)
  return listOf(fields.counts, 'counts', length).map((counts, index) => ({
    counts: listOf(counts, 'counts', fanOut).map(count => wholeOf(count, 'a count')),
    sums: unpackHashes(bytesOf(sums[index], 'sums', fanOut * hashLength)),
  }))
}

const parseLists = (body: unknown, length: number): Hash[][] =>
  listOf(fieldsOf(body, ['hashes']).hashes, 'hashes', length).map(list => {
    const bytes = bytesOf(list, 'hashes', hashLength, true)
    if (bytes.length > hashesBelow * hashLength) malformed('more hashes than were asked for')
    return unpackHashes(bytes)
  })

function* batches<T>(items: readonly T[], size: number): Generator<T[], void, void> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size)
}
