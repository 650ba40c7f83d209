import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { program } from 'commander'
import { consume, messageOf } from './consumer.ts'
import { build, pack, type Tarball } from './tarballs.ts'

/** Packages that are tried at the same time: npm waits for the network while another one computes. */
const concurrency = 2

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`

/** Tries one package and says how it went. */
const report = async (
  tarball: Tarball,
  all: readonly Tarball[],
  folder: string,
  nodes: readonly string[],
  signal: AbortSignal,
) => {
  const begin = performance.now()
  try {
    signal.throwIfAborted()
    const done = await consume(tarball, all, folder, nodes, signal)
    console.log(`ok      ${tarball.name}: ${done} (${seconds(begin)})`)
    return true
  } catch (error) {
    console.error(`FAILED  ${tarball.name}, ${messageOf(error)}`)
    return false
  }
}

/** @returns whether all that was wanted works */
const packAndRun = async (
  wanted: readonly string[],
  folder: string,
  nodes: readonly string[],
  signal: AbortSignal,
): Promise<boolean> => {
  const begin = performance.now()
  console.log('building and packing …')
  // Those that could be built are tried all the same.
  const failure = await build(signal).catch((error: unknown) => `FAILED  ${messageOf(error)}`)
  if (failure !== undefined) console.error(failure)
  signal.throwIfAborted()

  const all = await pack(folder, signal)
  const unknown = wanted.find(name => !all.some(tarball => tarball.name === name))
  if (unknown !== undefined) {
    throw new Error(`there is no package ${unknown}, only ${all.map(({ name }) => name).join(', ')}`)
  }
  const chosen = wanted.length === 0 ? all : all.filter(({ name }) => wanted.includes(name))
  console.log(`packed ${all.length} packages (${seconds(begin)})`)

  const queue = [...chosen]
  let working = 0
  const work = async () => {
    for (let tarball = queue.shift(); tarball !== undefined; tarball = queue.shift()) {
      if (await report(tarball, all, join(folder, basename(tarball.folder)), nodes, signal)) working += 1
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  console.log(`${working} of ${chosen.length} packages work on their own (${seconds(begin)})`)
  return failure === undefined && working === chosen.length
}

interface Options {
  readonly keep: boolean
  readonly node: readonly string[]
}

const main = async (wanted: readonly string[], { keep, node }: Options) => {
  const controller = new AbortController()
  const interrupt = () => controller.abort(new Error('interrupted'))
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pack-and-run-')))
  try {
    process.exitCode = (await packAndRun(wanted, folder, [process.execPath, ...node], controller.signal))
      ? 0
      : 1
  } catch (error) {
    console.error(`FAILED  ${messageOf(error)}`)
    process.exitCode = 1
  } finally {
    if (keep) console.log(`kept ${folder}`)
    else rmSync(folder, { recursive: true })
  }
}

program
  .name('pack-and-run')
  .description(
    'Packs every package as npm would publish it, installs each into an empty folder of its own as its README says, and runs the README there.',
  )
  .argument('[packages...]', 'only these, such as @p2p/mesh')
  .option('--keep', 'leave the folders for inspection', false)
  .option(
    '--node <path>',
    'run everything with this Node.js too',
    (path: string, paths: readonly string[]) => [...paths, path],
    [] as readonly string[],
  )
  .action(main)

await program.parseAsync()
