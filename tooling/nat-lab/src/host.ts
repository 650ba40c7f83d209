import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Answer, Command } from './agent.ts'

const agent = fileURLToPath(new URL('agent.ts', import.meta.url))

/** Milliseconds in which a host answers: more than the longest of all deadlines of what it is told to do. */
const answerTimeout = 30_000

/** A program of ours in a network namespace. */
export class Host {
  readonly #name: string
  readonly #child: ChildProcess
  readonly #answers: Answer[] = []
  #waiting: ((answer: Answer) => void) | undefined

  constructor(namespace: string) {
    this.#name = namespace
    const args = ['netns', 'exec', namespace, process.execPath, ...process.execArgv, agent]
    this.#child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] })
    if (this.#child.stdout === null) throw new Error('no output')
    createInterface({ input: this.#child.stdout }).on('line', line => {
      const answer = JSON.parse(line) as Answer
      const waiting = this.#waiting
      this.#waiting = undefined
      if (waiting === undefined) this.#answers.push(answer)
      else waiting(answer)
    })
  }

  tell(command: Command): void {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`)
  }

  /** Its next answer. Rejects if it says nothing for 30 s. */
  next(): Promise<Answer> {
    const answer = this.#answers.shift()
    if (answer !== undefined) return Promise.resolve(answer)
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`host ${this.#name} is silent`)), answerTimeout)
      this.#waiting = each => {
        clearTimeout(deadline)
        resolve(each)
      }
    })
  }

  ask(command: Command): Promise<Answer> {
    this.tell(command)
    return this.next()
  }

  end(): void {
    this.#child.kill()
  }
}
