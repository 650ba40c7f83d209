import { count, entries } from '../words.ts'
import { secureAll } from './contents.ts'
import type { NodeProcess } from './node-process.ts'
import type { Play } from './play.ts'
import type { Member } from './processes.ts'

/** The network when every process of it is another one. */
export interface Replaced {
  readonly living: readonly Member[]
  /** How often contents were read meanwhile, by those that were there long enough to tell. */
  readonly reads: number
  /** What went wrong with some of these readings; it must be empty. */
  readonly failed: readonly string[]
}

/** Nodes through which one comes in: the first may be on its way out. */
const doors = 2

/**
 * Replaces processes, one by one: in turn one leaves in order and one is killed. After each, all that are left must hold every entry with its copies
 * again before the next one goes. Meanwhile all of them read from the table.
 *
 * @param members all that are there
 * @param former those of them to be replaced
 * @param stored files of which the contents are in the table. @throws if a process does not do its part
 */
export const replaceAll = async (
  play: Play,
  members: readonly Member[],
  former: readonly Member[],
  stored: readonly string[],
): Promise<Replaced> => {
  const { processes, narrator } = play
  narrator.say(
    'demo',
    `replaces ${former.length === 1 ? 'one process' : `${former.length} processes`}, one by one, so that all are new ones in the end; meanwhile all read from the table`,
  )
  await secureAll(play, members, 'hold its part of the table')
  let reads = 0
  const failed: string[] = []
  const patrol = ({ process }: Member) =>
    processes.ask(process, 'patrol', { paths: stored }, 'read from the table')
  const endPatrol = async ({ name, process }: Member) => {
    const reply = await processes.ask(process, 'patrolled', {}, 'end its reading')
    reads += reply.reads
    failed.push(...reply.failed.map(what => `${name}: ${what}`))
  }

  const living = [...members]
  await Promise.all(living.map(patrol))
  // Starting takes longer than all else: the next one starts while its predecessor goes
  let next: NodeProcess | undefined = processes.prepare((former[0] as Member).index)
  for (const [turn, member] of former.entries()) {
    const fresh = next
    const following = former[turn + 1]
    next = following && processes.prepare(following.index)
    living.splice(living.indexOf(member), 1)
    const leaves = turn % 2 === 0
    const how = leaves ? await leave(play, member, endPatrol) : await crash(member)

    processes.announce(fresh as NodeProcess)
    const seeds = living.slice(0, doors).map(({ address }) => address)
    const joined = await processes.join(member.index, fresh as NodeProcess, seeds, { inPlace: true })
    living.push(joined)
    const secured = await secureAll(play, living, `make up for ${member.name}, and take in the new one`)
    // Who has left answers those that have not heard of it yet, until all have
    if (leaves && !(await processes.stop(member.process))) narrator.say(member.name, 'had to be killed')
    await patrol(joined)
    narrator.say(
      member.name,
      `${how}; process ${joined.process.pid ?? 0} came, and after ${secured} ms all hold their parts of the table, with all copies`,
    )
  }
  await Promise.all(living.map(endPatrol))
  narrator.say(
    'demo',
    `every process was replaced; ${count(reads, 'reading')} meanwhile, ${failed.length === 0 ? 'none' : 'SOME'} in vain`,
  )
  for (const what of failed) narrator.say('demo', `read in vain: ${what}`)
  living.sort((a, b) => a.index - b.index)
  return { living, reads, failed }
}

const leave = async (
  { processes }: Play,
  member: Member,
  endPatrol: (member: Member) => Promise<void>,
): Promise<string> => {
  await endPatrol(member)
  const reply = await processes.ask(member.process, 'leave', {}, 'hand on its part of the table')
  const part = reply.left === 0 ? 'its part' : `all but ${entries(reply.left)} of its part`
  return `handed ${part} on in ${reply.milliseconds} ms and left (process ${member.process.pid ?? 0})`
}

const crash = async ({ process }: Member): Promise<string> => {
  await process.kill()
  return `was killed with SIGKILL (process ${process.pid ?? 0})`
}
