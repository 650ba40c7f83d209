import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Example, extractExamples } from './extract.ts'

/** The workspace's root. */
export const root: string = fileURLToPath(new URL('../../../', import.meta.url))

/** The folders of the packages, relative to the root. */
export const packageFolders: readonly string[] = readdirSync(join(root, 'packages'))
  .map(name => `packages/${name}`)
  .filter(folder => existsSync(join(root, folder, 'package.json')))

/** The READMEs that are there, relative to the root: its own and one per package. */
export const readmes: readonly string[] = ['', ...packageFolders]
  .map(folder => join(folder, 'README.md'))
  .filter(path => existsSync(join(root, path)))

/** The examples of a README. */
export const examplesOf = (readme: string): Example[] =>
  extractExamples(readme, readFileSync(join(root, readme), 'utf8'))
