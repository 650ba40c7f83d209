// npm run demo: processes that share the index of a folder, and a verdict on what they hold.
import { randomBytes } from 'node:crypto'
import { once, setMaxListeners } from 'node:events'
import { leftOut, resolveFolder, walk } from '../folder/walk.ts'
import { bytes, count, describe } from '../words.ts'
import { Chaos } from './chaos.ts'
import { check } from './check.ts'
import { createNarrator } from './narrator.ts'
import { type DemoOptions, parseOptions } from './options.ts'
import { perform, type Play, wrongSecret } from './play.ts'
import { Processes } from './processes.ts'
import { createScratch } from './scratch.ts'
import { isLive, LiveView } from './view/live-view.ts'
import { plainView, type View } from './view/view.ts'

/** Milliseconds that the processes have to leave the network in order. */
const leaving = 5_000

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
  { nodes, dir, keep, secret: given, timeout, chaos }: DemoOptions,
  view: View,
  signal: AbortSignal,
): Promise<number> => {
  const narrator = createNarrator((text, tone) => view.line(text, tone))
  const since = Date.now()
  const folder = await resolveFolder(dir)
  const { paths, unreadable } = await walk(folder, signal)
  if (paths.length === 0) {
    const [first] = unreadable
    throw new Error(
      `there are no files to read in ${folder}${first === undefined ? '' : `: ${first.reason}`}`,
    )
  }
  narrator.say('demo', `${nodes} processes index ${folder}: ${count(paths.length, 'file')}`)
  narrator.say('demo', `folders named ${leftOut.join(', ')} and symbolic links are left out`)

  let files = 0
  let size = 0
  const network = `demo-${randomBytes(4).toString('hex')}`
  const secret = given ?? randomBytes(32).toString('hex')
  // Who is killed comes back as the same node
  await using identities = chaos === undefined ? undefined : await createScratch()
  await using processes = new Processes({
    network,
    secret,
    signal,
    stall: timeout,
    leaving,
    identities: identities?.path,
    figuresEvery: view.figuresEvery,
    listener: name => ({
      progress: (moreFiles, moreBytes) => {
        files += moreFiles
        size += moreBytes
        narrator.progress('demo', () => `the nodes have read ${count(files, 'file')}, ${bytes(size)}, so far`)
      },
      figures: figures => view.told(name, figures),
      refused: (code, text) => code === wrongSecret && narrator.say(name, `turned somebody away: ${text}`),
      trouble: message => narrator.say(name, message),
      complaint: line => view.complaint(line),
      ended: ({ signal }) => view.changed(name, signal === 'SIGKILL' ? 'killed' : 'left'),
    }),
    onStarted: ({ name, pid }) => view.started(name, pid),
    onJoined: ({ name }) => view.changed(name, 'up'),
    onKilled: name => narrator.say(name, `had to be killed: it did not leave in order`),
  })
  const play: Play = { folder, nodes, processes, narrator, stall: timeout }
  const { living: gathered, refused, turnedAway } = await perform(play)
  const aftermath = chaos && (await new Chaos(play, chaos, signal).unleash(gathered))
  const living = aftermath?.living ?? gathered
  const { right, scope } = await check(play, living, since, signal)

  // What is said last stays below all that was drawn
  if (!keep) view[Symbol.dispose]()
  const after = aftermath === undefined ? '' : `, after ${count(aftermath.kills, 'kill')}`
  const safe = refused && turnedAway
  if (right) {
    const outside = turnedAway ? '; the outsider was turned away' : ''
    narrator.say(
      'verdict',
      `${safe ? 'RIGHT' : 'WRONG'}: ${living.length} living nodes hold the same complete index as the disk, ${scope}${after}${outside}`,
      safe ? 'good' : 'bad',
    )
  } else {
    narrator.say('verdict', `WRONG: not every living node holds what is on the disk, ${scope}${after}`, 'bad')
  }
  if (!refused) narrator.say('verdict', 'WRONG: a key was not safe from a node that does not own it', 'bad')
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
