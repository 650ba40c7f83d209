import { availableParallelism } from 'node:os'
import { bytes, count, entries, printable, short, timeOfDay } from '../words.ts'
import { storeAll } from './contents.ts'
import type { Narrator } from './narrator.ts'
import type { Member, Processes } from './processes.ts'
import type { PublishReply } from './protocol.ts'

/** The code with which the outsider is turned away. */
export const wrongSecret = 'P2P_WRONG_SECRET'

/** What is played. */
export interface Play {
  readonly folder: string
  /** The file with the key of node 0, which may lie in the folder. */
  readonly key?: string | undefined
  /** Processes in all, the one that is killed and the one that comes late included. */
  readonly nodes: number
  /** Milliseconds without progress after which something is given up. */
  readonly stall: number
  readonly processes: Processes
  readonly narrator: Narrator
}

/** The network as the play leaves it. */
export interface Outcome {
  readonly living: readonly Member[]
  /** Those of the living that are not in anybody's place: all but the one that came late. */
  readonly first: readonly Member[]
  /** Whether the key of another was refused. */
  readonly refused: boolean
  /** Whether the process that does not know the secret was. */
  readonly turnedAway: boolean
  /** Files of which the contents are in the table. */
  readonly stored: readonly string[]
}

/** What a member has published. */
interface Publication {
  readonly member: Member
  readonly files: number
  readonly example: string | undefined
}

/** A network comes together, loses a node, gains one, and refuses a write. @throws if a process does not do its part */
export const perform = async (play: Play): Promise<Outcome> => {
  const first = await gather(play)
  const publications = await Promise.all(first.map(member => publish(play, member)))
  const stored = await storeAll(play, first)
  const [seed] = first as [Member, ...Member[]]
  const victim = first[Math.floor(play.nodes / 2)] as Member
  const survivors = first.filter(member => member !== victim)
  await crash(play, victim, survivors)

  const [late, turnedAway] = await Promise.all([
    play.processes.start(play.nodes - 1, async () => seed.address),
    intrude(play, seed),
  ])
  const { size, milliseconds } = late.joined
  play.narrator.say(
    late.name,
    `joined late, knows the seed only: ${introduce(late)}; caught up with ${entries(size)} in ${milliseconds} ms`,
  )
  publications.push(await publish(play, late))

  stored.push(...(await storeAll(play, [late])))

  const living = [...survivors, late]
  await settle(play, living, publications)
  return {
    living,
    first: survivors,
    refused: await challenge(play, living, publications),
    turnedAway,
    stored,
  }
}

const introduce = ({ process, id, address }: Member) =>
  `process ${process.pid ?? 0}, id ${short(id)}…, ${address}`

/** Starts all processes but the last: the seed, and the others, which know its address only. */
const gather = async ({ nodes, processes, narrator }: Play): Promise<Member[]> => {
  const start = async (index: number, first?: Promise<Member>) => {
    const member = await processes.start(index, first && (async () => (await first).address))
    narrator.say(
      member.name,
      `${first === undefined ? 'is the seed' : 'joined through the seed'}: ${introduce(member)}`,
    )
    return member
  }
  const seed = start(0)
  const members = [seed]
  // Starting is mostly compiling: more at a time than the processors can take would only let all of them wait
  const lanes = Array.from({ length: Math.max(4, availableParallelism()) }, async () => {
    while (members.length < nodes - 1) {
      const member = start(members.length, seed)
      members.push(member)
      await member
    }
  })
  await Promise.all([seed, ...lanes])
  return Promise.all(members)
}

/** Has a member publish its share of the files. @throws if another node owns one of them */
export const publishShare = (
  { processes, folder, nodes }: Play,
  { index, process }: Member,
): Promise<PublishReply> => {
  const command = { folder, share: { index, count: nodes } }
  return processes.ask(process, 'publish', command, 'publish its share of the files')
}

const publish = async (play: Play, member: Member): Promise<Publication> => {
  const { narrator } = play
  const reply = await publishShare(play, member)
  const share = `${count(reply.files, 'file')}, ${bytes(reply.bytes)}`
  narrator.say(
    member.name,
    `published its share: ${share}; ${count(reply.acknowledged, 'neighbour')} acknowledged it`,
  )
  for (const { path, reason } of reply.unreadable) {
    narrator.say(member.name, `could not read ${printable(path)}: ${reason}`)
  }
  return { member, files: reply.files, example: reply.example }
}

const crash = async ({ processes, narrator }: Play, victim: Member, survivors: readonly Member[]) => {
  const since = Date.now()
  await victim.process.kill()
  narrator.say(victim.name, `was killed with SIGKILL (process ${victim.process.pid ?? 0})`)
  const what = `notice that ${victim.name} is gone`
  await Promise.all(
    survivors.map(async member => {
      const { noticed } = await processes.ask(member.process, 'miss', { peer: victim.id, since }, what)
      if (noticed === undefined) return
      narrator.say(
        member.name,
        `noticed after ${noticed - since} ms that its neighbour ${victim.name} is gone`,
      )
    }),
  )
}

/** A process that does not know the secret tries to get in. Returns whether it was told that this is why it cannot. */
const intrude = async ({ processes, narrator }: Play, door: Member): Promise<boolean> => {
  const { refusal, process } = await processes.intrude(door.address)
  const who = `process ${process.pid ?? 0}, knows the network's name and ${door.name}'s address and has a secret of its own`
  narrator.say(
    process.name,
    refusal === undefined ? `${who}: was NOT turned away` : `${who}: was turned away, ${refusal.text}`,
  )
  return refusal?.code === wrongSecret
}

/** Waits until all hold as much as was published. What is still different then is for the comparison to find. */
const settle = async (
  { processes, narrator, stall }: Play,
  living: readonly Member[],
  publications: readonly Publication[],
) => {
  const size = publications.reduce((sum, { files }) => sum + files, 0)
  await Promise.all(
    living.map(async member => {
      // Its own patience ends before ours, so that the outcome is an answer and not a failure
      const command = { size, patience: stall / 2 }
      const reply = await processes.ask(member.process, 'settle', command, 'get the complete index')
      if (reply.size < size)
        narrator.say(member.name, `has ${reply.size} of ${entries(size)} and gets no more`)
    }),
  )
}

/** One node tries to change what another one owns. Returns whether that was refused and changed nothing. */
const challenge = async (
  { processes, narrator }: Play,
  living: readonly Member[],
  publications: readonly Publication[],
): Promise<boolean> => {
  const late = living.at(-1) as Member
  const all = publications.filter(({ example }) => example !== undefined)
  const target = all.find(({ member }) => member !== late && living.includes(member)) ?? all[0]
  if (target?.example === undefined) throw new Error('no file was published')
  const challenger = target.member === late ? (living[0] as Member) : late
  const path = printable(target.example)
  narrator.say(challenger.name, `tries to change ${path}, which ${target.member.name} owns`)

  const reply = await processes.ask(
    challenger.process,
    'challenge',
    { path: target.example },
    'try to change a key',
  )
  const { refusal, unchanged } = reply
  if (refusal === undefined) narrator.say(challenger.name, `was NOT refused: it changed ${path}`)
  else {
    const { code, owner, expires } = refusal
    const name = owner === target.member.id ? target.member.name : 'nobody we know'
    narrator.say(
      challenger.name,
      `was refused, ${code}: the owner is ${short(owner)}… (${name}) until ${timeOfDay(expires)}`,
    )
  }
  narrator.say(
    challenger.name,
    `${unchanged ? 'still reads the same value' : 'now reads ANOTHER value'} there`,
  )
  return refusal?.owner === target.member.id && unchanged
}
