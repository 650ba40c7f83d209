import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { parseOptions as parseDemo } from '../src/demo/options.ts'
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

const argv = (line: string) => ['node', 'main.ts', ...line.split(' ').filter(Boolean)]

it('takes five processes and this repository where nothing else is said', () => {
  const repository = resolve(import.meta.dirname, '../../..')
  expect(parseDemo(argv(''))).toEqual({ nodes: 5, dir: join(repository, '/'), keep: false, timeout: 30_000 })
})

it('takes a folder relative to where npm was called', () => {
  vi.stubEnv('INIT_CWD', '/somewhere')
  const options = parseDemo(argv('--nodes 64 --keep --timeout 1.5 --dir ../else'))
  expect(options).toEqual({ nodes: 64, dir: '/else', keep: true, timeout: 1_500 })
})

it('takes several addresses', () => {
  expect(parseNode(argv('--join tcp://a:1 tcp://b:2 --listen tcp://0.0.0.0:4444'))).toEqual({
    join: ['tcp://a:1', 'tcp://b:2'],
    listen: ['tcp://0.0.0.0:4444'],
    network: 'p2p-demo',
  })
})

it.each([
  ['--nodes 2', /--nodes.*whole number from 3 to 64/],
  ['--nodes 65', /--nodes.*whole number from 3 to 64/],
  ['--nodes 3.5', /--nodes.*whole number from 3 to 64/],
  ['--nodes five', /--nodes.*whole number from 3 to 64/],
  ['--nodes', /--nodes.*argument missing/],
  ['--timeout 0', /--timeout.*number from 1 to 86400/],
  ['--colour', /unknown option '--colour'/],
  ['folder', /too many arguments/],
])('refuses %s', (line, message) => {
  expect(() => parseDemo(argv(line))).toThrow('exit 1')
  expect(written).toMatch(message)
})

it('explains itself', () => {
  expect(() => parseDemo(argv('--help'))).toThrow('exit 0')
  expect(() => parseNode(argv('--help'))).toThrow('exit 0')
  const options = ['nodes', 'dir', 'keep', 'timeout', 'listen', 'join', 'network', 'identity', 'help']
  for (const option of options) expect(written).toContain(`--${option}`)
})
