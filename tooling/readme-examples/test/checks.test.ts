import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, describe, expect, it } from 'vitest'
import { runProgram, typeErrors } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'readme-examples-'))
afterAll(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('a type error', () => {
  const options = {
    strict: true,
    noEmit: true,
    module: ts.ModuleKind.NodeNext,
    lib: ['lib.es5.d.ts'],
    types: [],
  }

  it('is reported with its file and its line', () => {
    const file = write('wrong.mts', '\n\nexport const number: number = "text"\n')
    const other = write('right.mts', 'export const number = 1\n')
    const errors = typeErrors([file, other], options, () => true)
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatch(/wrong\.mts:3:14 .*not assignable/u)
  })

  it('does not count in a file that is only read', () => {
    const file = write('only-read.mts', 'export const number: number = "text"\n')
    expect(typeErrors([file], options, path => path !== file)).toEqual([])
  })
})

describe('a program', () => {
  it('resolves with what it wrote', async () => {
    const file = write('right.mjs', 'console.log("out"); console.error("err")')
    expect(await runProgram([file], { cwd: folder, limit: 10_000 })).toBe('out\nerr\n')
  })

  it('rejects with its exit code and what it wrote', async () => {
    const file = write('failing.mjs', 'console.log("so far"); process.exitCode = 3')
    await expect(runProgram([file], { cwd: folder, limit: 10_000 })).rejects.toThrow(/exits with 3\nso far/u)
  })

  it('is killed when it does not end, and rejects', async () => {
    const file = write('hanging.mjs', 'setInterval(() => {}, 1000)')
    await expect(runProgram([file], { cwd: folder, limit: 300 })).rejects.toThrow(
      'has not come to its end within 300 ms',
    )
  })

  it('gets no input', async () => {
    const file = write('reading.mjs', 'for await (const _ of process.stdin); console.log("ended")')
    expect(await runProgram([file], { cwd: folder, limit: 10_000 })).toBe('ended\n')
  })
})
