import { Command } from 'commander'
import { parseOptionsOnly } from '../arguments.ts'
import { describe } from '../words.ts'
import { look } from './look.ts'
import { asTable } from './table.ts'

interface Options {
  readonly server: readonly string[]
  readonly json?: true
}

/** `npm run node -- nat`: interfaces, routes, NAT behaviour. Without servers nothing is sent. */
export const nat = async (args: readonly string[]): Promise<void> => {
  const command = new Command('npm run node -- nat')
    .description('What this machine can bind, and what the world sees of it.')
    .option('--server <host:port...>', 'STUN servers to ask; without any, nothing leaves this machine', [])
    .option('--json', 'as one object of JSON')
    .helpOption('--help', 'show this')
  const { server, json } = parseOptionsOnly(
    command,
    args,
    'STUN servers are named by --server.',
  ).opts<Options>()
  const controller = new AbortController()
  const end = () => controller.abort()
  process.on('SIGINT', end).on('SIGTERM', end)
  try {
    const findings = await look(server, controller.signal)
    const lines = json === true ? [JSON.stringify(findings, undefined, 2)] : asTable(findings)
    process.stdout.write(`${lines.join('\n')}\n`)
  } catch (error) {
    process.stderr.write(`nat: ${describe(error)}\n`)
    process.exitCode = controller.signal.aborted ? 130 : 1
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end)
  }
}
