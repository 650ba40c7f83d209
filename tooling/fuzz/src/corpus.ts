import { existsSync, readFileSync } from 'node:fs'
import { fromHex } from './bytes.ts'

/** The committed samples of a target, by what they are: hexadecimal digits. */
export type Corpus = Readonly<Record<string, string>>

/** Where the samples of a target lie. */
export const corpusFile = (target: string): URL => new URL(`../corpus/${target}.json`, import.meta.url)

export const readCorpus = (target: string): Corpus => {
  const file = corpusFile(target)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Corpus) : {}
}

/** @throws for a sample that is not of hexadecimal digits */
export const samplesOf = (target: string): Uint8Array[] =>
  Object.entries(readCorpus(target)).map(([name, hex]) => {
    const bytes = fromHex(hex)
    if (bytes === undefined) throw new Error(`corpus/${target}.json: ${name} is not hexadecimal`)
    return bytes
  })
