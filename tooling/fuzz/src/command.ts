import { Command, InvalidArgumentError } from 'commander'
import { fromHex } from './bytes.ts'
import { runTarget } from './run.ts'
import type { Target } from './target.ts'
import { targets as allTargets } from './targets/index.ts'

interface Options {
  readonly count: number
  readonly seed: number
  readonly input?: Uint8Array
  readonly list?: true
}

const whole =
  (least: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`It is a whole number, ${least} or more.`)
    return value
  }

const hex = (text: string): Uint8Array => {
  const bytes = fromHex(text)
  if (bytes === undefined) throw new InvalidArgumentError('It is hexadecimal digits, two a byte.')
  return bytes
}

/** The command line. @returns the exit code: 0 if nothing failed, 1 if something did, 2 for bad usage */
export const fuzz = async (
  args: readonly string[],
  print: (line: string) => void,
  targets: readonly Target[] = allTargets,
): Promise<number> => {
  const command = new Command('npm run fuzz --')
    .description(
      'Feeds decoders with damaged and invented bytes, drawn from a seed, and says what they did wrong.',
    )
    .argument('[target]', 'what to feed, or all')
    .option('--count <N>', 'how many inputs a target', whole(1), 100_000)
    .option('--seed <S>', 'where they are drawn from', whole(0), 1)
    .option('--input <HEX>', 'feed this one input, as a failure has told it')
    .option('--list', 'list the targets')
    .addHelpText(
      'after',
      '\nThe exit code is 0, or 1 if an input failed, or 2 for a call that makes no sense.',
    )
    .exitOverride()
  command.options.find(({ long }) => long === '--input')?.argParser(hex)
  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    // Commander has said what is wrong; or it was asked for help, which is no error
    return (error as { exitCode?: number }).exitCode === 0 ? 0 : 2
  }
  const { count, seed, input, list }: Options = command.opts()
  if (list === true) {
    const width = Math.max(...targets.map(({ name }) => name.length))
    for (const { name, about } of targets) print(`${name.padEnd(width)}  ${about}`)
    return 0
  }
  const [name] = command.args
  const chosen = name === 'all' ? targets : targets.filter(target => target.name === name)
  if (chosen.length === 0 || (input !== undefined && chosen.length > 1)) {
    const why =
      name === undefined
        ? 'a target is missing'
        : name === 'all'
          ? '--input is for one target'
          : `there is no target ${name}`
    console.error(`error: ${why}; --list lists them`)
    return 2
  }

  const stop = new AbortController()
  const interrupt = () => stop.abort()
  process.once('SIGINT', interrupt)
  let [inputs, failed] = [0, 0]
  for (const target of chosen) {
    if (stop.signal.aborted) break
    try {
      const result = await runTarget({ target, count, seed, input, signal: stop.signal, print })
      inputs += result.inputs
      failed += result.failed
    } catch (error) {
      // Not an input's doing: without any, it does not even begin
      print(`FAILED  ${target.name} cannot be opened: ${String(error)}`)
      failed++
    }
  }
  process.off('SIGINT', interrupt)
  print(`${inputs} inputs, ${failed} failed`)
  return failed === 0 ? 0 : 1
}
