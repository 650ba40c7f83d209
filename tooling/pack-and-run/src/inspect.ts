import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

type Exports = Readonly<Record<string, string | Readonly<Record<string, string>>>>

/**
 * Looks at a package as it was installed.
 *
 * @returns the names under which it can be imported
 * @throws for what a consumer must not meet: missing files, or traces of the workspace
 */
export const inspect = (name: string, folder: string): string[] => {
  const wrong: string[] = []
  const expectFile = (path: string, why: string) => {
    if (!existsSync(join(folder, path))) wrong.push(`${path} is missing: ${why}`)
  }
  expectFile('LICENSE', 'every package carries its licence')
  expectFile('README.md', 'every package carries its manual')

  const text = readFileSync(join(folder, 'package.json'), 'utf8')
  for (const trace of ['workspace:', 'catalog:', '@p2p/source']) {
    if (text.includes(trace))
      wrong.push(`package.json contains ${trace}, which means nothing outside the workspace`)
  }

  const { exports = {} } = JSON.parse(text) as { exports?: Exports }
  const names: string[] = []
  for (const [path, conditions] of Object.entries(exports)) {
    if (typeof conditions === 'string') {
      expectFile(conditions, `exports["${path}"] names it`)
      continue
    }
    names.push(name + path.slice(1))
    if (Object.keys(conditions)[0] !== 'types') wrong.push(`exports["${path}"] does not begin with its types`)
    for (const target of Object.values(conditions)) expectFile(target, `exports["${path}"] names it`)
  }
  if (names.length === 0) wrong.push('package.json exports nothing')
  if (wrong.length > 0) throw new Error(wrong.join('\n'))
  return names
}
