import { SeededRandom } from '@p2p/simulation'
import { toHex } from './bytes.ts'
import { samplesOf } from './corpus.ts'
import { growthLimit, held, metered } from './cost.ts'
import { mutate } from './mutate.ts'
import type { Subject, Target, Verdict } from './target.ts'

/** What to feed a target with. */
export interface RunOptions {
  readonly target: Target
  readonly count: number
  readonly seed: number
  /** This one input instead of those of the seed. */
  readonly input?: Uint8Array | undefined
  readonly signal: AbortSignal
  readonly print: (line: string) => void
}

/** How it went. */
export interface RunResult {
  readonly inputs: number
  readonly failed: number
}

/** Failures of a target that are told in full: the others are most likely the same. */
const told = 5

/** Longest input that is printed whole, in bytes; longer ones replay from the seed. */
const longestPrinted = 4096

/** Milliseconds between two lines of progress. */
const progressInterval = 5_000

/** Feeds a target. @returns how many inputs there were, and how many failed */
export const runTarget = async (options: RunOptions): Promise<RunResult> => {
  const { target, count, seed, input, signal, print } = options
  const corpus = samplesOf(target.name)
  const random = new SeededRandom(`${seed} ${target.name}`)
  const verdicts: Record<Verdict, number> = { accepted: 0, refused: 0 }
  const strays: unknown[] = []
  const stray = (error: unknown) => void strays.push(error)
  process.on('uncaughtException', stray).on('unhandledRejection', stray)

  const begin = performance.now()
  let [inputs, failed, lastPrint, baseline] = [0, 0, begin, 0]
  const seconds = () => ((performance.now() - begin) / 1000).toFixed(1)
  const fail = (error: unknown, replay: string, bytes?: Uint8Array) => {
    failed++
    if (failed > told) return
    print(`FAILED  ${target.name}, input ${inputs}: ${describe(error)}`)
    if (bytes !== undefined && bytes.length <= longestPrinted) print(`  input ${toHex(bytes)}`)
    print(`  replay: npm run fuzz -- ${target.name} ${replay}`)
    if (failed === told) print(`  further failures of ${target.name} are only counted`)
  }

  let subject = await target.open()
  const wanted = input === undefined ? count : 1
  // Fewer inputs than that show no leak
  const baselineAt = wanted < 1000 ? 0 : Math.ceil(wanted / 10)
  try {
    while (inputs < wanted && !signal.aborted) {
      const bytes = input ?? next(target, corpus, random, inputs)
      inputs++
      try {
        verdicts[await feed(subject, bytes, strays)]++
      } catch (error) {
        // What failed may be broken from now on
        await end(subject).catch(() => undefined)
        subject = await target.open()
        strays.length = 0
        fail(error, await replayOf(target, bytes, strays, `--seed ${seed} --count ${inputs}`), bytes)
      }
      if (inputs === baselineAt) baseline = held()
      if (performance.now() - lastPrint >= progressInterval) {
        lastPrint = performance.now()
        print(`${target.name}: ${inputs} of ${wanted} inputs, ${failed} failed (${seconds()} s)`)
      }
    }
    const growth = baseline === 0 || inputs < wanted ? 0 : held() - baseline
    if (growth > growthLimit) {
      fail(
        new Error(`it holds ${(growth / 2 ** 20).toFixed(0)} MiB more than before`),
        `--seed ${seed} --count ${count}`,
      )
    }
  } finally {
    await end(subject).catch((error: unknown) => fail(error, `--seed ${seed} --count ${inputs}`))
    process.off('uncaughtException', stray).off('unhandledRejection', stray)
  }
  const { accepted, refused } = verdicts
  print(
    `${failed === 0 ? 'ok     ' : 'FAILED '} ${target.name}: ${inputs} inputs, ${accepted} accepted, ${refused} refused, ${failed} failed (${seconds()} s)`,
  )
  return { inputs, failed }
}

/** The samples come first, as they are. */
const next = (
  { generate }: Target,
  corpus: readonly Uint8Array[],
  random: SeededRandom,
  index: number,
): Uint8Array => {
  const sample = corpus[index]
  if (sample !== undefined) return sample
  return generate !== undefined && random.chance(0.5) ? generate(random, corpus) : mutate(corpus, random)
}

const feed = async (subject: Subject, bytes: Uint8Array, strays: readonly unknown[]): Promise<Verdict> => {
  // A decoder must not write into what it reads, nor keep it
  const own = bytes.slice()
  const verdict = await metered(() => subject.check(own), bytes.length)
  if (Buffer.compare(own, bytes) !== 0) throw new Error('the decoder has changed its input')
  if (strays.length > 0) throw new Error('nobody caught this', { cause: strays[0] })
  return verdict
}

const end = async (subject: Subject): Promise<void> => {
  await subject.close?.()
}

/** The input, if it alone does it again, or else all that came before it. */
const replayOf = async (
  target: Target,
  bytes: Uint8Array,
  strays: unknown[],
  whole: string,
): Promise<string> => {
  if (bytes.length > longestPrinted) return whole
  const subject = await target.open()
  // The garbage of the failure, cleared away meanwhile, would hide what this costs
  held()
  try {
    await feed(subject, bytes, strays)
    return whole
  } catch {
    return `--input ${toHex(bytes)}`
  } finally {
    strays.length = 0
    await end(subject).catch(() => undefined)
  }
}

const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return `not an error was thrown, but ${String(error)}`
  const code = 'code' in error ? ` ${String(error.code)}` : ''
  const [, where = ''] = /\n\s*at (.*)/u.exec(error.stack ?? '') ?? []
  const cause = error.cause === undefined ? '' : `; caused by ${describe(error.cause)}`
  return `${error.name}${code}: ${error.message} (${where})${cause}`
}
