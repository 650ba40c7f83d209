import type { Address } from '@p2p/interfaces'
import { Command } from 'commander'
import { parseOptionsOnly } from '../arguments.ts'
import { leftOut } from '../folder/walk.ts'
import { fromCaller } from '../from-caller.ts'
import { secretOption } from '../network/secret.ts'

/** Options of `npm run node`. */
export interface NodeCommandOptions {
  readonly listen: readonly Address[]
  readonly join: readonly Address[]
  readonly network: string
  readonly secret?: string
  readonly dir?: string
  readonly identity?: string
}

/** Reads the command line. Bad options and `--help` end the process, as commander does it. */
export const parseOptions = (argv: readonly string[]): NodeCommandOptions => {
  const command = new Command('npm run node --')
    .description('One node with a prompt: the same kind of node that npm run demo starts several of.')
    .option('--listen <address...>', 'where to accept peers; port 0 takes a free one', ['tcp://127.0.0.1:0'])
    .option('--join <address...>', 'nodes of the network that are there already', [])
    .option('--network <name>', 'the name of the network; other networks are refused', 'p2p-demo')
    .addOption(
      secretOption('what only the nodes of the network know; without it anybody who knows the name may join'),
    )
    .option('--dir <path>', `publish the files of this folder (without ${leftOut.join(', ')})`, fromCaller)
    .option(
      '--identity <file>',
      'keep who this node is in a file, which is made for its owner only if there is none, and refused if others can read it',
      fromCaller,
    )
    .helpOption('--help', 'show this')
    .addHelpText(
      'after',
      '\nThe nodes share a dictionary, which each holds whole (set, get, del, owner, keys), and a hash table, which they hold together (put, find, del, health, explain).\n' +
        '\nnpm run node -- nat shows the network interfaces and NATs of this machine instead, npm run node -- echo sends back what comes.\n' +
        '\nType help at the prompt; Ctrl-C breaks off a look-up, and otherwise ends the node. Commands can come through a pipe: they are carried out in order, and the node leaves at the end of the input;' +
        '\nthe exit code is then 1 if one of them failed. Answers and messages are on stdout, all else is on stderr.',
    )
  return parseOptionsOnly(
    command,
    argv.slice(2),
    'The commands are nat and echo, and come first; a node takes options only, which --help names.',
  ).opts<NodeCommandOptions>()
}
