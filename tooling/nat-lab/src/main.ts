/**
 * `npm run nat-lab -- [--times N]`: builds the laboratory, classifies every NAT and punches every pair N times (default 3; the bars of the project are for
 * 20). Ends with one line of counts. Where it cannot run it says why, and that is no failure.
 */
import { spawn } from 'node:child_process'
import { Command, InvalidArgumentError } from 'commander'
import { classify } from './classification.ts'
import { Host } from './host.ts'
import { punchAll } from './punching.ts'
import { mapAll } from './mapping.ts'
import { findWay } from './requirements.ts'
import { run, tryRun } from './shell.ts'
import { build, stun } from './topology.ts'

const wholeNumber = (text: string): number => {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('It is a whole number, 1 or more.')
  return number
}

const { times: wanted } = new Command('nat-lab')
  .description(
    'NATs of Linux in network namespaces, classified and punched through by @p2p/network. Nothing leaves this machine.',
  )
  .option('--times <number>', 'repetitions of each; the bars of the project are for 20', wholeNumber, 3)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse()
  .opts<{ times: number }>()

/** Set in the process that has the namespaces. */
const marker = 'P2P_NAT_LAB'

const startServer = () => {
  const args = ['netns', 'exec', 'internet', 'turnserver', '-n', '-L', stun.address, '-L', stun.other]
  args.push('--listening-port', String(stun.port), '--alt-listening-port', String(stun.otherPort))
  args.push('--no-tls', '--no-dtls', '--no-cli', '--user', 'u:p', '--realm', 'lab.test', '--lt-cred-mech')
  args.push('--userdb', '/run/turn.db', '--pidfile', '/run/turn.pid', '--log-file', 'stdout', '--simple-log')
  return spawn('ip', args, { stdio: 'ignore' })
}

/** Waits until the server answers, as its own client says. That one waits for ever for an answer to what was sent too early. */
const serverIsUp = async () => {
  const client = ['netns', 'exec', 'c', 'turnutils_stunclient', '-p', String(stun.port), stun.address]
  for (let attempt = 0; ; attempt++) {
    const { text } = await tryRun('ip', client, '', 500)
    if (text.includes('reflexive')) return
    if (attempt > 40) throw new Error(`the STUN server does not answer: ${text}`)
  }
}

const say = (text: string) => console.log(text)
const agrees = (name: string, answer: boolean | undefined) =>
  answer === undefined ? '' : answer ? `, as ${name}` : `, ${name} says otherwise`

const laboratory = async () => {
  await run('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
  await build()
  const server = startServer()
  const hosts = { a: new Host('a'), b: new Host('b'), c: new Host('c'), d: new Host('d') }
  const counts = { passed: 0, failed: 0 }
  const count = (ok: boolean, wrong: readonly string[]) => {
    counts[ok ? 'passed' : 'failed'] += 1
    for (const text of wrong) say(`    ${text}`)
  }
  try {
    await serverIsUp()
    for await (const { name, right, times: all, slowest, median, coturn, debian, wrong } of classify(
      hosts,
      wanted,
    )) {
      const ok = wrong.length === 0 && coturn !== false && debian !== false
      say(
        `${ok ? 'right ' : 'WRONG '} ${name}: ${right} of ${all}, ${median} ms, at most ${slowest} ms${agrees('coturn', coturn)}${agrees("Debian's stun", debian)}`,
      )
      count(ok, wrong)
    }
    for await (const { name, right, times: all, slowest, wrong } of punchAll(hosts.a, hosts.b, wanted)) {
      say(`${right === all ? 'right ' : 'WRONG '} ${name}: ${right} of ${all}, at most ${slowest} ms`)
      count(right === all, wrong)
    }
    for await (const { name, wrong } of mapAll(hosts.a, hosts.c)) {
      say(`${wrong.length === 0 ? 'right ' : 'WRONG '} ${name}`)
      count(wrong.length === 0, wrong)
    }
  } finally {
    for (const host of Object.values(hosts)) host.end()
    server.kill()
  }
  say(`${counts.passed} passed, ${counts.failed} failed`)
  process.exitCode = counts.failed > 0 ? 1 : 0
}

if (process.env[marker] === '1') {
  await laboratory()
  // The namespaces end with this process
  process.exit()
}
const found = await findWay()
if ('reason' in found) {
  say(`skipped: ${found.reason}`)
  say('0 passed, 0 failed, 1 skipped')
} else {
  const args = [...found.way, process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const child = spawn('unshare', args, { stdio: 'inherit', env: { ...process.env, [marker]: '1' } })
  child.on('exit', code => {
    process.exitCode = code ?? 1
  })
}
