import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Absent, Contender } from './case.ts'

// Seen from the bundle, which lies in `dist`.
const folder = new URL('../peers/', import.meta.url)
const lockfile = new URL('package-lock.json', folder)
/** A copy of the lockfile says what was installed; an install that was broken off leaves none. */
const installed = new URL('node_modules/.installed-lock.json', folder)

/**
 * Installs the peers into their own folder, once. Their install scripts are not run: what they need is in their packages.
 *
 * @returns what went wrong, if anything: then peers are skipped
 */
export const installPeers = async (tell: (line: string) => void): Promise<string | undefined> => {
  if (existsSync(installed) && readFileSync(installed).equals(readFileSync(lockfile))) return undefined
  tell('Installing what is compared with into tooling/bench/peers (once) …')
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const failure = await new Promise<string | undefined>(resolve => {
    const child = spawn('npm', args, {
      cwd: fileURLToPath(folder),
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    })
    child.on('error', error => resolve(error.message))
    child.on('exit', code => resolve(code === 0 ? undefined : `npm ci ended with ${code ?? 'a signal'}`))
  })
  if (failure === undefined) copyFileSync(lockfile, installed)
  return failure
}

/** A peer's module. Its type is what the caller uses of it: the workspace does not have theirs. */
export const peer = async <Module>(name: string): Promise<Module> => {
  const loader = (await import(new URL('load.mjs', folder).href)) as {
    readonly load: (name: string) => Promise<Module>
  }
  return loader.load(name)
}

/** Prepares contenders of which some may not be able to take part: a peer that is not installed, or does not run here, is told and left out. */
export const present = async (
  all: Readonly<Record<string, () => Promise<Contender['measure']> | Contender['measure']>>,
): Promise<{ readonly contenders: readonly Contender[]; readonly absent: readonly Absent[] }> => {
  const contenders: Contender[] = []
  const absent: Absent[] = []
  for (const [subject, prepare] of Object.entries(all)) {
    try {
      contenders.push({ subject, measure: await prepare() })
    } catch (error) {
      if (subject === 'ours' || subject.startsWith('limit: ')) throw error
      absent.push({ subject, reason: error instanceof Error ? error.message : String(error) })
    }
  }
  return { contenders, absent }
}
