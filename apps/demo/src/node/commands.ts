import type { Node } from '../network/node.ts'
import { sendText } from '../network/text.ts'
import { printable, timeOfDay } from '../words.ts'
import { show, tellExplanation, tellHealth } from './answers.ts'

/** Something that can be typed at the prompt. */
interface Command {
  /** What follows the name, in words. */
  readonly usage: string
  readonly about: string
  /** How many arguments there are; the last one is the rest of the line. */
  readonly arity: 0 | 1 | 2
  readonly run: (
    node: Node,
    first: string,
    rest: string,
    signal: AbortSignal,
  ) => readonly string[] | Promise<readonly string[]>
}

/** A command that cannot be carried out as it was typed. */
export class UsageError extends Error {}

const commands: Readonly<Record<string, Command>> = {
  peers: {
    usage: '',
    about: 'the neighbours, with their addresses',
    arity: 0,
    run: ({ mesh }) =>
      mesh.peers.length === 0
        ? ['nobody is here']
        : mesh.peers.map(({ id, addresses }) => printable([id, ...addresses].join(' '))),
  },
  set: {
    usage: 'KEY TEXT',
    about: 'write a key, which makes it this node’s for an hour',
    arity: 2,
    run: ({ files }, key, text) => {
      files.set(key, text)
      return [`${printable(key)} is set`]
    },
  },
  get: {
    usage: 'KEY',
    about: 'what is at a key',
    arity: 1,
    run: ({ files }, key) => [files.has(key) ? show(files.get(key)) : 'there is nothing at that key'],
  },
  del: {
    usage: 'KEY',
    about: 'remove a key from the dictionary or, if it is not there, from the table',
    arity: 1,
    run: async ({ files, table }, key, _, signal) => {
      if (files.delete(key)) return [`${printable(key)} is deleted`]
      const isGone = await table.delete(key, { signal })
      return [isGone ? `${printable(key)} is deleted from the table` : 'there is nothing at that key']
    },
  },
  owner: {
    usage: 'KEY',
    about: 'who may write a key, and until when',
    arity: 1,
    run: ({ files }, key) => {
      const ownership = files.owner(key)
      if (ownership === undefined) return ['nobody owns that key']
      const { owner, own, expires } = ownership
      return [`${owner}${own ? ' (this node)' : ''} until ${timeOfDay(expires)}`]
    },
  },
  keys: {
    usage: '',
    about: 'all keys, in order',
    arity: 0,
    run: ({ files }) => Array.from(files.keys(), show).sort(),
  },
  put: {
    usage: 'KEY TEXT',
    about: 'write a key of the table, which anybody may overwrite',
    arity: 2,
    run: async ({ table }, key, text, signal) => {
      const tables = await table.set(key, text, { signal })
      return [`${printable(key)} is put: ${tables} of 5 tables hold it`]
    },
  },
  find: {
    usage: 'KEY',
    about: 'look a key of the table up',
    arity: 1,
    run: async ({ table }, key, _, signal) => {
      const value = await table.get(key, { signal, default: undefined })
      return [value === undefined ? 'there is nothing at that key' : show(value)]
    },
  },
  health: {
    usage: '',
    about: 'the ring of the table as this node sees it',
    arity: 0,
    run: ({ table }) => tellHealth(table.health()),
  },
  explain: {
    usage: 'KEY',
    about: 'who holds a key of the table, who answers what, how old that is',
    arity: 1,
    run: async ({ mesh, table }, key, _, signal) =>
      tellExplanation(await table.explain(key, { signal }), mesh.id),
  },
  send: {
    usage: 'TEXT',
    about: 'a message to everybody in the network',
    arity: 1,
    run: (node, text) => {
      sendText(node, text)
      return [node.mesh.peers.length === 0 ? 'sent, but nobody is here' : 'sent']
    },
  },
  help: {
    usage: '',
    about: 'this',
    arity: 0,
    run: () =>
      Object.entries({ ...commands, quit: { usage: '', about: 'leave the network and end' } }).map(
        ([name, { usage, about }]) => `${`${name} ${usage}`.padEnd(14)}${about}`,
      ),
  },
}

/**
 * Carries out a line. Returns the lines of the answer, or `undefined` for `quit`. What takes time ends with the signal.
 *
 * @throws {@link UsageError}, and what the node throws
 */
export const carryOut = async (
  node: Node,
  line: string,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> => {
  const [, name = '', argument = ''] = /^\s*(\S*)\s*(.*?)\s*$/su.exec(line) ?? []
  if (name === '') return []
  if (name === 'quit') return undefined
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) throw new UsageError(`there is no command ${printable(name)}: try help`)
  const { arity, usage, run } = command
  const [, first = '', rest = ''] = arity === 2 ? (/^(\S+)\s+(.*)$/su.exec(argument) ?? []) : [, argument]
  if ((first === '') !== (arity === 0)) throw new UsageError(`usage: ${name} ${usage}`.trimEnd())
  return run(node, first, rest, signal)
}
