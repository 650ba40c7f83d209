import { readFileSync } from 'node:fs'

// Seen from the bundle, which lies in `dist`. It is for this benchmark only, and for nobody a secret.
const read = (file: string): string =>
  readFileSync(new URL(`../certificate/${file}`, import.meta.url), 'utf8')

/** Signed by itself, for 127.0.0.1, valid for a hundred years. */
export const certificate: string = read('localhost.crt')
export const key: string = read('localhost.key')
