// Runs one of the workspace's tasks, and installs the workspace first where that has not been done yet,
// so that `npm run demo` and `npm test` need nothing on the machine but Node.js and npm.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const windows = process.platform === 'win32'
const environment = {
  ...process.env,
  PATH: `${root}node_modules/.bin${delimiter}${process.env.PATH ?? ''}`,
  TURBO_TELEMETRY_DISABLED: '1',
}

/** Runs a program in the root with our terminal; ends this process with its code if that is not 0. */
const run = (command, args) => {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: environment,
    shell: windows,
  })
  if (error !== undefined) throw error
  if (signal !== null) process.exit(130)
  if (status !== 0) process.exit(status ?? 1)
}

/** pnpm writes `.modules.yaml` last, so a lockfile that is newer means an install is due. */
const isInstalled = () => {
  const stamp = `${root}node_modules/.modules.yaml`
  return existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(`${root}pnpm-lock.yaml`).mtimeMs
}

const tasks = {
  demo: rest => run('pnpm', ['--silent', '--filter', '@p2p/demo', 'demo', ...rest]),
  node: rest => run('pnpm', ['--silent', '--filter', '@p2p/demo', 'node', ...rest]),
  lint: rest => run('eslint', ['.', ...rest]),
  format: rest => run('prettier', [rest.includes('--write') ? '--write' : '--check', '.']),
  boundaries: () => run('turbo', ['boundaries']),
  'pack-and-run': rest => run('pnpm', ['--silent', '--filter', '@p2p/pack-and-run', 'start', ...rest]),
}

const [task, ...rest] = process.argv.slice(2)
if (task === undefined) {
  console.error(
    `usage: node tooling/run.mjs TASK [ARGUMENTS]   (${Object.keys(tasks).join(', ')}, or a task of turbo.json)`,
  )
  process.exit(2)
}
if (!isInstalled()) {
  const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  // The hash is for corepack; npx does not take it.
  const pnpm = packageManager.split('+')[0]
  console.error(`Installing the workspace's dependencies with ${pnpm} (once) …`)
  run('npx', ['--yes', pnpm, 'install', '--frozen-lockfile', '--reporter=append-only', '--loglevel=warn'])
}
const start = tasks[task]
if (start === undefined) run('turbo', ['run', task, '--output-logs=new-only', ...rest])
else start(rest)
