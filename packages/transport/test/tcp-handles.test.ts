import { expect, it } from 'vitest'
import { run } from './programs/run.ts'

// Processes of their own: the handles of this one are also those of the tests beside it.

it('after 200 connections, closed and aborted by either end, no handle is left', async () => {
  expect(await run('leaves-no-handles.ts')).toEqual({ code: 0, output: '[0,1,0]\n' })
})

it('a program that has closed everything ends by itself', async () => {
  expect(await run('ends-by-itself.ts')).toEqual({ code: 0, output: 'echo true\n' })
})
