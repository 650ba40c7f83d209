import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { judge } from '../src/demo/verdict.ts'
import { readFiles } from '../src/folder/read.ts'
import type { FileRecord } from '../src/folder/record.ts'
import { walk } from '../src/folder/walk.ts'
import { createFolder } from './program.ts'

/** A run that began a minute from now: nothing was changed since. */
const quiet = () => Date.now() + 60_000
/** A run that began a minute ago: everything here was made since. */
const busy = () => Date.now() - 60_000

const read = async (folder: string) => readFiles(folder, (await walk(folder)).paths)

const forged: FileRecord = { size: 1, sha256: '0'.repeat(64), modified: 1 }

it('is right when every node holds exactly what is on the disk', async () => {
  await using folder = await createFolder({ a: '1', 'b/c': '2' })
  const reading = await read(folder.path)
  const indexes = ['node 0', 'node 1'].map(node => ({ node, entries: reading.records }))
  expect(await judge(folder.path, quiet(), reading, indexes)).toEqual({
    compared: 2,
    differences: [],
    changed: [],
  })
})

it('names the node and the path of every difference: missing, foreign, different, no record at all', async () => {
  await using folder = await createFolder({ a: '1', b: '2', c: '3' })
  const reading = await read(folder.path)
  const { records } = reading
  const [a, b] = [records.get('a'), records.get('b')]
  const entries = new Map<string, unknown>([
    ['a', forged],
    ['b', { ...b, sha256: 5 }],
    ['d', forged],
  ])
  const indexes = [
    { node: 'node 0', entries: records },
    { node: 'node 1', entries },
  ]
  const { differences } = await judge(folder.path, quiet(), reading, indexes)
  expect(differences).toEqual([
    { node: 'node 1', path: 'a', held: forged, disk: a },
    { node: 'node 1', path: 'b', held: { ...b, sha256: 5 }, disk: b },
    { node: 'node 1', path: 'c', held: undefined, disk: records.get('c') },
    { node: 'node 1', path: 'd', held: forged, disk: undefined },
  ])
})

it('reads a file that differs again, and is right if it now is what the nodes hold', async () => {
  await using folder = await createFolder({ a: 'old' })
  const stale = await read(folder.path)
  await writeFile(join(folder.path, 'a'), 'new')
  const { records } = await read(folder.path)
  expect(await judge(folder.path, quiet(), stale, [{ node: 'node 0', entries: records }])).toEqual({
    compared: 1,
    differences: [],
    changed: [],
  })
})

it('leaves out, and names, what was changed, made or removed during the run', async () => {
  await using folder = await createFolder({ stays: 's', changes: 'old', made: 'm' })
  const entries = new Map((await read(folder.path)).records)
  entries.delete('made')
  entries.set('removed', forged)
  await writeFile(join(folder.path, 'changes'), 'new')
  await utimes(join(folder.path, 'changes'), 1, 1)
  const indexes = ['node 0', 'node 1'].map(node => ({ node, entries }))
  expect(await judge(folder.path, busy(), await read(folder.path), indexes)).toEqual({
    compared: 1,
    differences: [],
    changed: ['changes', 'made', 'removed'],
  })
})

it('does not excuse nodes that hold different things of a file that was changed', async () => {
  await using folder = await createFolder({ a: '1', b: '2' })
  const reading = await read(folder.path)
  const without = new Map(reading.records)
  without.delete('a')
  const indexes = [
    { node: 'node 0', entries: reading.records },
    { node: 'node 1', entries: without },
  ]
  const { differences } = await judge(folder.path, busy(), reading, indexes)
  expect(differences.map(({ node, path }) => `${node} ${path}`)).toEqual(['node 1 a'])
})
