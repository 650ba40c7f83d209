import { expect, it } from 'vitest'
import { caseProcess } from '../src/case-process.ts'

const run = (name: string, longestTurn?: number) =>
  caseProcess(new URL(`programs/${name}`, import.meta.url), [], {
    what: 'a case',
    ...(longestTurn !== undefined && { longestTurn }),
  })

it('a case of which nothing more comes is killed, and the error names who was at work', async () => {
  await expect(run('silent.mjs', 3_000)).rejects.toThrow(
    'nothing came of it in 3 s: round 2 of 9: a peer that has lost a message',
  )
})

it('so does the error of one that ends early', async () => {
  await expect(run('early.mjs')).rejects.toThrow('its process ended with 3: round 1 of 9: a peer')
})
