import { readFiles, type ReadOptions } from '../folder/read.ts'
import type { FileRecord } from '../folder/record.ts'
import type { Unreadable } from '../folder/walk.ts'
import type { Node } from './node.ts'

/** What became of the files that were to be published. */
export interface Published {
  /** Paths in the dictionary that are now this node's. */
  readonly paths: readonly string[]
  readonly bytes: number
  readonly unreadable: readonly Unreadable[]
  /** Paths that other nodes hold the lease of: they were left as they are. */
  readonly held: readonly string[]
  /** Neighbours that have all of it. */
  readonly acknowledged: number
}

/** Files whose records leave in one `update`. */
const batch = 256

/** Files after which the neighbours must have acknowledged all: about a megabyte is the most that waits in memory to leave. */
const unacknowledged = 16 * batch

/** Reads files and puts their records into the dictionary, a batch at a time; resolves when the neighbours have acknowledged them. @throws the signal's reason */
export const publish = async (
  { files }: Node,
  folder: string,
  paths: readonly string[],
  options: ReadOptions = {},
): Promise<Published> => {
  const published: string[] = []
  const unreadable: Unreadable[] = []
  const held: string[] = []
  let bytes = 0
  // However long it takes: a neighbour that does not answer gives up of its own accord
  const flushing = { signal: options.signal, timeout: Infinity }

  for (let start = 0; start < paths.length; start += batch) {
    const reading = await readFiles(folder, paths.slice(start, start + batch), options)
    unreadable.push(...reading.unreadable)
    const ours: [string, FileRecord][] = []
    for (const [path, record] of reading.records) {
      if (files.owner(path)?.own === false) {
        held.push(path)
        continue
      }
      ours.push([path, record])
      published.push(path)
      bytes += record.size
    }
    files.update(ours)
    if ((start + batch) % unacknowledged === 0) await files.flushed(flushing)
  }
  return { paths: published, bytes, unreadable, held, acknowledged: await files.flushed(flushing) }
}
