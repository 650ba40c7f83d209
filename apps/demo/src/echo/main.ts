import { raw } from '@p2p/framing'
import type { Address } from '@p2p/interfaces'
import { createDaemon } from '@p2p/transport/pipe'
import { Command } from 'commander'
import { parseOptionsOnly } from '../arguments.ts'
import { describe, printable } from '../words.ts'

interface Options {
  readonly listen: readonly Address[]
}

/** `npm run node -- echo`: sends back what comes, as it comes, so that netcat can talk to it. */
export const echo = async (args: readonly string[]): Promise<void> => {
  const command = new Command('npm run node -- echo')
    .description('Sends back what comes, byte for byte: over TCP, UDP, WebSocket or a Unix socket.')
    .option('--listen <address...>', 'where to listen; port 0 takes a free one', [
      'tcp://127.0.0.1:7000',
      'udp://127.0.0.1:7000',
    ])
    .helpOption('--help', 'show this')
  const { listen } = parseOptionsOnly(command, args, 'Addresses are named by --listen.').opts<Options>()
  const controller = new AbortController()
  const end = () => controller.abort()
  process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end)
  await using daemon = createDaemon({ framing: raw(), keepAlive: false, idleTimeout: 600_000 })
  daemon.on('error', error => process.stderr.write(`${describe(error)}\n`))
  daemon.on('message', async ({ data, from, pipe }) => {
    // Who does not take its answers is not read either; one that leaves meanwhile has left.
    if (!pipe.send(data, from)) await pipe.drained().catch(() => undefined)
  })
  try {
    for (const { target, address, error } of await daemon.listen(listen, { signal: controller.signal })) {
      if (error === undefined) process.stdout.write(`listens at ${address ?? target}\n`)
      else process.stderr.write(`cannot listen at ${printable(target)}: ${describe(error)}\n`)
    }
    if (!controller.signal.aborted)
      await new Promise(resolve => controller.signal.addEventListener('abort', resolve))
  } catch (error) {
    if (controller.signal.aborted) return
    process.stderr.write(`echo: ${describe(error)}\n`)
    process.exitCode = 1
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end).off('SIGHUP', end)
  }
}
