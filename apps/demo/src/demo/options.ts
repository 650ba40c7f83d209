import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError, Option } from 'commander'
import { parseOptionsOnly } from '../arguments.ts'
import { leftOut } from '../folder/walk.ts'
import { fromCaller } from '../from-caller.ts'
import { contentsLimitsText } from '../network/contents.ts'
import { secretOption } from '../network/secret.ts'
import type { ChaosOptions } from './chaos.ts'

/** Options of `npm run demo`. */
export interface DemoOptions {
  readonly nodes: number
  readonly dir: string
  readonly keep: boolean
  /** What only the processes of the network know. `undefined`: a new one. */
  readonly secret: string | undefined
  /** The file with the key of node 0. `undefined`: somebody new. */
  readonly identity: string | undefined
  /** In milliseconds. */
  readonly timeout: number
  /** Whether every process is replaced in the end. */
  readonly replace: boolean
  /** `undefined`: nothing is killed but the one of the play. */
  readonly chaos: ChaosOptions | undefined
  /** Lines only, also on a terminal. */
  readonly plain: boolean
}

const repository = fileURLToPath(new URL('../../../../', import.meta.url))

/** Seeds are below this: short enough to be typed. */
const seeds = 1_000_000

const between =
  (lowest: number, highest: number, whole: boolean) =>
  (text: string): number => {
    const number = Number(text)
    if (text.trim() !== '' && number >= lowest && number <= highest && (!whole || Number.isInteger(number)))
      return number
    throw new InvalidArgumentError(
      `It must be a ${whole ? 'whole ' : ''}number from ${lowest} to ${highest}.`,
    )
  }

/** Reads the command line. Bad options and `--help` end the process, as commander does it. */
export const parseOptions = (argv: readonly string[]): DemoOptions => {
  const command = new Command('npm run demo --')
    .description(
      `Starts processes on this machine that know one address only, has them publish the index of a folder in a dictionary that they share, kills one, ` +
        `adds one, has one refused, turns an outsider away, and compares what each of them holds with the disk. ` +
        `The contents of ${contentsLimitsText}, are in a hash table that they hold together, and are read back at the end. Folders named ${leftOut.join(', ')} and symbolic links are left out.`,
    )
    .option('--nodes <number>', 'processes in all, 3 to 64', between(3, 64, true), 5)
    .option('--dir <path>', 'the folder (default: this repository)', fromCaller)
    .option(
      '--keep',
      'leave the network running after the verdict, so that others can join, until Ctrl-C',
      false,
    )
    .addOption(secretOption('what only the processes of the network know (default: a new one)'))
    .option(
      '--identity <file>',
      'keep who node 0 is in a file, which is made for its owner only if there is none, and refused if others can read it (default: somebody new)',
      fromCaller,
    )
    .option(
      '--timeout <seconds>',
      'give up when something has not moved for so long',
      between(1, 86_400, false),
      30,
    )
    .addOption(
      new Option('--chaos [seconds]', 'then kill and restart processes at random while all of them write')
        .preset('10')
        .argParser(between(0.1, 86_400, false)),
    )
    .option('--seed <number>', 'draw the chaos from this (default: a new one)', between(0, seeds - 1, true))
    .option('--replace', 'then replace every process by a new one, one by one', false)
    .option('--plain', 'lines only, as through a pipe, also on a terminal', false)
    .helpOption('--help', 'show this')
    .addHelpText('after', '\nThe exit code is 0 if the verdict is RIGHT, otherwise 1; 130 after Ctrl-C.')
  const { nodes, dir, keep, secret, identity, timeout, chaos, seed, replace, plain } = parseOptionsOnly(
    command,
    argv.slice(2),
    'A folder is named by --dir; --help names all options.',
  ).opts<{
    nodes: number
    dir?: string
    keep: boolean
    secret?: string
    identity?: string
    timeout: number
    chaos?: number
    seed?: number
    replace: boolean
    plain: boolean
  }>()
  if (seed !== undefined && chaos === undefined) command.error('error: --seed is for --chaos')
  if (identity !== undefined && replace)
    command.error('error: --identity is not for --replace, which puts somebody new in the place of node 0')
  return {
    nodes,
    dir: dir ?? repository,
    keep,
    secret,
    identity,
    timeout: timeout * 1000,
    replace,
    chaos: chaos === undefined ? undefined : { duration: chaos * 1000, seed: seed ?? randomInt(seeds) },
    plain,
  }
}
