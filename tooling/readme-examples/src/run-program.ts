import { execFile } from 'node:child_process'

/** How {@link runProgram} runs a program. */
export interface RunSettings {
  readonly cwd: string
  /** The program of Node.js. Default: the one that runs this. */
  readonly node?: string
  /** Milliseconds after which it is killed. */
  readonly limit: number
  /** Kills it too. */
  readonly signal?: AbortSignal
}

/** Bytes that a program may write on each of its two streams. */
const maxOutput = 1 << 20

/**
 * Runs a program of Node.js without input until it exits by itself.
 *
 * @param args of `node`
 * @returns what it wrote, standard output first
 * @throws what went wrong and what it wrote, when it exits with another code than 0, is killed, or goes on beyond the limit
 */
export const runProgram = (
  args: readonly string[],
  { limit: timeout, node = process.execPath, ...settings }: RunSettings,
): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = { ...settings, timeout, killSignal: 'SIGKILL', maxBuffer: maxOutput } as const
    const child = execFile(node, args, options, (error, stdout, stderr) => {
      const output = stdout + stderr
      if (error === null) {
        resolve(output)
        return
      }
      let end = `exits with ${error.code ?? error.signal ?? 'an error'}`
      if (error.killed === true) end = `has not come to its end within ${timeout} ms`
      reject(new Error(`${end}\n${output}`, { cause: error }))
    })
    child.stdin?.end()
  })
