import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileRecord } from './record.ts'
import { reasonOf, type Unreadable } from './walk.ts'

/** What became of a list of files. */
export interface Reading {
  readonly records: ReadonlyMap<string, FileRecord>
  readonly unreadable: readonly Unreadable[]
}

/** Files that are read at the same time: Node.js gives file work four threads. */
const concurrency = 4

/** Bytes of a file that are in memory at a time. */
const chunk = 256 * 1024

// A pipe of that name, made since the folder was listed, must not be waited for. Windows has no such flag, and `|` takes that as 0.
const flags = constants.O_RDONLY | constants.O_NONBLOCK

/** Called whenever a piece of a file has been read: files that are complete with it, 0 or 1, and its bytes. */
export type OnRead = (files: number, bytes: number) => void

/** Options of {@link readFiles}. */
export interface ReadOptions {
  readonly onRead?: OnRead | undefined
  readonly signal?: AbortSignal | undefined
}

/** Reads a file from its beginning to its end, a piece at a time. */
const readRecord = async (
  path: string,
  buffer: Buffer,
  { onRead, signal }: ReadOptions,
): Promise<FileRecord> => {
  const file = await open(path, flags)
  try {
    const info = await file.stat()
    if (!info.isFile()) throw new Error('it is not a regular file')
    const hash = createHash('sha256')
    let size = 0
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null)
      if (bytesRead === 0) break
      hash.update(buffer.subarray(0, bytesRead))
      size += bytesRead
      onRead?.(0, bytesRead)
      signal?.throwIfAborted()
    }
    onRead?.(1, 0)
    return { size, sha256: hash.digest('hex'), modified: Math.floor(info.mtimeMs) }
  } finally {
    await file.close()
  }
}

/** Reads files of a folder. Those that cannot be read are told of; those that have been removed since they were listed are not there. @throws the signal's reason */
export const readFiles = async (
  folder: string,
  paths: readonly string[],
  options: ReadOptions = {},
): Promise<Reading> => {
  const records = new Map<string, FileRecord>()
  const unreadable: Unreadable[] = []
  let next = 0

  const work = async () => {
    const buffer = Buffer.allocUnsafe(chunk)
    for (let path = paths[next++]; path !== undefined; path = paths[next++]) {
      try {
        records.set(path, await readRecord(join(folder, path), buffer, options))
      } catch (error) {
        options.signal?.throwIfAborted()
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
        unreadable.push({ path, reason: reasonOf(error) })
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return { records, unreadable }
}
