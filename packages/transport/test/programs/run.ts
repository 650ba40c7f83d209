import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * Runs a program of this folder through a shell line in which `"$@"` is the program, and gives what it printed when it ends. One that does not end is
 * killed before its test is out of time, and has the code `null`: what it printed says why.
 */
export const run = async (
  program: string,
  shellLine = 'exec "$@"',
): Promise<{ readonly code: number | null; readonly output: string }> => {
  const path = fileURLToPath(new URL(program, import.meta.url))
  const node = [process.execPath, '--import', 'tsx', '--conditions=@p2p/source', path]
  const child = spawn('sh', ['-c', shellLine, 'sh', ...node], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 18_000,
    killSignal: 'SIGKILL',
  })
  const output: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk))
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code, output: Buffer.concat(output).toString() }
}

/**
 * A process that listens and never accepts: its queue of incoming connections is one long, and it is blocked for ever. The system completes a few
 * dials for it and then leaves all others without an answer.
 */
export const blockedListener = async (): Promise<{ readonly port: number; readonly child: ChildProcess }> => {
  const source = `
    const server = require('node:net').createServer()
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () =>
      process.send(server.address().port, () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)))`
  const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const port = await new Promise<number>(resolve => child.once('message', port => resolve(port as number)))
  return { port, child }
}
