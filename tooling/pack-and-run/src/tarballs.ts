import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { packageFolders, root } from '@p2p/readme-examples'
import { command } from './command.ts'

/** A package as npm would publish it. */
export interface Tarball {
  readonly name: string
  /** Its folder in the workspace, relative to the root. */
  readonly folder: string
  /** The packed file. */
  readonly file: string
}

// Turbo starts pnpm in other folders than this one, so the way to it must be absolute.
const env = {
  ...process.env,
  PATH: join(root, 'node_modules/.bin') + delimiter + (process.env['PATH'] ?? ''),
}

/** Builds what has changed since the last build; one package's failure does not keep the others from being built. */
export const build = async (signal: AbortSignal): Promise<void> => {
  const args = ['run', 'build', '--filter=./packages/*', '--continue', '--output-logs=errors-only']
  await command('turbo', args, { cwd: root, env, signal })
}

/** Packs every package that may be published. */
export const pack = async (target: string, signal: AbortSignal): Promise<Tarball[]> => {
  const args = ['--recursive', '--filter', './packages/*', 'pack', '--json', '--pack-destination', target]
  const stdout = await command('pnpm', args, { cwd: root, env, signal })
  const packed = JSON.parse(stdout) as { readonly name: string; readonly filename: string }[]
  return packageFolders.flatMap(folder => {
    const manifest: unknown = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    const { name, private: unpublished } = manifest as { name: string; private?: boolean }
    if (unpublished === true) return []
    const file = packed.find(tarball => tarball.name === name)?.filename
    if (file === undefined) throw new Error(`pnpm has not packed ${name}`)
    return [{ name, folder, file }]
  })
}
