import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, inject } from 'vitest'

const app = fileURLToPath(new URL('../', import.meta.url))

/** How a program ended, when neither it nor a process that it started writes any more. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** All that it wrote, stdout and stderr, as it was read: what came by different ways is in no order. */
  readonly output: string
  readonly stdout: string
  readonly stderr: string
}

type ProgramName = 'demo' | 'node'

/** How a program is started. */
export interface ProgramSettings {
  /** The size of the pseudo-terminal that it has; by default it has none. */
  readonly terminal?: Size | undefined
  readonly environment?: NodeJS.ProcessEnv
  /** What is started instead of the bundled program, and flags for Node.js. */
  readonly path?: string
  readonly flags?: readonly string[]
}

/** Characters of a terminal. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

const bundled = (name: ProgramName) => join(inject('bundle'), name, 'main.mjs')

/** `script` of util-linux runs a command on a pseudo-terminal: what is written to it is typed there. */
const onTerminal = (command: readonly string[], { columns, rows }: Size) => {
  const quoted = command.map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  return ['script', '-qefc', `stty cols ${columns} rows ${rows} && exec ${quoted}`, '/dev/null']
}

/** Starts the demo from its source, as its script in package.json does. */
export const fromSource: ProgramSettings = {
  path: 'src/demo/main.ts',
  flags: ['--import', 'tsx', '--conditions=@p2p/source'],
}

/** The processes of which it said that it started them are no more. There were so many, or, where that is chance, some. */
export const expectNoProcess = ({ output }: End, count?: number): void => {
  const processes = new Set(Array.from(output.matchAll(/\bprocess (\d+)/g), ([, pid]) => Number(pid)))
  if (count === undefined) expect(processes.size).toBeGreaterThan(0)
  else expect(processes.size).toBe(count)
  for (const pid of processes) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
}

/** A real process of one of this package's programs. It is killed at the end of the test, if it has not ended. */
export class Program implements AsyncDisposable {
  readonly ended: Promise<End>
  readonly #child: ChildProcess
  readonly #checks = new Set<() => void>()
  #output = ''
  #end: End | undefined

  constructor(name: ProgramName, args: readonly string[], settings: ProgramSettings = {}) {
    const { INIT_CWD: _, CI: __, NO_COLOR: ___, FORCE_COLOR: ____, ...inherited } = process.env
    const { terminal, environment } = settings
    const command = [process.execPath, ...(settings.flags ?? []), settings.path ?? bundled(name), ...args]
    const [file, ...rest] = terminal === undefined ? command : onTerminal(command, terminal)
    const child = spawn(file as string, rest, {
      cwd: app,
      env: { ...inherited, TERM: 'xterm-256color', ...environment },
      stdio: 'pipe',
    })
    this.#child = child
    const written = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        written[name] += text
        this.#output += text
        this.#check()
      })
    }
    this.ended = new Promise(resolve => {
      child.once('close', (code, signal) => {
        this.#end = { code, signal, output: this.#output, ...written }
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
    this.press(`${line}\n`)
  }

  /** Presses keys. */
  press(keys: string): void {
    this.#child.stdin?.write(keys)
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
