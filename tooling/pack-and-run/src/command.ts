import { execFile } from 'node:child_process'

/** Where and how a command runs. */
export interface CommandSettings {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

/** Runs a command and returns its standard output. @throws how it ended and all that it wrote, when its exit code is not 0 */
export const command = (name: string, args: readonly string[], settings: CommandSettings): Promise<string> =>
  new Promise((resolve, reject) => {
    // The tools of Node.js are scripts for a shell on Windows.
    const options = { ...settings, shell: process.platform === 'win32', maxBuffer: 1 << 26 }
    execFile(name, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else {
        const end = `${name} ${args.join(' ')} ended with ${error.code ?? error.signal ?? 'an error'}`
        reject(new Error([end, stdout.trim(), stderr.trim()].filter(Boolean).join('\n'), { cause: error }))
      }
    })
  })
