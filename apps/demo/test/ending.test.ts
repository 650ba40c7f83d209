import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, inject, it } from 'vitest'
import { createNarrator } from '../src/demo/narrator.ts'
import { perform } from '../src/demo/play.ts'
import type { Processes } from '../src/demo/processes.ts'
import type { CommandName, Commands } from '../src/demo/protocol.ts'
import { createFolder } from './program.ts'

/** A process of the demo, with this test as its parent. */
const startWorker = () =>
  fork(join(inject('bundle'), 'demo/worker.mjs'), {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })

let commands = 0
const tell = <Name extends CommandName>(
  worker: ChildProcess,
  name: Name,
  command: Commands[Name]['command'],
) => worker.send({ id: commands++, name, command })

const becomeSeed = (worker: ChildProcess) =>
  tell(worker, 'join', {
    network: 'test',
    secret: 'a'.repeat(64),
    seeds: [],
    identity: undefined,
    interval: 1_000,
    figuresEvery: undefined,
  })

/** How it ends, what it says meanwhile, and what it writes. */
const stop = async (worker: ChildProcess) => {
  const types = new Set<string>()
  worker.on('message', ({ type }: { type: string }) => types.add(type))
  const stderr = text(worker.stderr as NodeJS.ReadableStream)
  tell(worker, 'stop', {})
  const [code] = (await once(worker, 'exit')) as [number | null]
  return { code, troubled: types.has('trouble'), stderr: await stderr }
}

const inOrder = { code: 0, troubled: false, stderr: '' }

it('a process that is to stop before it is a node does so', async () => {
  using worker = startWorker()
  becomeSeed(worker)
  expect(await stop(worker)).toEqual(inOrder)
})

it('a process that is to stop in the middle of its work does so at once, without a complaint', async () => {
  await using folder = await createFolder({ 'a.txt': 'a', 'b.txt': 'b' })
  using worker = startWorker()
  becomeSeed(worker)
  await once(worker, 'message')
  const share = { index: 0, count: 1 }
  tell(worker, 'publish', { folder: folder.path, share })
  await once(worker, 'message')
  tell(worker, 'patrol', { paths: ['a.txt', 'b.txt'] })
  tell(worker, 'store', { folder: folder.path, share, budget: 1_000, except: undefined })
  tell(worker, 'settle', { size: 3, patience: 600_000 })
  tell(worker, 'secure', { members: 1 })
  expect(await stop(worker)).toEqual(inOrder)
})

it('the demo fails once, and with the reason, when it is ended before its first process is there', async () => {
  const processes = { start: () => Promise.reject(new Error('ended')) } as unknown as Processes
  const narrator = createNarrator(() => undefined)
  await expect(perform({ folder: '', nodes: 5, stall: 1_000, processes, narrator })).rejects.toThrow('ended')
})
