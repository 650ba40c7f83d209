import { createHash } from 'node:crypto'

/** Which part of the files is a process's: number `index` of `count` parts. */
export interface Share {
  readonly index: number
  readonly count: number
}

/** Whether a file belongs to a share. It depends on the path alone, so all processes agree without a word. */
export const isInShare = (path: string, { index, count }: Share): boolean =>
  createHash('sha256').update(path).digest().readUInt32BE(0) % count === index
