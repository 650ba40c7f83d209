// Everything that a change must pass, from a clean clone with nothing but Node.js and npm. It goes on after a failure, so that all is reported,
// and ends with one line of counts. It uses no packages: the first step installs them.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

const root = fileURLToPath(new URL('../', import.meta.url))

/** Tarballs, and a second Node.js. */
const temporary = mkdtempSync(join(tmpdir(), 'p2p-ci-'))
process.on('exit', () => rmSync(temporary, { recursive: true, force: true }))

/** The line of Node.js on which what was built is tested too. It comes as a package of the npm registry, without install scripts. */
const secondLine = 24
const platform = `${process.platform}-${process.arch}`
const hasSecondNode = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'].includes(platform)
const nodePackage = `node-${platform}`
const secondNode = join(temporary, 'node_modules', nodePackage, 'bin')
const skippedSecond = hasSecondNode ? undefined : `npm has no Node.js for ${platform}`

/** The same seeds each time, about a minute of them a protocol on two idle cores: a change is judged by itself, not by its luck. New ones are run by hand. */
const simulate = (protocol, seeds) => `npm run simulate -- ${protocol} --from 1 --seeds ${seeds}`

const packages = 'npx pnpm --recursive --filter "./packages/*"'

/**
 * One line per step, in this order: what fails soonest first, then what needs the packages built, then what takes long. A step counts as one, or with
 * `tests` as many as the tests that it ran; with `verdict` it counts itself, and may say why it was skipped. It is skipped where the command `needs` fails, and for
 * the reason `skipped` if there is one. If `prepare` fails, those who need it say what they lack. All steps together take less than 15 minutes on two idle cores;
 * `minutes` is when a step hangs.
 */
const steps = [
  { name: 'test', prepare: 'tooling/system-programs.sh', command: 'npm test', minutes: 10, tests: true },
  { name: 'test of the tools and of all examples', command: 'npm run test:tooling', minutes: 6, tests: true },
  { name: 'lint', command: 'npm run lint', minutes: 5 },
  { name: 'format', command: 'npm run format', minutes: 2 },
  { name: 'typecheck', command: 'npm run typecheck', minutes: 5 },
  { name: 'build', command: 'npm run build', minutes: 5 },
  { name: 'boundaries', command: 'npm run boundaries', minutes: 1 },
  { name: 'knip', command: 'npx knip --no-progress', minutes: 2 },
  { name: 'publint', command: `${packages} exec publint --strict`, minutes: 2 },
  {
    // Of what pnpm packs: npm would leave the exports that only the workspace has.
    name: 'are the types wrong',
    command: `${packages} pack --pack-destination ${temporary} && ls ${temporary}/*.tgz | xargs -n 1 -P 2 npx attw --profile esm-only --format ascii`,
    minutes: 3,
  },
  // It compares with the branch main, which a clone of one branch may not have.
  {
    name: 'changeset',
    command: 'npx changeset status',
    minutes: 1,
    needs: 'git rev-parse --quiet --verify main',
  },
  {
    name: `install Node.js ${secondLine}`,
    command: `npm install --prefix ${temporary} --no-audit --no-fund --loglevel=error ${nodePackage}@${secondLine} && ${secondNode}/node --version`,
    minutes: 2,
    skipped: skippedSecond,
  },
  {
    name: hasSecondNode ? `pack-and-run, also on Node.js ${secondLine}` : 'pack-and-run',
    command: `npm run pack-and-run${hasSecondNode ? ` -- --node ${secondNode}/node` : ''}`,
    minutes: 5,
  },
  {
    name: `tests of the built packages on Node.js ${secondLine}`,
    command: `${packages} --workspace-concurrency=2 --no-bail exec vitest run`,
    env: { P2P_BUILT: '1', PATH: `${secondNode}${delimiter}${process.env.PATH}` },
    minutes: 8,
    tests: true,
    skipped: skippedSecond,
  },
  {
    // A hundred thousand frames and messages through every framing and codec; `npm test` takes a tenth of them.
    name: 'fuzz framing',
    command: 'cd packages/framing && npx vitest run test/fuzz.test.ts',
    env: { FUZZ_SCALE: '1' },
    minutes: 3,
    tests: true,
  },
  { name: 'fuzz', command: 'npm run fuzz -- all --count 10000', minutes: 5, counts: 'inputs' },
  { name: 'planted bugs', command: 'npx pnpm --filter @p2p/simulate breaks', minutes: 5, tests: true },
  {
    // Network namespaces, NATs of Linux, coturn, miniupnpd: on a machine that lets us have them.
    name: 'nat-lab',
    command: 'npm run nat-lab -- --times 3',
    minutes: 3,
    verdict: true,
  },
  { name: 'simulate mesh', command: simulate('mesh', 240), minutes: 5, counts: 'seeds' },
  { name: 'simulate sync', command: simulate('sync', 480), minutes: 5, counts: 'seeds' },
  { name: 'simulate chord', command: simulate('chord', 150), minutes: 5, counts: 'seeds' },
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
const run = (command, minutes, more) =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, CI: 'true', ...more }
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

/** The last line of a program that counts what it tried: `1000 seeds, 0 failed`. */
const lastCount = (output, noun) => {
  const lines = stripVTControlCharacters(output).match(new RegExp(`^\\d+ ${noun}, \\d+ failed$`, 'gmu'))
  return lines?.at(-1)
}

/** The last line of a program that counts what it tried itself: `41 passed, 0 failed`, and perhaps `, 1 skipped`. */
const countVerdict = output => {
  const pattern = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gmu
  const [, passed = 0, failed = 0, skipped = 0] =
    [...stripVTControlCharacters(output).matchAll(pattern)].at(-1) ?? []
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) }
}

/** Why such a program did nothing. */
const reasonIn = output => /^skipped: (.*)$/mu.exec(stripVTControlCharacters(output))?.[1]

/** Lines of a failed step that are repeated at the end, where they are seen by who sees only that: what says that something is wrong, and the last ones. */
const shown = { wrong: 20, last: 15, characters: 300 }

/** A line that says what is wrong, whoever wrote it: a program of ours, vitest, TAP, TypeScript, ESLint, npm; perhaps with the name of a task before it. */
const complaint =
  /^(?:\S+:\S+: |\S+ \w+: )?\s*(?:WRONG|FAIL|FAILED|not ok|seed \d+:|replay:|[\w.]*Error|error|npm error|\d+:\d+ +error|✖|×)(?![\w-])|\berror TS\d+/u

/** What a failed step says about it: its complaints, each with the lines below it that are indented more, and its last lines. */
const reasons = output => {
  const lines = stripVTControlCharacters(output)
    .split('\n')
    .map(line => line.trimEnd())
    .filter(line => line !== '')
  const depth = line => line.length - line.trimStart().length
  const wrong = []
  let above
  for (const [place, line] of lines.entries()) {
    const isDetail = above !== undefined && depth(line) > above
    if (complaint.test(line)) above = isDetail ? above : depth(line)
    else if (!isDetail) above = undefined
    if (above !== undefined) wrong.push(place)
  }
  const last = lines.length - shown.last
  const early = wrong.filter(place => place < last)
  const kept = early.slice(0, shown.wrong).map(place => lines[place])
  if (early.length > shown.wrong) kept.push(`(and ${early.length - shown.wrong} more such lines)`)
  const text = [...kept, ...(kept.length > 0 ? ['…'] : []), ...lines.slice(-shown.last)]
  return text.map(line => `    ${line.slice(0, shown.characters)}`).join('\n')
}

const total = { passed: 0, failed: 0, skipped: 0 }
const summary = []
const failures = []
for (const { name, prepare, command, minutes, env, needs, skipped, tests, verdict, counts: noun } of steps) {
  console.log(`\n=== ${name}: ${command} ===\n`)
  const reason = skipped ?? (needs === undefined || (await run(needs, 1)).ok ? undefined : `${needs} fails`)
  if (reason !== undefined) {
    total.skipped += 1
    summary.push(`skipped  ${name}: ${reason}`)
    continue
  }
  if (prepare !== undefined) await run(prepare, minutes)
  const begin = performance.now()
  const { ok: ended, hangs, output } = await run(command, minutes, env)
  const count = noun === undefined ? undefined : lastCount(output, noun)
  // What counts and says no number has not done its work
  const ok = ended && (noun === undefined || (count !== undefined && !count.startsWith('0 ')))
  const seconds = ((performance.now() - begin) / 1000).toFixed(1)
  const counts = tests
    ? countTests(output)
    : verdict
      ? countVerdict(output)
      : { passed: Number(ok), failed: Number(!ok), skipped: 0 }
  if (verdict && ok && counts.passed + counts.failed === 0 && counts.skipped > 0) {
    total.skipped += counts.skipped
    summary.push(`skipped  ${name}: ${reasonIn(output) ?? 'it does not say why'}`)
    continue
  }
  // It can fail without a failed test, and a run of no tests is no success.
  if ((!ok || counts.passed === 0) && counts.failed === 0) counts.failed = 1
  for (const key of Object.keys(total)) total[key] += counts[key]
  const words = [`${counts.failed > 0 ? 'FAILED ' : 'passed '}  ${name} in ${seconds} s`]
  if (tests) words.push(`${counts.passed} tests passed`)
  if (verdict) words.push(`${counts.passed} checks passed`)
  if (count !== undefined) words.push(count)
  if (hangs) words.push(`ended after ${minutes} min`)
  summary.push(words.join(', '))
  if (counts.failed > 0) failures.push(`FAILED   ${name}, its output:\n${reasons(output)}\n`)
}

console.log(`\n=== summary ===\n\n${[...summary, '', ...failures].join('\n')}`)
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed > 0 ? 1 : 0
