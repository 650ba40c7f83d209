import { readFiles } from '../folder/read.ts'
import { type FileRecord, isFileRecord } from '../folder/record.ts'
import { walk } from '../folder/walk.ts'
import { bytes, count, printable } from '../words.ts'
import { recallAll } from './contents.ts'
import type { Play } from './play.ts'
import type { Member } from './processes.ts'
import { type Difference, type HeldIndex, judge } from './verdict.ts'

/** How many of a kind are told one by one. */
const told = 5

/** How the comparison ended. */
export interface Comparison {
  /** Whether every node holds exactly what is on the disk. */
  readonly right: boolean
  /** What was compared, in words. */
  readonly scope: string
  /** Files of which the contents were read back from the table, and how many of them are not there or are not the file's. */
  readonly recalled: number
  readonly lost: number
}

/**
 * Reads the folder independently of the nodes and compares what each of them holds, and has the contents read back.
 *
 * @param stored files of which the contents are in the table
 */
export const check = async (
  play: Play,
  living: readonly Member[],
  stored: readonly string[],
  since: number,
  signal: AbortSignal,
): Promise<Comparison> => {
  const { folder, processes, narrator } = play
  narrator.say('demo', 'reads the whole folder from the disk by itself')
  const listing = await walk(folder, signal)
  let files = 0
  let size = 0
  const onRead = (moreFiles: number, moreBytes: number) => {
    files += moreFiles
    size += moreBytes
    narrator.progress(
      'demo',
      () => `has read ${files} of ${count(listing.paths.length, 'file')}, ${bytes(size)}`,
    )
  }
  const reading = await readFiles(folder, listing.paths, { onRead, signal })

  const indexes: HeldIndex[] = []
  // One after the other: each is as large as the whole index
  for (const { name, process } of living) {
    const reply = await processes.ask(process, 'index', {}, 'list its index')
    indexes.push({ node: name, entries: new Map(reply.entries) })
  }
  const verdict = await judge(folder, since, reading, indexes)
  const { compared, differences, changed } = verdict

  const except = changed.length === 0 ? '' : `, but for ${changed.length} changed meanwhile`
  for (const { node, entries } of indexes) {
    const own = differences.filter(difference => difference.node === node)
    const result =
      own.length === 0 ? `as the disk has them${except}` : `${count(own.length, 'path')} DIFFER from the disk`
    narrator.say(node, `holds ${entries.size} entries: ${result}`)
    for (const difference of own.slice(0, told)) narrator.say(node, `  ${tell(difference)}`)
    if (own.length > told) narrator.say(node, `  … and ${own.length - told} more`)
  }
  const unreadable = [...listing.unreadable, ...reading.unreadable]
  for (const { path, reason } of unreadable.slice(0, told)) {
    narrator.say('demo', `left out, could not be read: ${printable(path)} (${reason})`)
  }
  for (const path of changed.slice(0, told)) {
    narrator.say('demo', `left out, changed on the disk meanwhile: ${printable(path)}`)
  }
  const out = [
    ...(unreadable.length === 0 ? [] : [`${unreadable.length} unreadable`]),
    ...(changed.length === 0 ? [] : [`${changed.length} changed meanwhile`]),
  ]
  return {
    right: differences.length === 0,
    ...(await recall(play, living, stored, indexes[0]?.entries, changed)),
    scope: `${count(compared, 'file')}${out.length === 0 ? '' : ` (without ${out.join(' and ')})`}`,
  }
}

/** Has every file's contents read back at the SHA-256 that the index has for it: that index was compared with the disk. */
const recall = async (
  play: Play,
  living: readonly Member[],
  stored: readonly string[],
  index: ReadonlyMap<string, unknown> | undefined,
  changed: readonly string[],
): Promise<{ readonly recalled: number; readonly lost: number }> => {
  const { narrator } = play
  const hashes = new Map<string, string>()
  for (const path of stored) {
    const record = index?.get(path)
    if (isFileRecord(record) && !changed.includes(path)) hashes.set(path, record.sha256)
  }
  const missing = await recallAll(play, living, [...new Set(hashes.values())])
  const lost = [...hashes].filter(([, sha256]) => missing.has(sha256))
  const result = lost.length === 0 ? 'each is what its SHA-256 says' : `${lost.length} are LOST`
  narrator.say(
    'demo',
    `had the contents of ${count(hashes.size, 'file')} read back from the table: ${result}`,
  )
  for (const [path] of lost.slice(0, told)) narrator.say('demo', `lost: ${printable(path)}`)
  return { recalled: hashes.size, lost: lost.length }
}

const tell = ({ path, held, disk }: Difference): string => {
  const index =
    held === undefined ? 'nothing' : isFileRecord(held) ? tellRecord(held) : 'something that is no record'
  return `${printable(path)}: the index has ${index}, the disk ${disk === undefined ? 'no such file' : tellRecord(disk)}`
}

const tellRecord = ({ size, sha256, modified }: FileRecord): string =>
  `${size} bytes, SHA-256 ${sha256.slice(0, 12)}…, modified ${new Date(modified).toISOString()}`
