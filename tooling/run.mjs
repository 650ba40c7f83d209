// Runs one of the workspace's tasks, and installs the workspace first where that has not been done yet,
// so that `npm run demo` and `npm test` need nothing on the machine but Node.js and npm.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const windows = process.platform === 'win32'
const ci = !['', 'false', '0'].includes(process.env.CI ?? '')
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
const environment = {
  ...process.env,
  PATH: `${root}node_modules/.bin${delimiter}${process.env.PATH ?? ''}`,
  TURBO_TELEMETRY_DISABLED: '1',
}

/** Runs a program with our terminal and ends with it: when it fails, with its exit code; when a signal comes, as soon as it has ended. */
const run = (command, args, { cwd = root, env = environment, shell = windows } = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, shell, stdio: 'inherit' })
    const forward = signal => {
      // A terminal sends Ctrl-C to all of its processes: the child has it already, and twice would mean "at once".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    }
    for (const signal of signals) process.on(signal, forward)
    // npm starts us through a shell that dies of a signal and does not pass it on.
    const parent = process.ppid
    const watch = setInterval(() => process.ppid === parent || child.kill(), 1_000)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearInterval(watch)
      for (const each of signals) process.off(each, forward)
      if (code === 0) resolve()
      else process.exit(code ?? 128 + constants.signals[signal])
    })
  })

/**
 * Runs the program that a package's script names, in the folder in which npm was called, so that relative paths are the caller's.
 * No package manager stands between us and the program, so that signals reach it.
 */
const program = (folder, script, rest) => {
  const manifest = `${root}${folder}/package.json`
  const entry = JSON.parse(readFileSync(manifest, 'utf8')).scripts[script].split(' ').at(-1)
  const tsx = pathToFileURL(createRequire(manifest).resolve('tsx')).href
  const args = ['--import', tsx, '--conditions=@p2p/source', `${root}${folder}/${entry}`, ...rest]
  // Otherwise tsx would read the tsconfig.json of the caller's folder.
  const env = { ...environment, TSX_TSCONFIG_PATH: `${root}${folder}/tsconfig.json` }
  return run(process.execPath, args, { cwd: process.env.INIT_CWD ?? process.cwd(), env, shell: false })
}

/** Bundles the benchmark with the sources of the family, and runs it where npm was called. */
const bench = async rest => {
  const folder = `${root}tooling/bench/`
  await run(`${folder}node_modules/.bin/tsup`, [], { cwd: folder })
  const args = ['--enable-source-maps', `${folder}dist/main.js`, ...rest]
  await run(process.execPath, args, { cwd: process.env.INIT_CWD ?? process.cwd(), shell: false })
}

/** Bundles into a new folder, which is removed when we end, also when a signal ends us before there is a program that it is for. */
const bundleInto = async (prefix, options) => {
  const end = signal => process.exit(128 + constants.signals[signal])
  for (const each of signals) process.on(each, end)
  const outdir = mkdtempSync(prefix)
  process.on('exit', () => rmSync(outdir, { recursive: true, force: true }))
  const { bundle } = await import('./bundle/src/bundle.mjs')
  await bundle({ ...options, outdir })
  for (const each of signals) process.off(each, end)
  return outdir
}

/**
 * Bundles the demo, of which each process would compile the same sources otherwise: that takes three times as long as to start does.
 * The bundle lies as deep as its sources do, so that the demo finds the repository, which it shows by default.
 */
const demo = async rest => {
  const folder = `${root}apps/demo/`
  const cache = `${root}node_modules/.cache/`
  mkdirSync(cache, { recursive: true })
  const outdir = await bundleInto(`${cache}p2p-demo-`, {
    absWorkingDir: folder,
    entryPoints: ['src/demo/main.ts', 'src/demo/worker.ts'],
    outbase: 'src',
  })
  const args = [join(outdir, 'demo', 'main.mjs'), ...rest]
  await run(process.execPath, args, { cwd: process.env.INIT_CWD ?? process.cwd(), shell: false })
}

/** Bundles the simulator, which runs for minutes: tsx keeps the name of each function as it is made, and that takes a seventh of the time. */
const simulate = async rest => {
  const folder = `${root}tooling/simulate/`
  const entryPoints = ['src/main.ts']
  const outdir = await bundleInto(join(tmpdir(), 'p2p-simulate-'), {
    absWorkingDir: folder,
    entryPoints,
    sourcemap: true,
  })
  // A simulated network makes much that dies soon: a larger nursery is collected less often.
  const args = ['--max-semi-space-size=64', '--enable-source-maps', join(outdir, 'main.mjs'), ...rest]
  await run(process.execPath, args, { cwd: process.env.INIT_CWD ?? process.cwd(), shell: false })
}

/** What pnpm has installed last, it says with a copy of the lockfile; an install that was broken off leaves none, or that of before. */
const isInstalled = () => {
  const copy = `${root}node_modules/.pnpm/lock.yaml`
  return (
    existsSync(`${root}node_modules/.modules.yaml`) &&
    existsSync(copy) &&
    readFileSync(copy).equals(readFileSync(`${root}pnpm-lock.yaml`))
  )
}

const install = async () => {
  const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  // The hash is for corepack; npx does not take it.
  const pnpm = packageManager.split('+')[0]
  console.error(`Installing the workspace's dependencies with ${pnpm} (once) …`)
  await run('npx', [
    '--yes',
    pnpm,
    'install',
    '--frozen-lockfile',
    '--reporter=append-only',
    '--loglevel=warn',
  ])
}

/** A person wants to see what is new; CI wants the counts of all tests, and every failure, in one run. */
const turbo = (task, rest) =>
  run('turbo', [
    'run',
    task,
    ...(ci ? ['--output-logs=full', '--continue'] : ['--output-logs=new-only']),
    ...rest,
  ])

const isFilter = argument => /^(?:-F|--filter)/.test(argument)

const tasks = {
  build: rest => turbo('build', rest),
  // What is published, and the program made of it; the tools have a task of their own, so that this one takes less than a minute.
  test: rest =>
    turbo('test', rest.some(isFilter) ? rest : ['--filter=./packages/*', '--filter=./apps/*', ...rest]),
  'test:tooling': rest => turbo('test', ['--filter=./tooling/*', ...rest]),
  typecheck: rest => turbo('typecheck', rest),
  demo,
  node: rest => program('apps/demo', 'node', rest),
  simulate,
  fuzz: rest => program('tooling/fuzz', 'start', rest),
  'nat-lab': rest => program('tooling/nat-lab', 'start', rest),
  bench,
  lint: rest => run('eslint', ['.', ...rest]),
  format: rest => run('prettier', [...(rest.includes('--write') ? [] : ['--check']), '.', ...rest]),
  boundaries: rest => run('turbo', ['boundaries', ...rest]),
  'pack-and-run': rest => program('tooling/pack-and-run', 'start', rest),
}

const [task, ...rest] = process.argv.slice(2)
if (task === undefined || !Object.hasOwn(tasks, task)) {
  console.error(`usage: npm run TASK -- [ARGUMENTS]

TASK is one of ${Object.keys(tasks).join(', ')}.
The arguments go to the program that does the task: \`npm test -- --filter=@p2p/mesh\` to turbo, \`npm run lint -- --fix\` to eslint.`)
  process.exit(2)
}
if (!isInstalled()) await install()
await tasks[task](rest)
