import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const app = fileURLToPath(new URL('../', import.meta.url))

/** How a program ended, when neither it nor a process that it started writes any more. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** All that it wrote, stdout and stderr. */
  readonly output: string
}

/** A real process of one of this package's programs. It is killed at the end of the test, if it has not ended. */
export class Program implements AsyncDisposable {
  readonly ended: Promise<End>
  readonly #child: ChildProcess
  readonly #checks = new Set<() => void>()
  #output = ''
  #end: End | undefined

  constructor(name: 'demo' | 'node', args: readonly string[]) {
    const flags = ['--import', 'tsx', '--conditions=@p2p/source']
    const { INIT_CWD: _, ...env } = process.env
    const child = spawn(process.execPath, [...flags, `src/${name}/main.ts`, ...args], {
      cwd: app,
      env,
      stdio: 'pipe',
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
        this.#check()
      })
    }
    this.ended = new Promise(resolve => {
      child.once('close', (code, signal) => {
        this.#end = { code, signal, output: this.#output }
        resolve(this.#end)
        this.#check()
      })
    })
  }

  /** Resolves with the first match in what it wrote. @throws if it ends without one */
  output(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const match = pattern.exec(this.#output)
        if (match === null && this.#end === undefined) return
        this.#checks.delete(check)
        if (match !== null) resolve(match)
        else reject(new Error(`it ended without ${String(pattern)}:\n${this.#output}`))
      }
      this.#checks.add(check)
      check()
    })
  }

  /** Types a line. */
  type(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  /** Ends its input. */
  endInput(): void {
    this.#child.stdin?.end()
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  #check(): void {
    for (const check of Array.from(this.#checks)) check()
  }
}

/** A folder of its own for a test. */
export interface Folder extends AsyncDisposable {
  readonly path: string
}

/** Makes a folder with these files in it, contents by path. */
export const createFolder = async (files: Readonly<Record<string, string>>): Promise<Folder> => {
  const path = await mkdtemp(join(tmpdir(), 'p2p-demo-test-'))
  for (const [name, contents] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), contents)
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
