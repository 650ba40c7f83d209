// npm run node: one node of the network in the terminal, or behind a pipe.
import { setImmediate } from 'node:timers/promises'
import { identityFromFile } from '@p2p/mesh/identity-file'
import { echo } from '../echo/main.ts'
import { resolveFolder, walk } from '../folder/walk.ts'
import { nat } from '../nat/main.ts'
import { createNode, enter, leaveTable, type Node } from '../network/node.ts'
import { publish } from '../network/publish.ts'
import { onText } from '../network/text.ts'
import { bytes, count, describe, entries, printable, short } from '../words.ts'
import { carryOut } from './commands.ts'
import { type NodeCommandOptions, parseOptions } from './options.ts'
import { Terminal } from './terminal.ts'

/** Shows what happens in the network, until this node leaves it. */
const watch = (node: Node, terminal: Terminal) => {
  const { mesh, files } = node
  onText(node, line => terminal.print(line))
  mesh
    .on('peer:connect', ({ id }) => terminal.notice(`${short(id)} is here`))
    .on('peer:disconnect', ({ id }) => {
      if (mesh.status !== 'closed') terminal.notice(`${short(id)} is gone`)
    })
    .on('refused', (remote, error) => terminal.notice(`turned ${printable(remote)} away: ${describe(error)}`))
  files.on('conflict', ({ key, meta }) =>
    terminal.notice(`lost ${printable(String(key))} to ${short(meta.owner)}`),
  )
}

/** Gets into the network through one of the addresses, at least. */
const join = async (node: Node, { join }: NodeCommandOptions, terminal: Terminal, signal: AbortSignal) => {
  if (join.length === 0) return
  for (const failure of await enter(node, join, { signal })) terminal.notice(describe(failure))
  terminal.notice(`joined; the dictionary has ${entries(node.files.size)}`)
}

const publishFolder = async (node: Node, folder: string, terminal: Terminal, signal: AbortSignal) => {
  const listing = await walk(folder, signal)
  terminal.notice(`reads ${count(listing.paths.length, 'file')} of ${printable(folder)}`)
  const { paths, bytes: size, unreadable, held } = await publish(node, folder, listing.paths, { signal })
  for (const { path, reason } of [...listing.unreadable, ...unreadable]) {
    terminal.notice(`could not read ${printable(path)}: ${reason}`)
  }
  const left = held.length === 0 ? '' : `, left ${held.length} to the nodes that own them`
  terminal.notice(`published ${count(paths.length, 'file')}, ${bytes(size)}${left}`)
}

/** Carries out what is typed, or comes through the pipe. Returns whether all of it worked. */
const converse = async (node: Node, terminal: Terminal, signal: AbortSignal): Promise<boolean> => {
  let worked = true
  for await (const line of terminal.lines(signal)) {
    try {
      const answer = await terminal.whileRunning(signal, each => carryOut(node, line, each))
      if (answer === undefined) break
      for (const each of answer) terminal.print(each)
      // What a command wrote leaves at the end of its turn: before what the next one sends
      await setImmediate()
    } catch (error) {
      worked = false
      terminal.notice(describe(error))
    }
  }
  return worked
}

/** Returns the exit code. */
const run = async (options: NodeCommandOptions, terminal: Terminal, signal: AbortSignal): Promise<number> => {
  const folder = options.dir === undefined ? undefined : await resolveFolder(options.dir)
  const { network, listen, join: known, secret, identity: file } = options
  const identity = file === undefined ? undefined : await identityFromFile(file)
  await using node = await createNode({
    network,
    listen,
    join: known,
    secret,
    identity,
    onError: error => terminal.notice(describe(error)),
  })
  terminal.notice(`this is ${node.mesh.id} in the network ${printable(network)}`)
  if (secret === undefined) terminal.notice('without --secret, whoever knows that name may join')
  for (const address of node.mesh.addresses) terminal.notice(`listens at ${address}`)
  watch(node, terminal)
  await join(node, options, terminal, signal)
  await node.table.join({ signal })
  if (folder !== undefined) await publishFolder(node, folder, terminal, signal)

  const worked = await converse(node, terminal, signal)
  // What was typed last is to outlive this node
  if (!signal.aborted) await Promise.all([node.files.flushed({ signal }), leaveTable(node, { signal })])
  return worked || terminal.interactive ? 0 : 1
}

const main = async (options: NodeCommandOptions) => {
  const terminal = new Terminal()
  const controller = new AbortController()
  const end = () => controller.abort()
  process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end)
  process.stdout.on('error', end)
  try {
    process.exitCode = await run(options, terminal, controller.signal)
  } catch (error) {
    // Ctrl-C is how one leaves, also before having arrived
    if (controller.signal.aborted) return
    process.stderr.write(`node: ${describe(error)}\n`)
    process.exitCode = 1
  }
}

const [, , subcommand, ...rest] = process.argv
if (subcommand === 'nat') await nat(rest)
else if (subcommand === 'echo') await echo(rest)
else await main(parseOptions(process.argv))
