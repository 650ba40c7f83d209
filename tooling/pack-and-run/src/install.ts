import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '@p2p/readme-examples'
import { command } from './command.ts'
import type { Tarball } from './tarballs.ts'

/** What the first `npm install` line of a README names. */
const installLine = ({ name, folder }: Tarball): string[] => {
  const readme = readFileSync(join(root, folder, 'README.md'), 'utf8')
  const [, line] = /^\s*npm (?:install|i|add) (.+)$/mu.exec(readme) ?? []
  if (line === undefined) throw new Error('the README has no line `npm install …`')
  const names = line.trim().split(/\s+/u)
  if (!names.includes(name))
    throw new Error(`the README's install line does not name ${name}: npm install ${line}`)
  return names
}

/**
 * Installs with npm what the README says, into an empty folder. The packages of this workspace come from their tarballs, also where they are only
 * another's dependency, since npm may not have them yet.
 *
 * @returns what was installed
 */
export const install = async (
  tarball: Tarball,
  all: readonly Tarball[],
  folder: string,
  signal: AbortSignal,
): Promise<string[]> => {
  const names = installLine(tarball)
  const overrides = Object.fromEntries(
    all.filter(({ name }) => !names.includes(name)).map(({ name, file }) => [name, `file:${file}`]),
  )
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, overrides }))
  const specs = names.map(name => all.find(other => other.name === name)?.file ?? name)
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error']
  // Settings of the package manager that started us are not those of a person in an empty folder.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^npm_(?!config_registry$)/u.test(key)),
  )
  await command('npm', ['install', ...flags, ...specs], { cwd: folder, env, signal })
  return names
}
