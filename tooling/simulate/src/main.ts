import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { measureSpeed } from './mesh/speed.ts'
import { type Protocol, protocols } from './protocol.ts'
import { runSeeds } from './seeds.ts'

interface Options {
  readonly seeds: number
  readonly from: number
  readonly nodes?: number
  readonly seconds?: number
  readonly break?: string
  readonly scenario?: string
  readonly speed?: number
  readonly listBreaks?: true
  readonly verify?: true
  readonly verbose?: true
}

const whole =
  (least: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`It is a whole number, ${least} or more.`)
    return value
  }

const command: Command = new Command('npm run simulate --')
  .description(
    'Runs networks of nodes in virtual time, drawn from seeds, and says for which of them something did not hold.',
  )
  .addArgument(new Argument('<protocol>', 'what to simulate').choices(protocols.map(({ name }) => name)))
  .option('--seeds <N>', 'how many seeds', whole(1), 50)
  .option('--from <SEED>', 'the first seed', whole(0), 1)
  .option('--nodes <N>', 'how many nodes; otherwise each seed has its own number', whole(2))
  .option('--seconds <S>', 'begin no seed after so many seconds', whole(1))
  .option('--break <NAME>', 'plant a bug, to see whether it is caught')
  .option(
    '--scenario <NAME>',
    'only one kind of trouble: for mesh pause, crash, day, dials; for chord hops, crash, churn, copies, rings, replace',
  )
  .option(
    '--speed <MINUTES>',
    'for mesh: how long so many virtual minutes of 1000 nodes, or of --nodes, take',
    whole(1),
  )
  .option('--list-breaks', 'list the bugs that can be planted')
  .option('--verify', 'run each seed twice, and compare')
  .addOption(new Option('--verbose', 'a line for each seed'))
  .exitOverride()

/** @returns the exit code */
const main = async (args: readonly string[]): Promise<number> => {
  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    // Commander has said what is wrong; or it was asked for help, which is no error
    return (error as { exitCode?: number }).exitCode === 0 ? 0 : 2
  }
  const options: Options = command.opts()
  const protocol = protocols.find(({ name }) => name === command.args[0]) as Protocol
  if (options.listBreaks === true) {
    const width = Math.max(...protocol.breaks.map(({ name }) => name.length))
    for (const { name, about } of protocol.breaks) console.log(`${name.padEnd(width)}  ${about}`)
    return 0
  }
  const planted = protocol.breaks.find(({ name }) => name === options.break)
  if (options.break !== undefined && planted === undefined) {
    console.error(`error: ${protocol.name} has no break ${options.break}; --list-breaks lists them`)
    return 2
  }
  const run = options.scenario === undefined ? protocol.run : protocol.scenarios?.get(options.scenario)
  if (run === undefined) {
    const known = Array.from(protocol.scenarios?.keys() ?? []).join(', ')
    console.error(
      `error: ${protocol.name} has no scenario ${String(options.scenario)}; there is ${known || 'none'}`,
    )
    return 2
  }
  if (options.speed !== undefined) {
    const { from: seed, nodes = 1_000, speed: minutes } = options
    await measureSpeed({ seed, nodes, minutes, print: line => console.log(line) })
    return 0
  }
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  const { seeds, failed } = await runSeeds({
    protocol: { ...protocol, run },
    scenario: options.scenario,
    planted,
    from: options.from,
    seeds: options.seeds,
    nodes: options.nodes,
    seconds: options.seconds,
    verify: options.verify === true,
    verbose: options.verbose === true,
    signal: stop.signal,
    print: line => console.log(line),
  })
  console.log(`${seeds} seeds, ${failed.length} failed`)
  return failed.length === 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
