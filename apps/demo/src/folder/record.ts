/** What the index says of a file. */
export interface FileRecord {
  /** In bytes. */
  readonly size: number
  /** Of the contents, in hexadecimal. */
  readonly sha256: string
  /** When it was last modified, in whole milliseconds since 1970. */
  readonly modified: number
}

/** Whether a value out of the shared dictionary is a record: it comes from other processes. */
export const isFileRecord = (value: unknown): value is FileRecord => {
  if (typeof value !== 'object' || value === null) return false
  const { size, sha256, modified } = value as Record<string, unknown>
  return (
    Number.isSafeInteger(size) &&
    Number.isSafeInteger(modified) &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256)
  )
}

/** Whether two records say the same. */
export const sameRecord = (a: FileRecord, b: FileRecord): boolean =>
  a.size === b.size && a.sha256 === b.sha256 && a.modified === b.modified
