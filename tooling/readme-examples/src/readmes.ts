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

/** The examples of a README. */
export const examplesOf = (readme: string): Example[] =>
  extractExamples(readme, readFileSync(join(root, readme), 'utf8'))

/** Further chapters of a README, such as `PIPE.md`, of which those count that have examples. */
const chaptersOf = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter(file => /^[A-Z]+\.md$/.test(file) && file !== 'README.md')
    .map(file => join(folder, file))
    .filter(path => examplesOf(path).length > 0)

/** The READMEs that are there, relative to the root: its own and one per package, with its chapters. */
export const readmes: readonly string[] = ['', ...packageFolders]
  .map(folder => join(folder, 'README.md'))
  .filter(path => existsSync(join(root, path)))
  .concat(packageFolders.flatMap(chaptersOf))
