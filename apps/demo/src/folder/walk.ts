import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { printable } from '../words.ts'

/** Names of folders that are left out wherever they are: what tools make, and make anew while the demo runs. */
export const leftOut: readonly string[] = ['.git', 'node_modules', 'dist', '.turbo']

/** Something in the folder that could not be read, and why. */
export interface Unreadable {
  /** Relative to the folder, as in {@link Listing.paths}. */
  readonly path: string
  readonly reason: string
}

/** The files of a folder. */
export interface Listing {
  /** Relative to the folder, with `/` between names on every system, sorted. */
  readonly paths: readonly string[]
  /** Folders that could not be listed, and names that are no text. */
  readonly unreadable: readonly Unreadable[]
}

/** The folder's own path without symbolic links. @throws an `Error` that says what is wrong if it is missing or no folder */
export const resolveFolder = async (path: string): Promise<string> => {
  try {
    const folder = await realpath(path)
    if ((await stat(folder)).isDirectory()) return folder
  } catch (error) {
    throw new Error(`the folder ${path} cannot be used: ${reasonOf(error)}`, { cause: error })
  }
  throw new Error(`${path} is not a folder`)
}

/** Lists the regular files of a folder and of all below it, without {@link leftOut} and without symbolic links. @throws the signal's reason */
export const walk = async (folder: string, signal?: AbortSignal): Promise<Listing> => {
  const paths: string[] = []
  const unreadable: Unreadable[] = []

  const visit = async (inside: string) => {
    signal?.throwIfAborted()
    let entries: Dirent[]
    try {
      entries = await readdir(join(folder, inside), { withFileTypes: true })
    } catch (error) {
      // One that was removed a moment ago holds no files
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        unreadable.push({ path: inside === '' ? '.' : inside, reason: reasonOf(error) })
      }
      return
    }
    for (const entry of entries) {
      const path = inside === '' ? entry.name : `${inside}/${entry.name}`
      if (entry.isDirectory() ? leftOut.includes(entry.name) : !entry.isFile()) continue
      // Bytes that are no UTF-8 come as this character, and what they name cannot be opened by it
      if (entry.name.includes('\ufffd')) unreadable.push({ path, reason: 'its name is not UTF-8' })
      else if (entry.isFile()) paths.push(path)
      else await visit(path)
    }
  }
  await visit('')
  return { paths: paths.sort(), unreadable }
}

/** A system error in a few words, on one line. */
export const reasonOf = (error: unknown): string => {
  const { code } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ENOENT':
      return 'it does not exist'
    case 'EACCES':
    case 'EPERM':
      return 'permission denied'
    default:
      return printable(error instanceof Error ? error.message : String(error))
  }
}
