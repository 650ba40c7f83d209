import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const folder = fileURLToPath(new URL('..', import.meta.url))
const examples = [...readFileSync(`${folder}README.md`, 'utf8').matchAll(/^```ts\n([^]*?)^```$/gm)].map(
  ([, code = '']) => code,
)

const run = (code: string) => {
  const options = ['--import', 'tsx', '--conditions=@p2p/source', '--input-type=module', '--eval', code]
  const { status, stdout, stderr } = spawnSync(process.execPath, options, { cwd: folder, encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout
}

describe('the README', () => {
  it('shows programs that run', () => {
    const outputs = examples.map(run)
    expect(outputs).toHaveLength(2)
    expect(outputs[0]).toMatch(/partition: alice \| bob/)
    expect(outputs[0]).toMatch(/\d+ of \d+ bytes were heard/)
    expect(outputs[1]).toBe('1 2 3 after 40 ms\n')
  })
})
