import { lstat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Milliseconds by which the system's stamps may lag behind the clock: they advance with its timer. */
const granularity = 20

/**
 * Whether a file, or the folder that it is missing from, was changed at or after `since`, in milliseconds since 1970. It asks for the time of the
 * last change of the inode, which no program can set.
 */
export const changedSince = async (folder: string, path: string, since: number): Promise<boolean> => {
  for (let inside = path; ; inside = dirname(inside)) {
    try {
      return (await lstat(join(folder, inside))).ctimeMs >= since - granularity
    } catch (error) {
      // What is gone was removed from the nearest folder that is still there
      if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '') || inside === '.') {
        return false
      }
    }
  }
}
