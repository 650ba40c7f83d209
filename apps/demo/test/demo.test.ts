import { createHash } from 'node:crypto'
import { readFile, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { identityFromFile } from '@p2p/mesh/identity-file'
import { expect, it } from 'vitest'
import { createFolder, expectNoProcess, fromSource, Program } from './program.ts'

const files = {
  'README.md': 'What this is.\n',
  'src/main.ts': 'console.log(1)\n',
  'src/with space.ts': '',
  'src/ünïcode/日本.txt': 'text',
  'data/large.bin': 'x'.repeat(600_000),
  'node_modules/left/out.js': 'no',
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const demo = (...args: string[]) => new Program('demo', args)

/** Bytes that command a terminal begin with it. */
const escape = '\u001b'

it('ends with the right verdict: every living process has the same index as the disk', async () => {
  const odd = 'in \u001b[31mred\nand below'
  await using folder = await createFolder(
    Object.fromEntries(Object.entries(files).map(([path, contents]) => [`${odd}/${path}`, contents])),
  )
  await symlink(join(folder.path, odd, 'README.md'), join(folder.path, odd, 'link.md'))
  await using program = demo('--nodes', '4', '--dir', join(folder.path, odd))
  const end = await program.ended
  expect(end.output).toContain(
    `4 processes index ${folder.path}/in \\u001b[31mred\\u000aand below: 5 files\n`,
  )
  expect(end.output).toMatch(/node 2 +was killed with SIGKILL/)
  expect(end.output).toMatch(/node [01] +noticed after \d+ ms that its neighbour node 2 is gone/)
  expect(end.output).toMatch(/node 3 +joined late, .* caught up with \d+ entr/)
  expect(end.output).toMatch(/outsider +process \d+, .* was turned away, P2P_WRONG_SECRET: /)
  expect(end.output).toMatch(/node 0 +turned somebody away: P2P_WRONG_SECRET: /)
  expect(end.output).toMatch(/was refused, P2P_LEASE_HELD: the owner is \S+ \(node \d\) until \d\d:\d\d:\d\d/)
  expect(end.output).toMatch(/still reads the same value there/)
  expect(end.output.match(/holds 5 entries: as the disk has them/g)).toHaveLength(3)
  expect(end.output).toMatch(
    /verdict +RIGHT: 3 living nodes .* 5 files; the outsider was turned away; the contents of 4 files were read back\n/,
  )
  expect(end).toMatchObject({ code: 0, signal: null })
  expect(end.output).not.toContain(escape)
  expectNoProcess(end, 5)
})

it('replaces every process of the first, by leaving and by crashing, while all read from the table, and loses nothing; with --keep it does not print the secret that it was given', async () => {
  const texts = Array.from(
    { length: 40 },
    (_, index) => [`${index}.txt`, `text ${index} `.repeat(20)] as const,
  )
  await using folder = await createFolder(Object.fromEntries(texts))
  const secret = '5ec7e7'.repeat(10).padEnd(64, '0')
  const args = ['--nodes', '4', '--replace', '--keep', '--secret', secret, '--dir', folder.path]
  await using program = demo(...args)
  await program.output(/npm run node -- --network \S+ --secret … --join \S+\n/)
  program.kill('SIGINT')
  const end = await program.ended
  expect(end.output).not.toContain(secret)
  const put = Array.from(end.output.matchAll(/put the contents of (\d+) files? into the table/g), ([, n]) =>
    Number(n),
  )
  expect(put).toHaveLength(4)
  expect(put.reduce((sum, number) => sum + number)).toBe(40)
  expect(end.output).toMatch(
    /node 0 +handed its part on in \d+ ms and left \(process \d+\); process \d+ came, and after \d+ ms all hold/,
  )
  expect(end.output).toMatch(
    /node 1 +was killed with SIGKILL \(process \d+\); process \d+ came, and after \d+ ms all hold/,
  )
  // It came in the place of node 2
  expect(end.output).not.toMatch(/node 3 +(?:handed|was killed)/)
  expect(end.output).toMatch(/every process was replaced; [1-9]\d* readings? meanwhile, none in vain/)
  expect(end.output).toMatch(
    /had the contents of 40 files read back from the table: each is what its SHA-256 says/,
  )
  expect(end.output).toMatch(
    /verdict +RIGHT: 3 living nodes .* the contents of 40 files were read back, after every process was replaced\n/,
  )
  expect(end.code).toBe(0)
  // Four, the outsider, and two in the place of those that were left
  expectNoProcess(end, 7)
})

it('stays up with --keep, lets a node join, keeps who node 0 is, and leaves no process behind after Ctrl-C', async () => {
  await using folder = await createFolder(files)
  const identity = join(folder.path, 'node-0.pem')
  await using program = demo('--nodes', '3', '--keep', '--dir', folder.path, '--identity', identity)
  const [, args = ''] = await program.output(
    /npm run node -- (--network \S+ --secret [0-9a-f]{64} --join \S+)\n/,
  )
  await using node = new Program('node', args.split(' '))
  node.type('keys')
  node.type('get README.md')
  node.type(`find ${sha256(files['README.md'])}`)
  node.type(`find ${sha256(await readFile(identity, 'utf8'))}`)
  node.type('set README.md mine')
  node.endInput()
  const { code, output } = await node.ended
  expect(output).toContain(
    'data/large.bin\nnode-0.pem\nsrc/main.ts\nsrc/with space.ts\nsrc/ünïcode/日本.txt\n',
  )
  expect(output).toMatch(/\{ size: 14, sha256: '[0-9a-f]{64}', modified: \d+ \}/)
  // The index has the file with the key, the table does not
  expect(output).toMatch(/^14 bytes\nthere is nothing at that key$/m)
  expect(output).toMatch(/^P2P_LEASE_HELD: /m)
  expect(code).toBe(1)

  program.kill('SIGINT')
  const end = await program.ended
  expect(end).toMatchObject({ code: 0, signal: null })
  expectNoProcess(end, 4)
  expect((await stat(identity)).mode & 0o777).toBe(0o600)
  // Whoever has the file is the same node, so that the next run's node 0 is
  const { id } = await identityFromFile(identity)
  const [, known] = /is the seed: process \d+, id (\w+)…/.exec(end.output) ?? []
  expect(known).toBe(id.slice(0, 8))
})

it('leaves no process behind when it is killed itself', async () => {
  await using folder = await createFolder(files)
  // From the source: all other tests take the bundle, as `npm run demo` does
  await using program = new Program('demo', ['--nodes', '3', '--keep', '--dir', folder.path], fromSource)
  await program.output(/joined through the seed/)
  program.kill('SIGKILL')
  // Its processes have its stdout: it would not end while one of them lives
  expect(await program.ended).toMatchObject({ code: null, signal: 'SIGKILL' })
})

it.concurrent.each([
  [['--nodes', '2'], 1, /--nodes.*whole number from 3 to 64/],
  [['--dir', '/nowhere'], 1, /\/nowhere cannot be used: it does not exist/],
  [['--dir', import.meta.dirname, '--identity', import.meta.filename], 1, /^demo: P2P_BAD_IDENTITY: .*\n$/],
] as const)('answers %j with exit code %d, and starts nothing', async (args, code, message) => {
  await using program = demo(...args)
  const end = await program.ended
  expect(end.output).toMatch(message)
  expect(end.code).toBe(code)
  expectNoProcess(end, 0)
})

it('refuses a folder without files', async () => {
  await using folder = await createFolder({ 'node_modules/x/index.js': '' })
  await using program = demo('--dir', folder.path)
  const end = await program.ended
  expect(end.output).toContain(`there are no files to read in ${folder.path}`)
  expect(end.code).toBe(1)
  expectNoProcess(end, 0)
})
