import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WaitOptions } from '@p2p/interfaces'
import { bytes } from '../words.ts'
import type { Node } from './node.ts'

/** Which contents are put into the table, in bytes: those of one file, and those of all together. Each is held ten times, and five of these are asked at each reading. */
export const contentsLimits: { readonly file: number; readonly all: number } = {
  file: 16 * 1024,
  all: 256 * 1024,
}

/** The limits as people read them. */
export const contentsLimitsText: string = `files of up to ${bytes(contentsLimits.file)}, ${bytes(contentsLimits.all)} in all`

/** Sets and gets of one node that are under way at a time. */
const atOnce = 16

/** What became of files whose contents were to be stored. */
export interface Stored {
  /** In the table, by their SHA-256. */
  readonly paths: readonly string[]
  readonly bytes: number
}

/** Does something with each of several, so many at a time. */
const each = async <T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> => {
  const rest = all.values()
  const lane = async () => {
    for (const one of rest) await work(one)
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}

const hashOf = (contents: Uint8Array): string => createHash('sha256').update(contents).digest('hex')

/**
 * Puts the contents of files into the table, each at its SHA-256, within the limits; what cannot be read is left out.
 *
 * @param budget bytes of all files together
 * @param onStored called with the bytes of each file
 */
export const storeContents = async (
  { table }: Node,
  folder: string,
  paths: readonly string[],
  budget: number,
  onStored: (bytes: number) => void,
  options: WaitOptions = {},
): Promise<Stored> => {
  const stored: string[] = []
  let left = budget
  await each(paths, async path => {
    options.signal?.throwIfAborted()
    let contents: Uint8Array
    try {
      contents = new Uint8Array(await readFile(join(folder, path)))
    } catch {
      // Whoever publishes the file says so
      return
    }
    if (contents.length > contentsLimits.file || contents.length > left) return
    left -= contents.length
    await table.set(hashOf(contents), contents, options)
    stored.push(path)
    onStored(contents.length)
  })
  return { paths: stored.sort(), bytes: budget - left }
}

/** Whether the table gives contents that have this SHA-256. @throws what `get` throws, but where there is nothing */
export const isThere = async (
  { table }: Node,
  sha256: string,
  options: WaitOptions = {},
): Promise<boolean> => {
  const contents = await table.get(sha256, { ...options, default: undefined })
  return contents instanceof Uint8Array && hashOf(contents) === sha256
}

/** Reads contents back. @returns those that are not there, or are not what they should be, and why */
export const missingContents = async (
  node: Node,
  hashes: readonly string[],
  onRead: () => void,
  options: WaitOptions = {},
): Promise<readonly string[]> => {
  const missing: string[] = []
  await each(hashes, async sha256 => {
    try {
      if (!(await isThere(node, sha256, options))) missing.push(sha256)
    } catch {
      options.signal?.throwIfAborted()
      missing.push(sha256)
    }
    onRead()
  })
  return missing
}
