// One process of the demo: a node that does what its parent asks over the IPC channel.
import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { P2PError } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'
import { identityFromFile } from '@p2p/mesh/identity-file'
import { LeaseError } from '@p2p/sync'
import { type FileRecord, isFileRecord } from '../folder/record.ts'
import { isInShare } from '../folder/share.ts'
import { walk } from '../folder/walk.ts'
import { missingContents, storeContents } from '../network/contents.ts'
import { createNode, enter, leaveTable, type Node } from '../network/node.ts'
import { publish } from '../network/publish.ts'
import { describe } from '../words.ts'
import { Churn } from './churn.ts'
import { Dice } from './dice.ts'
import { Patrol } from './patrol.ts'
import type { CommandName, Commands, FromProcess, ToProcess, Work } from './protocol.ts'

/** Milliseconds between two reports of progress. */
const reportEvery = 250

// Nothing of this process outlives its parent, whatever ended that
const end = () => process.exit(1)
process.on('disconnect', end)
if (!process.connected) end()
// Ctrl-C goes to all processes of the terminal: the parent ends this one, in order
process.on('SIGINT', () => undefined)

const report = (message: FromProcess) => {
  if (process.connected) process.send?.(message)
}

let node: Node | undefined
/** The same, from the moment it is on its way: this process may be told to stop meanwhile. */
let starting: Promise<Node> | undefined
/** The paths that this node has published. */
let own: readonly string[] = []
let churn: Churn | undefined
let patrol: Patrol | undefined
/** Settles when this node holds its part of the table. */
let holding: Promise<void> = Promise.resolve()
const stopping = new AbortController()
// All that is under way listens
setMaxListeners(0, stopping.signal)
/** How a command waits: the parent has the deadline. */
const untilStop = { clock: systemClock, signal: stopping.signal }
/** When which neighbour was lost, last. */
const departed = new Map<string, number>()

const theNode = (): Node => {
  if (node === undefined) throw new Error('it has not joined')
  return node
}

/** Sums up what was done, and reports it now and then. */
const progress = (work: Work) => {
  let files = 0
  let bytes = 0
  let last = performance.now()
  return (moreFiles: number, moreBytes: number) => {
    files += moreFiles
    bytes += moreBytes
    if (performance.now() - last < reportEvery) return
    report({ type: 'progress', work, files, bytes })
    files = bytes = 0
    last = performance.now()
  }
}

const onError = (error: unknown) => report({ type: 'trouble', message: describe(error) })

/** Milliseconds between two looks at what cannot be listened to. */
const pollEvery = 25

/** Milliseconds that this node has to hand on what it holds: copies are elsewhere in any case. */
const leavingTime = 10_000

const codeOf = (error: unknown): string => (P2PError.is(error) ? error.code : '')

/** Tells the node's figures, if somebody looks at them. */
let tellFigures = (): void => undefined

const tellFiguresEvery = (milliseconds: number, { mesh, files }: Node) => {
  tellFigures = () => {
    const { links, passed } = mesh.stats()
    report({ type: 'figures', figures: { links, keys: files.size, messages: passed } })
  }
  const timer = setInterval(tellFigures, milliseconds)
  stopping.signal.addEventListener('abort', () => clearInterval(timer))
}

type Command<Name extends CommandName> = (
  command: Commands[Name]['command'],
) => Promise<Commands[Name]['reply']> | Commands[Name]['reply']

const commands: { readonly [Name in CommandName]: Command<Name> } = {
  join: async ({ network, secret, seeds, identity, interval, figuresEvery }) => {
    const start = async () =>
      createNode({
        network,
        secret,
        listen: ['tcp://127.0.0.1:0'],
        join: seeds,
        identity: identity === undefined ? undefined : await identityFromFile(identity),
        interval,
        onError,
      })
    starting = start()
    node = await starting
    const { signal } = stopping
    signal.throwIfAborted()
    const { mesh, files, table } = node
    mesh.on('peer:disconnect', ({ id }) => departed.set(id, Date.now()))
    mesh.on('refused', (_, error) => {
      report({ type: 'refused', code: codeOf(error), text: describe(error) })
    })
    if (figuresEvery !== undefined) tellFiguresEvery(figuresEvery, node)
    const [address] = mesh.addresses
    if (address === undefined) throw new Error('it does not listen')
    const begin = performance.now()
    // The parent has the deadline
    if (seeds.length > 0) await enter(node, seeds, { timeout: Infinity, signal })
    holding = table.join({ timeout: Infinity, signal })
    // Whoever waits for it is told
    holding.catch(() => undefined)
    return { id: mesh.id, address, size: files.size, milliseconds: Math.round(performance.now() - begin) }
  },

  intrude: async ({ network, address }) => {
    const secret = randomBytes(32).toString('hex')
    await using outsider = await createNode({ network, secret, listen: [], join: [], onError })
    try {
      await outsider.mesh.connect(address, { signal: stopping.signal })
    } catch (error) {
      stopping.signal.throwIfAborted()
      return { refusal: { code: codeOf(error), text: describe(error) } }
    }
    return { refusal: undefined }
  },

  publish: async ({ folder, share }) => {
    const { signal } = stopping
    const { paths } = await walk(folder, signal)
    const mine = paths.filter(path => isInShare(path, share))
    const published = await publish(theNode(), folder, mine, { onRead: progress('read'), signal })
    const { bytes, unreadable, held, acknowledged } = published
    if (held.length > 0) throw new Error(`others hold ${held.length} of its files, such as ${held[0] ?? ''}`)
    own = published.paths
    return { files: own.length, bytes, unreadable, acknowledged, example: own[0] }
  },

  store: async ({ folder, share, budget, except }) => {
    const { signal } = stopping
    const { paths } = await walk(folder, signal)
    await holding
    const mine = paths.filter(path => isInShare(path, share) && join(folder, path) !== except)
    const onStored = progress('stored')
    return storeContents(theNode(), folder, mine, budget, size => onStored(1, size), {
      signal,
      // The parent has the deadline
      timeout: Infinity,
    })
  },

  secure: async ({ members }) => {
    const begin = performance.now()
    await holding
    for (;;) {
      const health = theNode().table.health()
      if (health.safe && health.members === members) break
      await sleep(pollEvery, undefined, { signal: stopping.signal })
    }
    return { milliseconds: Math.round(performance.now() - begin) }
  },

  patrol: ({ paths }) => {
    const { files } = theNode()
    const records = paths.map(path => files.get(path)).filter(isFileRecord)
    const hashes = new Set(records.map(({ sha256 }) => sha256))
    patrol ??= new Patrol(theNode(), [...hashes], stopping.signal)
    return {}
  },

  patrolled: async () => {
    const result = (await patrol?.stop()) ?? { reads: 0, failed: [] }
    patrol = undefined
    return result
  },

  recall: async ({ hashes }) => {
    const { signal } = stopping
    const onRead = progress('recalled')
    return {
      missing: await missingContents(theNode(), hashes, () => onRead(1, 0), { signal, timeout: 60_000 }),
    }
  },

  leave: async () => {
    const begin = performance.now()
    const { table } = theNode()
    try {
      await leaveTable(theNode(), { timeout: leavingTime, signal: stopping.signal })
    } catch (error) {
      stopping.signal.throwIfAborted()
      onError(error)
    }
    return { milliseconds: Math.round(performance.now() - begin), left: table.health().entries }
  },

  miss: ({ peer, since }) => {
    const { mesh } = theNode()
    return wait({ ...untilStop, what: 'a neighbour to go' }, ({ resolve }) => {
      const check = () => {
        if (mesh.peers.some(({ id }) => id === peer)) return
        const time = departed.get(peer)
        resolve({ noticed: time !== undefined && time >= since ? time : undefined })
      }
      mesh.on('peer:disconnect', check)
      check()
      return () => mesh.off('peer:disconnect', check)
    })
  },

  settle: ({ size, patience }) => {
    const { files } = theNode()
    return wait({ ...untilStop, what: 'the complete index' }, ({ resolve }) => {
      let timer: NodeJS.Timeout | undefined
      const done = () => resolve({ size: files.size })
      const moved = () => {
        clearTimeout(timer)
        if (files.size >= size) done()
        else timer = setTimeout(done, patience)
      }
      files.on('update', moved)
      moved()
      return () => {
        clearTimeout(timer)
        files.off('update', moved)
      }
    })
  },

  challenge: ({ path }) => {
    const { files } = theNode()
    const forged: FileRecord = { size: 0, sha256: '0'.repeat(64), modified: 0 }
    const before = JSON.stringify(files.get(path))
    const attempt = () => {
      try {
        files.set(path, forged)
      } catch (error) {
        if (!(error instanceof LeaseError)) throw error
        return { code: error.code, owner: error.owner, expires: error.expires }
      }
      return undefined
    }
    const refusal = attempt()
    return { refusal, unchanged: JSON.stringify(files.get(path)) === before }
  },

  churn: ({ seed }) => {
    churn ??= new Churn(theNode().files, own, `changes of ${theNode().mesh.id}`, new Dice(seed))
    return {}
  },

  calm: () => {
    churn?.stop()
    const changes = churn?.changes ?? 0
    churn = undefined
    return { changes }
  },

  fingerprint: () => ({ fingerprint: theNode().files.fingerprint() }),

  index: () => {
    // The last frame is to show what is compared
    tellFigures()
    return {
      entries: Array.from(theNode().files.entries(), ([key, value]) => [String(key), value] as const),
    }
  },

  stop: async () => {
    stopping.abort(new Error('it is to stop'))
    churn?.stop()
    await patrol?.stop()
    const started = await starting?.catch(() => undefined)
    await started?.close()
    return {}
  },
}

const carryOut = async ({ id, name, command }: ToProcess): Promise<void> => {
  try {
    const reply = await (commands[name] as (command: unknown) => unknown)(command)
    process.send?.({ type: 'reply', id, reply } satisfies FromProcess, () => {
      // The channel is the last tie: with the node closed, nothing else keeps the process alive
      if (name === 'stop') process.off('disconnect', end).disconnect()
    })
  } catch (error) {
    report({ type: 'failure', id, message: describe(error) })
  }
}

process.on('message', message => void carryOut(message as ToProcess))
