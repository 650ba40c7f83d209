import { contentsLimits } from '../network/contents.ts'
import { bytes, count } from '../words.ts'
import type { Play } from './play.ts'
import type { Member } from './processes.ts'

/** Has members put the contents of their shares of the files into the table. @returns the paths that are in it */
export const storeAll = async (
  { processes, narrator, folder, key, nodes }: Play,
  members: readonly Member[],
): Promise<string[]> => {
  const budget = Math.floor(contentsLimits.all / nodes)
  const replies = await Promise.all(
    members.map(async ({ index, name, process }) => {
      const command = { folder, share: { index, count: nodes }, budget, except: key }
      const reply = await processes.ask(process, 'store', command, 'store its contents')
      narrator.say(
        name,
        `put the contents of ${count(reply.paths.length, 'file')} into the table, ${bytes(reply.bytes)}`,
      )
      return reply
    }),
  )
  return replies.flatMap(({ paths }) => paths)
}

/** Waits until every member holds its part of the table, with all copies. @returns the milliseconds that it took */
export const secureAll = async (
  { processes }: Play,
  members: readonly Member[],
  what: string,
): Promise<number> => {
  const command = { members: members.length - 1 }
  const replies = await Promise.all(
    members.map(({ process }) => processes.ask(process, 'secure', command, what)),
  )
  return Math.max(...replies.map(({ milliseconds }) => milliseconds))
}

/**
 * Has every one of these contents read back, each by one of the members, so that all members read about as many.
 *
 * @returns those that are not there, or are not what their SHA-256 says
 */
export const recallAll = async (
  { processes }: Play,
  members: readonly Member[],
  hashes: readonly string[],
): Promise<ReadonlySet<string>> => {
  const replies = await Promise.all(
    members.map(({ process }, turn) => {
      const own = hashes.filter((_, index) => index % members.length === turn)
      return processes.ask(process, 'recall', { hashes: own }, 'read contents back from the table')
    }),
  )
  return new Set(replies.flatMap(({ missing }) => missing))
}
