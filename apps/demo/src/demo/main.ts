// npm run demo: processes that share the index of a folder, and a verdict on what they hold.
import { randomBytes } from 'node:crypto'
import { once, setMaxListeners } from 'node:events'
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { identityFromFile } from '@p2p/mesh/identity-file'
import { leftOut, resolveFolder, walk } from '../folder/walk.ts'
import { count, describe, printable } from '../words.ts'
import { Chaos } from './chaos.ts'
import { check } from './check.ts'
import { createNarrator } from './narrator.ts'
import { type DemoOptions, parseOptions } from './options.ts'
import { perform, type Play, wrongSecret } from './play.ts'
import { Processes } from './processes.ts'
import { replaceAll } from './replacement.ts'
import { createScratch } from './scratch.ts'
import { isLive, LiveView } from './view/live-view.ts'
import { plainView, type View } from './view/view.ts'

/** Milliseconds that the processes have to leave the network in order. */
const leaving = 5_000

/**
 * Milliseconds between two rounds of any process in which the table's ring is looked after: so many rounds as a few processors can take, so that who was
 * killed is made up for soon. From twenty processes on it is one each second, the table's own default.
 */
const roundEvery = 50

/** Ended from outside, which is no failure of the demo. */
class Interrupted extends Error {
  readonly exitCode: number

  constructor(signal: string, exitCode: number) {
    super(`ended by ${signal}`)
    this.exitCode = exitCode
  }
}

/** Plays, compares and tells the verdict. Returns the exit code. */
const demo = async (
  { nodes, dir, keep, secret: given, identity, timeout, chaos, replace }: DemoOptions,
  view: View,
  signal: AbortSignal,
): Promise<number> => {
  const narrator = createNarrator((text, tone) => view.line(text, tone))
  const since = Date.now()
  const folder = await resolveFolder(dir)
  // Made, or refused, before anything starts
  if (identity !== undefined) await identityFromFile(identity)
  const key = identity && (await realpath(identity))
  const { paths, unreadable } = await walk(folder, signal)
  if (paths.length === 0) {
    const [first] = unreadable
    throw new Error(
      `there are no files to read in ${folder}${first === undefined ? '' : `: ${first.reason}`}`,
    )
  }
  narrator.say('demo', `${nodes} processes index ${printable(folder)}: ${count(paths.length, 'file')}`)
  narrator.say('demo', `folders named ${leftOut.join(', ')} and symbolic links are left out`)

  const done = { read: 0, stored: 0, recalled: 0 }
  const network = `demo-${randomBytes(4).toString('hex')}`
  const secret = given ?? randomBytes(32).toString('hex')
  // Who is killed comes back as the same node
  await using scratch = chaos === undefined ? undefined : await createScratch()
  await using processes = new Processes({
    network,
    secret,
    signal,
    stall: timeout,
    leaving,
    identityOf: index =>
      index === 0 && identity !== undefined ? identity : scratch && join(scratch.path, `node-${index}.pem`),
    interval: Math.min(1_000, nodes * roundEvery),
    figuresEvery: view.figuresEvery,
    listener: (name, isNode) => ({
      progress: (work, files) => {
        done[work] += files
        const what = { read: 'read', stored: 'put into the table', recalled: 'read back from the table' }[
          work
        ]
        narrator.progress('demo', () => `files that the nodes have ${what} so far: ${done[work]}`)
      },
      figures: figures => isNode() && view.told(name, figures),
      refused: (code, text) => code === wrongSecret && narrator.say(name, `turned somebody away: ${text}`),
      trouble: message => narrator.say(name, message),
      complaint: line => view.complaint(line),
      ended: ({ signal }) => isNode() && view.changed(name, signal === 'SIGKILL' ? 'killed' : 'left'),
    }),
    onStarted: ({ name, pid }) => view.started(name, pid),
    onJoined: ({ name }) => view.changed(name, 'up'),
    onKilled: name => narrator.say(name, `had to be killed: it did not leave in order`),
  })
  const play: Play = { folder, key, nodes, processes, narrator, stall: timeout }
  const { refused, turnedAway, ...gathered } = await perform(play)
  const aftermath = chaos && (await new Chaos(play, chaos, signal).unleash(gathered.living))
  const { living: old, stored } = aftermath ?? gathered
  const former = aftermath?.living ?? gathered.first
  const replaced = replace ? await replaceAll(play, old, former, stored) : undefined
  const living = replaced?.living ?? old
  const { right, scope, recalled, lost } = await check(play, living, stored, since, signal)

  // What is said last stays below all that was drawn
  if (!keep) view[Symbol.dispose]()
  const after = aftermath === undefined ? '' : `, after ${count(aftermath.kills, 'kill')}`
  const inVain = replaced?.failed.length ?? 0
  const safe = refused && turnedAway && lost === 0 && inVain === 0
  if (right) {
    const outside = turnedAway ? '; the outsider was turned away' : ''
    const turnover = replaced === undefined ? '' : ', after every process was replaced'
    const contents =
      lost === 0 ? `; the contents of ${count(recalled, 'file')} were read back${turnover}` : ''
    narrator.say(
      'verdict',
      `${safe ? 'RIGHT' : 'WRONG'}: ${living.length} living nodes hold the same complete index as the disk, ${scope}${after}${outside}${contents}`,
      safe ? 'good' : 'bad',
    )
  } else {
    narrator.say('verdict', `WRONG: not every living node holds what is on the disk, ${scope}${after}`, 'bad')
  }
  if (!refused) narrator.say('verdict', 'WRONG: a key was not safe from a node that does not own it', 'bad')
  if (lost > 0) narrator.say('verdict', `WRONG: the contents of ${count(lost, 'file')} were lost`, 'bad')
  if (inVain > 0) narrator.say('verdict', 'WRONG: contents were read in vain meanwhile', 'bad')
  if (!turnedAway) narrator.say('verdict', 'WRONG: the network was not safe from an outsider', 'bad')

  if (keep) {
    for (const { name, process } of living)
      void process.ended.then(({ text }) => signal.aborted || narrator.say(name, text))
    narrator.say('demo', 'the network stays up until Ctrl-C; join it from another terminal with')
    narrator.say(
      'demo',
      `npm run node -- --network ${network} --secret ${given === undefined ? secret : '…'} --join ${living[0]?.address ?? ''}`,
    )
    await once(signal, 'abort')
  }
  return right && safe ? 0 : 1
}

const main = async (options: DemoOptions) => {
  const controller = new AbortController()
  // Every process that is asked for something listens
  setMaxListeners(0, controller.signal)
  const interrupt = (signal: string, exitCode: number) => controller.abort(new Interrupted(signal, exitCode))
  // They stay caught to the end: a second Ctrl-C must not leave processes behind
  process.on('SIGINT', () => interrupt('SIGINT', 130)).on('SIGTERM', () => interrupt('SIGTERM', 143))
  process.on('SIGHUP', () => interrupt('SIGHUP', 129))
  // Whoever read the output has gone, as in `npm run demo | head`
  process.stdout.on('error', () => interrupt('the end of its output', 1))
  // npm's bootstrapper was killed in a way that it could not pass on: with --keep nobody would be left to end this
  const parent = process.ppid
  const orphaned = setInterval(() => process.ppid === parent || interrupt('the end of its parent', 1), 1_000)
  const view =
    !options.plain && isLive(process.stdout, process.env) ? new LiveView(process.stdout) : plainView()
  // The last frame is of the network as it was, not of how it ends
  const still = () => view[Symbol.dispose]()
  controller.signal.addEventListener('abort', still)
  try {
    process.exitCode = await demo(options, view, controller.signal)
  } catch (error) {
    still()
    const reason: unknown = controller.signal.aborted ? controller.signal.reason : error
    process.exitCode = reason instanceof Interrupted ? reason.exitCode : 1
    process.stderr.write(`demo: ${describe(reason)}\n`)
  } finally {
    still()
    clearInterval(orphaned)
  }
}

await main(parseOptions(process.argv))
