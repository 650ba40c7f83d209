import { expect, it } from 'vitest'
import { extractExamples } from '../src/index.ts'

const markdown = [
  '# Title',
  '```',
  'npm install it',
  '```',
  '```ts',
  'const one: number = 1',
  '```',
  '- in a list:',
  '  ```ts no-run',
  '  two()',
  '  ```',
  '````md',
  '```ts',
  'not an example',
  '```',
  '````',
].join('\n')

it('finds the blocks of TypeScript, at the lines that they have in the README', () => {
  const examples = extractExamples('README.md', markdown)
  expect(examples).toMatchObject([
    { readme: 'README.md', line: 6, runs: true },
    { readme: 'README.md', line: 10, runs: false },
  ])
  expect(examples[0]?.code.split('\n')[5]).toBe('const one: number = 1')
  expect(examples[1]?.code.split('\n')[9]).toBe('  two()')
  expect(examples.map(({ code }) => code.trim())).toEqual(['const one: number = 1', 'two()'])
})

it('refuses a mark that it does not know, with the line', () => {
  expect(() => extractExamples('README.md', '\n```ts norun\n```')).toThrow(
    'README.md:2: unknown mark "norun"',
  )
})

it('refuses a fence that is never closed, with the line', () => {
  expect(() => extractExamples('README.md', '```ts\ncode')).toThrow('README.md:1: this fence is never closed')
})
