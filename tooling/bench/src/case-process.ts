import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { nodeFlags } from './node-flags.ts'
import { progressLine } from './progress.ts'
import type { Outcome } from './rounds.ts'

/**
 * How long the contenders of a case may take to get ready, or one of them for its turn, in milliseconds: turns last a fifth of a second, or some
 * seconds, and the machine may be busy. A pair of processes gives up before, and knows more about why.
 */
const patience = 120_000

/** What is shown of a case, and how long it may be silent, in milliseconds. */
export interface Showing {
  readonly what: string
  readonly longestTurn?: number
}

/**
 * Runs a case in a process of its own and shows who is at work.
 *
 * @throws what it ended with, or who was at work when nothing more came of it: its process is killed then
 */
export const caseProcess = (
  program: URL,
  args: readonly string[],
  { what, longestTurn = patience }: Showing,
): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const show = progressLine(what)
    const child = fork(fileURLToPath(program), args, { execArgv: [...nodeFlags], serialization: 'advanced' })
    let last = 'getting ready'
    let isLate = false
    const watch = setTimeout(() => {
      isLate = true
      child.kill('SIGKILL')
    }, longestTurn)
    let outcome: Outcome | undefined
    child.on('message', (message: { readonly progress?: string; readonly outcome?: Outcome }) => {
      watch.refresh()
      if (message.progress !== undefined) show((last = message.progress))
      outcome ??= message.outcome
    })
    child.on('error', reject)
    child.on('exit', code => {
      clearTimeout(watch)
      show('')
      if (outcome !== undefined) resolve(outcome)
      else if (isLate) reject(new Error(`nothing came of it in ${longestTurn / 1_000} s: ${last}`))
      else reject(new Error(`its process ended with ${code ?? 'a signal'}: ${last}`))
    })
  })
