import type { Command } from 'commander'
import { printable } from './words.ts'

/** Has a command that takes options only read its arguments. With any other one it ends, as commander does it, and says what may have been meant. */
export const parseOptionsOnly = (command: Command, args: readonly string[], hint: string): Command => {
  command.allowExcessArguments().parse(args, { from: 'user' })
  const [first] = command.args
  if (first !== undefined) command.error(`error: unexpected argument '${printable(first)}'\n(${hint})`)
  return command
}
