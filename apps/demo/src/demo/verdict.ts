import { changedSince } from '../folder/changed.ts'
import { type Reading, readFiles } from '../folder/read.ts'
import { type FileRecord, isFileRecord, sameRecord } from '../folder/record.ts'

/** One entry of an index that is not what the disk says. */
export interface Difference {
  readonly node: string
  readonly path: string
  /** What the node holds; it need not be a record. `undefined`: nothing. */
  readonly held: unknown
  /** What is on the disk. `undefined`: no such file. */
  readonly disk: FileRecord | undefined
}

/** Whether the nodes hold what is on the disk. */
export interface Verdict {
  /** Files that were compared, at every node. */
  readonly compared: number
  readonly differences: readonly Difference[]
  /** Files that were written, made or removed during the run. The nodes agree on them, and no more can be asked. */
  readonly changed: readonly string[]
}

/** The complete index that a node holds. */
export interface HeldIndex {
  readonly node: string
  readonly entries: ReadonlyMap<string, unknown>
}

/** What is different between one index and the disk, in the order of the paths. */
export const differencesOf = (
  { node, entries }: HeldIndex,
  disk: ReadonlyMap<string, FileRecord>,
): Difference[] => {
  const differences: Difference[] = []
  for (const [path, record] of disk) {
    const held = entries.get(path)
    if (!isSame(held, record)) differences.push({ node, path, held, disk: record })
  }
  for (const [path, held] of entries) {
    if (!disk.has(path)) differences.push({ node, path, held, disk: undefined })
  }
  return differences.sort((a, b) => (a.path < b.path ? -1 : 1))
}

const isSame = (held: unknown, record: unknown): boolean =>
  isFileRecord(held) && isFileRecord(record)
    ? sameRecord(held, record)
    : held === undefined && record === undefined

/**
 * Compares what every node holds with the disk. A path at which they differ is read once more: what was changed after `since`, or between the two
 * readings, tells nothing about the nodes, unless they differ from each other.
 */
export const judge = async (
  folder: string,
  since: number,
  first: Reading,
  indexes: readonly HeldIndex[],
): Promise<Verdict> => {
  const suspects = new Set(indexes.flatMap(index => differencesOf(index, first.records).map(d => d.path)))
  const again = await readFiles(folder, [...suspects])
  const disk = new Map(first.records)
  for (const path of suspects) {
    const record = again.records.get(path)
    if (record === undefined) disk.delete(path)
    else disk.set(path, record)
  }

  const remaining = indexes.flatMap(index => differencesOf(index, disk))
  const changed = new Set<string>()
  for (const path of new Set(remaining.map(difference => difference.path))) {
    const [reference] = indexes
    const agreed = indexes.every(({ entries }) => isSame(entries.get(path), reference?.entries.get(path)))
    const moved =
      !isSame(disk.get(path), first.records.get(path)) || (await changedSince(folder, path, since))
    if (agreed && moved) changed.add(path)
  }
  const compared = new Set([...disk.keys(), ...indexes.flatMap(({ entries }) => [...entries.keys()])])
  return {
    compared: compared.size - changed.size,
    differences: remaining.filter(({ path }) => !changed.has(path)),
    changed: [...changed].sort(),
  }
}
