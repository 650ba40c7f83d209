import type { Case, Laboratory } from './laboratory.ts'
import type { Answer } from './agent.ts'
import { run, until } from './shell.ts'
import { open, twoUplinks } from './topology.ts'

/** Who is seen dialling, by the host that is dialled. */
const seenBy = (answer: Answer): string =>
  answer.type === 'came' ? `${answer.from}, pinned: ${answer.pinned}` : JSON.stringify(answer)

const port = 5_000

/** Milliseconds: until somebody answers who will, and of the silence of a way that leads nowhere. */
const patience = { answer: 10_000, silence: 1_500 }

const dialling = async (
  { host }: Laboratory,
  via: string | undefined,
  scheme: 'tcp' | 'udp',
  timeout = patience.answer,
) => {
  const [traveller, stranger] = [await host('e'), await host('c')]
  await stranger.ask({ type: 'answer', port })
  const to = `${scheme}://${open.address}:${port}` as const
  const answer = await traveller.ask({ type: 'via', name: via, to, timeout })
  await stranger.ask({ type: 'fall silent' })
  return seenBy(answer)
}

const { one, two } = twoUplinks
const policy = ['-n', twoUplinks.host, 'rule', 'add', 'from', two.address, 'table', '7']

/**
 * What a route of `@p2p/network` is worth to a transport on a host with two uplinks: the address is the route's, but the routing table decides where it leaves.
 */
const routing =
  (scheme: 'tcp' | 'udp'): Case =>
  async laboratory => {
    const wrong: string[] = []
    const check = (what: string, found: string, expected: RegExp) => {
      if (!expected.test(found)) wrong.push(`${what}: ${found}`)
    }
    const first = new RegExp(`^${one.wan.replaceAll('.', '\\.')}, pinned: `)
    const second = new RegExp(`^${two.wan.replaceAll('.', '\\.')}, pinned: address$`)
    check('without a route', await dialling(laboratory, undefined, scheme), first)
    check('over the first', await dialling(laboratory, 'one', scheme), first)
    check('over the second', await dialling(laboratory, 'two', scheme, patience.silence), /P2P_TIMEOUT/)
    await run('ip', policy)
    try {
      check('over the second, with a rule', await dialling(laboratory, 'two', scheme), second)
    } finally {
      await run(
        'ip',
        policy.map(each => (each === 'add' ? 'del' : each)),
      )
    }
    const name = `${scheme}: a route over a second uplink is an address, and an interface once the machine has a rule for it`
    return { name, ok: wrong.length === 0, wrong }
  }

/** A link-local address is on one interface only, whatever the routing table says. */
const linkLocal: Case = async ({ host }) => {
  const traveller = await host('e')
  // Until the kernel knows, a second or two after the link is up, that nobody else has such an address, nobody may listen at it
  const unproven = ['-n', twoUplinks.host, '-6', 'addr', 'show', 'tentative']
  await until('the link-local addresses', async () => (await run('ip', unproven)).trim() === '')
  const wrong: string[] = []
  for (const name of ['one', 'two']) {
    const answer = await traveller.ask({ type: 'via link-local', name })
    const found = seenBy(answer)
    if (!new RegExp(`^fe80::.*%${name}, pinned: device$`).test(found)) wrong.push(`over ${name}: ${found}`)
  }
  return { name: 'a link-local address holds a listener to its interface', ok: wrong.length === 0, wrong }
}

/** Routes, and what holds a socket to them. */
export const routings: readonly Case[] = [routing('tcp'), routing('udp'), linkLocal]
