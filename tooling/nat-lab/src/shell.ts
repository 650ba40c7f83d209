import { execFile } from 'node:child_process'

/** What a program wrote, whatever it ended with. */
export interface Output {
  readonly ok: boolean
  readonly text: string
}

/** Where the system keeps its programs for networks, which is not on everybody's path. */
process.env['PATH'] = [process.env['PATH'], '/usr/sbin', '/sbin'].join(':')

/** Runs a program to its end. `input` is given to it. */
export const tryRun = (
  program: string,
  args: readonly string[],
  input = '',
  limit = 60_000,
): Promise<Output> =>
  new Promise(resolve => {
    const child = execFile(
      program,
      args,
      { timeout: limit, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const missing = error !== null && 'code' in error && error.code === 'ENOENT'
        resolve({ ok: error === null, text: missing ? `${program}: not installed` : stdout + stderr })
      },
    )
    // A program that does not read its input closes it
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })

/** The same, for what must work. @throws Error with what it wrote */
export const run = async (program: string, args: readonly string[], input?: string): Promise<string> => {
  const { ok, text } = await tryRun(program, args, input)
  if (!ok) throw new Error(`${program} ${args.join(' ')}\n${text}`)
  return text
}

/** Milliseconds until what is started must be ready. */
const readyTimeout = 20_000

/** Waits until something is ready, by looking ten times a second. @throws Error if it is not in 20 s */
export const until = async (what: string, isReady: () => Promise<boolean>): Promise<void> => {
  const begin = performance.now()
  while (!(await isReady())) {
    if (performance.now() - begin > readyTimeout) throw new Error(`${what}: not ready`)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
