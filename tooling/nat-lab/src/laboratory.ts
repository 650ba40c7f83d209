import { spawn } from 'node:child_process'
import { classifications } from './classification.ts'
import { Host } from './host.ts'
import { mappings } from './mapping.ts'
import { punches } from './punching.ts'
import { routings } from './routing.ts'
import { run, tryRun } from './shell.ts'
import { build, stun } from './topology.ts'

/** What a case finds: hosts behind routers that it may set up as it likes. */
export interface Laboratory {
  /** A program of ours on one of the hosts, ready: what it does first shall not take the time that its start does. */
  readonly host: (name: 'a' | 'b' | 'c' | 'd' | 'e') => Promise<Host>
  /** Whether what was wrong once is tried once more. */
  readonly mayRepeat: boolean
}

/** What came of a case. Plain data: it is sent as JSON. */
export interface Outcome {
  /** What was tried, with its figures. */
  readonly name: string
  readonly ok: boolean
  /** What was wrong, if anything was; also where it was right once more. */
  readonly wrong: readonly string[]
  /** What took longer than it may, if anything did. That may be the machine's fault. */
  readonly slow?: readonly string[]
}

/** Something to be tried in a laboratory that nobody else uses meanwhile. */
export type Case = (laboratory: Laboratory) => Promise<Outcome>

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

/**
 * Builds a laboratory in the namespaces of this process, and tries its share of the cases there. Several such processes share them all, because most of
 * the time a case waits for silence.
 *
 * @param share every `of`-th case from the one with the number `index` on
 * @param mayRepeat whether what was wrong once is tried once more
 */
export async function* tryCases(
  times: number,
  share: { readonly index: number; readonly of: number },
  mayRepeat: boolean,
): AsyncGenerator<Outcome> {
  const all = [...mappings, ...routings, ...classifications(times), ...punches(times)]
  const cases = all.filter((_, place) => place % share.of === share.index)
  await run('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
  await build()
  const server = startServer()
  const hosts = new Map<string, Host>()
  const host = async (name: string) => {
    const known = hosts.get(name)
    if (known !== undefined) return known
    const started = new Host(name)
    hosts.set(name, started)
    const { type } = await started.next()
    if (type !== 'ready') throw new Error(`host ${name} begins with ${type}`)
    return started
  }
  try {
    await serverIsUp()
    for (const attempt of cases) yield await attempt({ host, mayRepeat })
  } finally {
    for (const each of hosts.values()) each.end()
    server.kill()
  }
}
