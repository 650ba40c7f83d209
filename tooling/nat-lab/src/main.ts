/**
 * `npm run nat-lab -- [--times N] [--labs N] [--bars]`: builds laboratories, classifies every NAT and punches every pair N times (default 3; the bars of the
 * project are for 20). What was wrong once is tried once more, and its line says so. Ends with one line of counts. Where it cannot run it says why, and
 * that is no failure.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Command, InvalidArgumentError } from 'commander'
import { type Outcome, tryCases } from './laboratory.ts'
import { findWays, type Way } from './requirements.ts'

const wholeNumber = (text: string): number => {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('It is a whole number, 1 or more.')
  return number
}

const { times, labs, bars } = new Command('nat-lab')
  .description(
    'NATs of Linux in network namespaces, classified and punched through by @p2p/network. Nothing leaves this machine.',
  )
  .option('--times <number>', 'repetitions of each; the bars of the project are for 20', wholeNumber, 3)
  .option('--labs <number>', 'laboratories side by side, which share the work', wholeNumber, 5)
  .option(
    '--bars',
    'what is right but slower than the bars of the project fails too, and nothing is tried once more: for a machine that has nothing else to do',
  )
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse()
  .opts<{ times: number; labs: number; bars?: true }>()

/** Set in the processes that have namespaces of their own: the number of the laboratory. */
const marker = 'P2P_NAT_LAB'

const say = (text: string) => console.log(text)

/** Begins a laboratory in new namespaces. @returns how it ended, or nothing if it ended well */
const runLab = (index: number, way: Way, onOutcome: (outcome: Outcome) => void) =>
  new Promise<string | undefined>((resolve, reject) => {
    const args = [...way.args, process.execPath, ...process.execArgv, ...process.argv.slice(1)]
    const env = { ...process.env, [marker]: String(index) }
    const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'], env })
    createInterface({ input: child.stdout }).on('line', line => onOutcome(JSON.parse(line) as Outcome))
    child.on('error', reject)
    child.on('close', (code, signal) =>
      resolve(code === 0 ? undefined : `laboratory ${index} ended with ${String(code ?? signal)}`),
    )
  })

const share = process.env[marker]
if (share !== undefined) {
  for await (const outcome of tryCases(times, { index: Number(share), of: labs }, bars !== true))
    process.stdout.write(`${JSON.stringify(outcome)}\n`)
  // The namespaces, and what still runs in them, end with this process
  process.exit()
}

const found = await findWays()
if (typeof found === 'string') {
  say(`skipped: ${found}`)
  say('0 passed, 0 failed, 1 skipped')
} else {
  const counts = { passed: 0, failed: 0 }
  const count = ({ name, ok, wrong, slow = [] }: Outcome) => {
    say(`${ok ? (slow.length > 0 ? 'slow  ' : 'right ') : 'WRONG '} ${name}`)
    for (const text of [...wrong, ...slow]) say(`    ${text}`)
    counts[ok && (bars !== true || slow.length === 0) ? 'passed' : 'failed'] += 1
  }
  // Where both ways lead somewhere, both are taken
  const wayOf = (index: number) => found[index % found.length] ?? found[0]
  say(`${labs} laboratories, ${found.map(({ name }) => name).join(' and ')}`)
  const ends = await Promise.all(
    Array.from({ length: labs }, (_, index) => runLab(index, wayOf(index), count)),
  )
  for (const end of ends) if (end !== undefined) count({ name: end, ok: false, wrong: [] })
  say(`${counts.passed} passed, ${counts.failed} failed`)
  process.exitCode = counts.failed > 0 ? 1 : 0
}
