import { readFileSync } from 'node:fs'

/** A group of the vectors that were made by running py2p (protocol 0.7, CPython 3.11). */
export const vectors = (group: string): unknown =>
  JSON.parse(readFileSync(new URL(`vectors/${group}.json`, import.meta.url), 'utf8'))
