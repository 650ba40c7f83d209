// npm run demo: processes that share the index of a folder, and a verdict on what they hold.
import { randomBytes } from 'node:crypto'
import { once, setMaxListeners } from 'node:events'
import { leftOut, resolveFolder, walk } from '../folder/walk.ts'
import { bytes, count, describe } from '../words.ts'
import { check } from './check.ts'
import { createNarrator } from './narrator.ts'
import { type DemoOptions, parseOptions } from './options.ts'
import { perform, type Play } from './play.ts'
import { Processes } from './processes.ts'

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

const narrator = createNarrator(line => process.stdout.write(line))

/** Plays, compares and tells the verdict. Returns the exit code. */
const demo = async ({ nodes, dir, keep, timeout }: DemoOptions, signal: AbortSignal): Promise<number> => {
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
  await using processes = new Processes({
    network,
    signal,
    stall: timeout,
    leaving,
    listener: name => ({
      progress: (moreFiles, moreBytes) => {
        files += moreFiles
        size += moreBytes
        narrator.progress('demo', () => `the nodes have read ${count(files, 'file')}, ${bytes(size)}, so far`)
      },
      trouble: message => narrator.say(name, message),
    }),
    onKilled: name => narrator.say(name, `had to be killed: it did not leave in order`),
  })
  const play: Play = { folder, nodes, processes, narrator, stall: timeout }
  const { seed, living, refused } = await perform(play)
  const { right, scope } = await check(play, living, since, signal)

  if (right)
    narrator.say(
      'verdict',
      `${refused ? 'RIGHT' : 'WRONG'}: ${living.length} living nodes hold the same complete index as the disk, ${scope}`,
    )
  else narrator.say('verdict', `WRONG: not every living node holds what is on the disk, ${scope}`)
  if (!refused) narrator.say('verdict', 'WRONG: a key was not safe from a node that does not own it')

  if (keep) {
    for (const { name, process } of living)
      void process.ended.then(({ text }) => signal.aborted || narrator.say(name, text))
    narrator.say('demo', 'the network stays up until Ctrl-C; join it from another terminal with')
    narrator.say('demo', `npm run node -- --network ${network} --join ${seed.address}`)
    await once(signal, 'abort')
  }
  return right && refused ? 0 : 1
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
  try {
    process.exitCode = await demo(options, controller.signal)
  } catch (error) {
    const reason: unknown = controller.signal.aborted ? controller.signal.reason : error
    process.exitCode = reason instanceof Interrupted ? reason.exitCode : 1
    process.stderr.write(`demo: ${describe(reason)}\n`)
  } finally {
    clearInterval(orphaned)
  }
}

await main(parseOptions(process.argv))
