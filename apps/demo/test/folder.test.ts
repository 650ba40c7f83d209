import { symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { changedSince } from '../src/folder/changed.ts'
import { readFiles } from '../src/folder/read.ts'
import { isInShare } from '../src/folder/share.ts'
import { resolveFolder, walk } from '../src/folder/walk.ts'
import { createFolder } from './program.ts'

it('lists regular files in all folders, without symbolic links and what tools make', async () => {
  await using folder = await createFolder({
    'b.txt': '',
    'a/deep/er.txt': '',
    'a b/ü.txt': '',
    '.hidden': '',
    '.git/HEAD': '',
    'a/node_modules/x/index.js': '',
    'a/dist/index.js': '',
    '.turbo/log': '',
    'dist.txt': '',
  })
  await symlink(join(folder.path, 'b.txt'), join(folder.path, 'link.txt'))
  await symlink(join(folder.path, 'a'), join(folder.path, 'loop'))
  const { paths, unreadable } = await walk(folder.path)
  expect(paths).toEqual(['.hidden', 'a b/ü.txt', 'a/deep/er.txt', 'b.txt', 'dist.txt'])
  expect(unreadable).toEqual([])
})

it('tells of names that are no text', async () => {
  await using folder = await createFolder({ 'good.txt': '' })
  await writeFile(Buffer.concat([Buffer.from(`${folder.path}/bad`), Buffer.of(0xff)]), '')
  const { paths, unreadable } = await walk(folder.path)
  expect(paths).toEqual(['good.txt'])
  expect(unreadable).toEqual([{ path: 'bad\ufffd', reason: 'its name is not UTF-8' }])
})

it('reads size, SHA-256 and time of modification', async () => {
  await using folder = await createFolder({ abc: 'abc', empty: '', long: 'a'.repeat(1_000_000) })
  await utimes(join(folder.path, 'abc'), 1_500_000_000, 1_600_000_000.25)
  const { records, unreadable } = await readFiles(folder.path, ['abc', 'empty', 'long', 'gone'])
  // The digests of FIPS 180's examples, and of nothing
  expect(records.get('abc')).toEqual({
    size: 3,
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    modified: 1_600_000_000_250,
  })
  expect(records.get('empty')?.sha256).toBe(
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  )
  expect(records.get('long')).toMatchObject({
    size: 1_000_000,
    sha256: 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
  })
  expect(records.has('gone')).toBe(false)
  expect(unreadable).toEqual([])
})

it('goes on after what cannot be read, and tells of it', async () => {
  await using folder = await createFolder({ 'a/b': '', c: 'c' })
  const { records, unreadable } = await readFiles(folder.path, ['a', 'c'])
  expect([...records.keys()]).toEqual(['c'])
  expect(unreadable.map(({ path }) => path)).toEqual(['a'])
})

it('gives every file to exactly one share', () => {
  const paths = Array.from({ length: 1_000 }, (_, index) => `folder/${index}.txt`)
  for (const count of [1, 3, 16]) {
    const sizes = new Array<number>(count).fill(0)
    for (const path of paths) {
      const shares = sizes.flatMap((_, index) => (isInShare(path, { index, count }) ? [index] : []))
      expect(shares).toHaveLength(1)
      for (const index of shares) sizes[index] = (sizes[index] ?? 0) + 1
    }
    expect(Math.max(...sizes)).toBeLessThan((1_000 / count) * 1.5 + 20)
  }
})

it('sees that a file was changed, also where its time of modification says otherwise, or that it was removed', async () => {
  await using folder = await createFolder({ file: 'x' })
  const [later, before] = [Date.now() + 60_000, Date.now() - 60_000]
  await utimes(join(folder.path, 'file'), 1, 1)
  expect(await changedSince(folder.path, 'file', before)).toBe(true)
  expect(await changedSince(folder.path, 'file', later)).toBe(false)
  expect(await changedSince(folder.path, 'gone/too', before)).toBe(true)
  expect(await changedSince(folder.path, 'gone/too', later)).toBe(false)
})

it('refuses what is no folder', async () => {
  await using folder = await createFolder({ file: '' })
  await expect(resolveFolder(join(folder.path, 'nowhere'))).rejects.toThrow('it does not exist')
  await expect(resolveFolder(join(folder.path, 'file'))).rejects.toThrow('is not a folder')
})
