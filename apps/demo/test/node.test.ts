import { chmod, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createFolder, Program } from './program.ts'

const node = (...args: string[]) => new Program('node', args)

/** Where a node said that it listens. */
const addressOf = async (program: Program): Promise<string> => {
  const [, address = ''] = await program.output(/listens at (\S+)\n/)
  return address
}

it('shares keys and messages with another node, through pipes', async () => {
  await using folder = await createFolder({ 'in \u001b[31mred/a.txt': 'abc' })
  await using first = node('--dir', join(folder.path, 'in \u001b[31mred'))
  await first.output(/reads 1 file of \S+\/in \\u001b\[31mred\npublished 1 file, 3 B\n/)
  await using second = node('--join', await addressOf(first))
  await second.output(/joined; the dictionary has 1 entry\n/)

  second.type('get a.txt')
  second.type('set greeting hello to you')
  second.type('owner greeting')
  second.type('send good morning')
  const [, id = ''] = await second.output(/this is (\S+) in the network p2p-demo\n/)
  await second.output(/greeting is set\n[\s\S]*sent\n/)
  await first.output(new RegExp(`^${id.slice(0, 8)}: good morning\\n`, 'm'))
  first.type('get greeting')
  await first.output(/^hello to you\n/m)
  first.type('set greeting mine')
  await first.output(new RegExp(`^P2P_LEASE_HELD: .*${id}`, 'm'))
  first.type('peers')
  await first.output(new RegExp(`^${id} tcp://127\\.0\\.0\\.1:\\d+\\n`, 'm'))

  second.type('del greeting')
  second.type('del greeting')
  second.type('quit')
  const end = await second.ended
  expect(end.output).toMatch(/sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'/)
  expect(end.output).toMatch(new RegExp(`^${id} \\(this node\\) until \\d\\d:\\d\\d:\\d\\d\\n`, 'm'))
  expect(end.stdout).toMatch(/greeting is deleted\nthere is nothing at that key\n$/)
  expect(end.code).toBe(0)

  await first.output(/is gone\n/)
  first.kill('SIGINT')
  // One of its commands was refused
  expect(await first.ended).toMatchObject({ code: 1, signal: null })
})

it('puts, finds, explains and deletes keys of the table, which outlives the node that wrote them', async () => {
  await using first = node()
  await using second = node('--join', await addressOf(first))
  await second.output(/joined; the dictionary has 0 entries\n/)
  second.type('put answer forty two')
  second.type('explain answer')
  await second.output(/^answer is put: 5 of 5 tables hold it\n/m)
  await second.output(/^5 of 5 tables say: forty two\n/m)
  await second.output(
    /^sha512 held by \S+.* and .*; \S+.* answers value, for \d+ ms, written by this node, \d hops?/m,
  )
  second.type('health')
  await second.output(/^joined, (safe|healthy|not healthy).*\nit knows 1 other member\n/m)
  second.endInput()
  expect((await second.ended).code).toBe(0)

  first.type('find answer')
  first.type('del answer')
  first.type('del answer')
  first.type('find answer')
  first.type('explain answer')
  first.type('health')
  first.endInput()
  const { code, stdout } = await first.ended
  expect(stdout).toMatch(
    /^forty two\nanswer is deleted from the table\nthere is nothing at that key\nthere is nothing at that key\n5 of 5 tables say: there is nothing\n/,
  )
  expect(stdout).toMatch(
    /^sha1 +held by this node; this node answers deleted, for \d+ ms, written by this node, \d hops?\n/m,
  )
  expect(stdout).toMatch(/^it holds 5 entries of the five tables, /m)
  expect(code).toBe(0)
})

it('carries out what comes through a pipe in order, and leaves at its end', async () => {
  await using program = node()
  for (const line of ['set a 1', '', 'get a', 'set', 'fly', 'keys', 'send x', 'peers', 'help'])
    program.type(line)
  program.endInput()
  const { code, stdout, stderr } = await program.ended
  expect(stdout).toMatch(/^a is set\n1\na\nsent, but nobody is here\nnobody is here\n/)
  expect(stderr).toMatch(/usage: set KEY TEXT\nthere is no command fly: try help\n/)
  for (const name of [
    'peers',
    'set',
    'get',
    'del',
    'owner',
    'keys',
    'put',
    'find',
    'health',
    'explain',
    'send',
    'help',
    'quit',
  ]) {
    expect(stdout).toMatch(new RegExp(`^${name} .*\\w`, 'm'))
  }
  expect(stdout + stderr).not.toContain('> ')
  expect(code).toBe(1)
})

it('is refused by another network, with the code', async () => {
  await using first = node('--network', 'one')
  await using second = node('--network', 'two', '--join', await addressOf(first))
  const { code, output } = await second.ended
  expect(output).toMatch(/^node: P2P_WRONG_NETWORK: /m)
  expect(code).toBe(1)
})

it.each([
  ['another secret', ['--secret', 'summer'], ['--secret', 'winter']],
  ['no secret', ['--secret', 'summer'], []],
  ['a secret that the others do not have', [], ['--secret', 'winter']],
])('is refused with %s, with the code, and the other node says so', async (_what, ours, theirs) => {
  await using first = node(...ours)
  await using second = node('--join', await addressOf(first), ...theirs)
  const { code, output } = await second.ended
  expect(output).toMatch(/^node: P2P_WRONG_SECRET: /m)
  expect(code).toBe(1)
  await first.output(/^turned tcp:\S+ away: P2P_WRONG_SECRET: /m)
})

it('joins with the secret, typed or in the environment, and does not print it', async () => {
  await using first = node('--secret', 'summer roof')
  await using second = new Program('node', ['--join', await addressOf(first)], {
    environment: { P2P_SECRET: 'summer roof' },
  })
  await second.output(/joined; the dictionary has 0 entries\n/)
  for (const program of [first, second]) {
    program.endInput()
    expect((await program.ended).output).not.toContain('summer roof')
  }
})

it('refuses an identity that others can read', async () => {
  await using folder = await createFolder({ 'open.pem': 'whatever' })
  await chmod(join(folder.path, 'open.pem'), 0o644)
  await using program = node('--identity', join(folder.path, 'open.pem'))
  const { code, output } = await program.ended
  expect(output).toMatch(/^node: P2P_BAD_IDENTITY: .*open\.pem .*others/m)
  expect(code).toBe(1)
})

it.concurrent.each([
  ['an address of an unknown scheme', ['--listen', 'carrier-pigeon://roof'], /P2P_UNKNOWN_SCHEME: /],
  ['what is no address', ['--join', 'localhost'], /P2P_BAD_ADDRESS: /],
  ['a node that is not there', ['--join', 'tcp://127.0.0.1:1'], /P2P_CONNECTION_REFUSED: /],
  ['a missing folder', ['--dir', '/nowhere'], /the folder \/nowhere cannot be used: it does not exist/],
])('ends with one line for %s', async (_, args, message) => {
  await using program = node(...args)
  program.endInput()
  const { code, output } = await program.ended
  expect(output).toMatch(message)
  expect(output).not.toMatch(/^\s+at /m)
  expect(code).toBe(1)
})

it('keeps who it is in a file', async () => {
  await using folder = await createFolder({})
  const file = join(folder.path, 'identity.pem')
  const ids: string[] = []
  for (const _ of ['once', 'again']) {
    await using program = node('--identity', file)
    program.endInput()
    const [, id = ''] = await program.output(/this is (\S+) in/)
    ids.push(id)
    expect((await program.ended).code).toBe(0)
  }
  expect(ids[0]).toBe(ids[1])
  expect((await stat(file)).mode & 0o077).toBe(0)
})
