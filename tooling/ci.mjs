// Everything that a change must pass, from a clean clone with nothing but Node.js and npm. It goes on after a failure, so that all is reported,
// and ends with one line of counts. It uses no packages: the first step installs them.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

const root = fileURLToPath(new URL('../', import.meta.url))

/**
 * One line per step. A step counts as one, or with `tests` as many as the tests that it ran. Where the command `needs` fails, the step is skipped.
 */
const steps = [
  { name: 'test', command: 'npm test', minutes: 10, tests: true },
  { name: 'lint', command: 'npm run lint', minutes: 5 },
  { name: 'format', command: 'npm run format', minutes: 2 },
  { name: 'typecheck', command: 'npm run typecheck', minutes: 5 },
  { name: 'build', command: 'npm run build', minutes: 5 },
  { name: 'boundaries', command: 'npm run boundaries', minutes: 1 },
  // It compares with the branch main, which a clone of one branch may not have.
  {
    name: 'changeset',
    command: 'npx changeset status',
    minutes: 1,
    needs: 'git rev-parse --quiet --verify main',
  },
  { name: 'pack-and-run', command: 'npm run pack-and-run', minutes: 5 },
]

/** The process group of the step that is running. */
let group

const endGroup = () => {
  try {
    if (group !== undefined) process.kill(-group, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

/** Runs a command in a process group of its own, shows and returns what it writes, and ends all of it when its time is up. */
const run = (command, minutes) =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, CI: 'true' }
    const stdio = ['ignore', 'pipe', 'pipe']
    const child = spawn(command, { cwd: root, env, stdio, shell: true, detached: true })
    group = child.pid
    let output = ''
    for (const [stream, terminal] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      stream.setEncoding('utf8').on('data', text => {
        output += text
        terminal.write(text)
      })
    }
    let hangs = false
    const deadline = setTimeout(() => {
      hangs = true
      endGroup()
    }, minutes * 60_000)
    child.on('error', reject)
    child.on('exit', code => {
      clearTimeout(deadline)
      // What a step leaves behind would hold its output open, and disturb the next step.
      endGroup()
      group = undefined
      child.on('close', () => resolve({ ok: code === 0 && !hangs, hangs, output }))
    })
  })

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    endGroup()
    process.exit(1)
  })
}

/** Adds up the last lines of vitest, one per package: `Tests  1 failed | 22 passed | 3 skipped (26)`. */
const countTests = output => {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const [line] of stripVTControlCharacters(output).matchAll(/ Tests {2}.*\(\d+\)$/gmu)) {
    for (const [, number, outcome] of line.matchAll(/(\d+) (passed|failed|skipped|todo)/gu)) {
      counts[outcome === 'todo' ? 'skipped' : outcome] += Number(number)
    }
  }
  return counts
}

const total = { passed: 0, failed: 0, skipped: 0 }
const summary = []
for (const { name, command, minutes, needs, tests } of steps) {
  console.log(`\n=== ${name}: ${command} ===\n`)
  if (needs !== undefined && !(await run(needs, 1)).ok) {
    total.skipped += 1
    summary.push(`skipped  ${name}: ${needs} fails`)
    continue
  }
  const begin = performance.now()
  const { ok, hangs, output } = await run(command, minutes)
  const seconds = ((performance.now() - begin) / 1000).toFixed(1)
  const counts = tests ? countTests(output) : { passed: Number(ok), failed: Number(!ok), skipped: 0 }
  // It can fail without a failed test, and a run of no tests is no success.
  if ((!ok || counts.passed === 0) && counts.failed === 0) counts.failed = 1
  for (const key of Object.keys(total)) total[key] += counts[key]
  const words = [`${counts.failed > 0 ? 'FAILED ' : 'passed '}  ${name} in ${seconds} s`]
  if (tests) words.push(`${counts.passed} tests passed`)
  if (hangs) words.push(`ended after ${minutes} min`)
  summary.push(words.join(', '))
}

console.log(`\n=== summary ===\n\n${summary.join('\n')}\n`)
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed > 0 ? 1 : 0
