import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { parseOptions as parseDemo } from '../src/demo/options.ts'
import { secretOf } from '../src/network/secret.ts'
import { parseOptions as parseNode } from '../src/node/options.ts'

let written = ''

beforeEach(() => {
  written = ''
  const write = (text: string | Uint8Array) => {
    written += String(text)
    return true
  }
  vi.spyOn(process.stdout, 'write').mockImplementation(write)
  vi.spyOn(process.stderr, 'write').mockImplementation(write)
  vi.spyOn(process, 'exit').mockImplementation(code => {
    throw new Error(`exit ${code ?? 0}`)
  })
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

const defaults = {
  nodes: 5,
  keep: false,
  secret: undefined,
  identity: undefined,
  timeout: 30_000,
  replace: false,
  chaos: undefined,
  plain: false,
}

const argv = (line: string) => ['node', 'main.ts', ...line.split(' ').filter(Boolean)]

it('takes five processes and this repository where nothing else is said', () => {
  const repository = resolve(import.meta.dirname, '../../..')
  expect(parseDemo(argv(''))).toEqual({ ...defaults, dir: join(repository, '/') })
})

it('takes a folder relative to where npm was called', () => {
  vi.stubEnv('INIT_CWD', '/somewhere')
  const options = parseDemo(argv('--nodes 64 --keep --timeout 1.5 --identity me.pem --dir ../else'))
  expect(options).toEqual({
    ...defaults,
    nodes: 64,
    dir: '/else',
    keep: true,
    identity: '/somewhere/me.pem',
    timeout: 1_500,
  })
})

it('takes ten seconds of chaos and a new seed where nothing else is said', () => {
  expect(parseDemo(argv('--plain --chaos 2.5 --seed 7'))).toMatchObject({
    chaos: { duration: 2_500, seed: 7 },
    plain: true,
  })
  const seeds = Array.from({ length: 3 }, () => parseDemo(argv('--chaos')).chaos)
  for (const chaos of seeds) expect(chaos?.duration).toBe(10_000)
  expect(new Set(seeds.map(chaos => chaos?.seed)).size).toBeGreaterThan(1)
})

it('takes several addresses', () => {
  expect(parseNode(argv('--join tcp://a:1 tcp://b:2 --listen tcp://0.0.0.0:4444'))).toEqual({
    join: ['tcp://a:1', 'tcp://b:2'],
    listen: ['tcp://0.0.0.0:4444'],
    network: 'p2p-demo',
  })
})

it('takes the secret from the command line, or from the environment', () => {
  expect([parseDemo(argv('--secret abc')).secret, parseNode(argv('--secret abc')).secret]).toEqual([
    'abc',
    'abc',
  ])
  vi.stubEnv('P2P_SECRET', 'unseen')
  expect([parseDemo(argv('')).secret, parseNode(argv('')).secret]).toEqual(['unseen', 'unseen'])
  expect(() => parseNode(argv('--help'))).toThrow('exit 0')
  expect(written).not.toContain('unseen')
})

it.each([
  ['--nodes 2', /--nodes.*whole number from 3 to 64/],
  ['--nodes 65', /--nodes.*whole number from 3 to 64/],
  ['--nodes 3.5', /--nodes.*whole number from 3 to 64/],
  ['--nodes five', /--nodes.*whole number from 3 to 64/],
  ['--nodes', /--nodes.*argument missing/],
  ['--timeout 0', /--timeout.*number from 1 to 86400/],
  ['--chaos 0', /--chaos.*number from 0.1 to 86400/],
  ['--chaos --seed -1', /--seed.*whole number from 0 to 999999/],
  ['--seed 1', /--seed is for --chaos/],
  ['--chaos --replace --identity me.pem', /--identity is not for --replace/],
  ['--colour', /unknown option '--colour'/],
  ['folder', /unexpected argument 'folder'\n\(A folder is named by --dir; /],
])('refuses %s', (line, message) => {
  expect(() => parseDemo(argv(line))).toThrow('exit 1')
  expect(written).toMatch(message)
  expect(written.includes('named by --dir')).toBe(line === 'folder')
})

it('names the commands to who mistypes one', () => {
  expect(() => parseNode(argv('nta'))).toThrow('exit 1')
  expect(written).toMatch(/^error: unexpected argument 'nta'\n\(The commands are nat and echo, /)
})

it('takes 64 hexadecimal digits as the bytes of the secret, and anything else as text', () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, index) => index + 0xa0)
  const digits = Array.from(bytes, byte => byte.toString(16)).join('')
  expect(secretOf(digits)).toEqual(bytes)
  expect(secretOf(digits.toUpperCase())).toEqual(bytes)
  for (const text of [digits.slice(2), `${digits}00`, `${digits.slice(1)}g`])
    expect(secretOf(text)).toBe(text)
})

it.each(['secret', 'dir', 'identity'])('both programs refuse a --%s that is empty', name => {
  for (const parse of [parseDemo, parseNode]) {
    written = ''
    expect(() => parse(argv(`--${name}=`))).toThrow('exit 1')
    expect(written).toMatch(new RegExp(`--${name}.*must not be empty`))
  }
})

it('explains itself', () => {
  expect(() => parseDemo(argv('--help'))).toThrow('exit 0')
  expect(() => parseNode(argv('--help'))).toThrow('exit 0')
  const options = [
    'nodes',
    'dir',
    'keep',
    'timeout',
    'chaos',
    'seed',
    'replace',
    'plain',
    'listen',
    'join',
    'network',
    'secret',
    'identity',
    'help',
  ]
  for (const option of options) expect(written).toContain(`--${option}`)
})
