import { type Chord, createChord } from '@p2p/chord'
import { type Address, P2PError, type WaitOptions } from '@p2p/interfaces'
import { createMesh, type Identity, type Mesh } from '@p2p/mesh'
import { createSync, type Sync } from '@p2p/sync'
import { tcp } from '@p2p/transport/tcp'
import { secretOf } from './secret.ts'

/** The dictionary `path → {size, sha256, modified}` that all nodes share. */
const dictionary = 'files'

/** The hash table that they hold together: what people put there, and files' contents by their SHA-256 in hexadecimal. */
const hashTable = 'contents'

/** The longest path that Linux has. Nodes must agree on it, or one would refuse what another holds. */
const longestPath = 4096

/** How a node starts. */
export interface NodeOptions {
  readonly network: string
  readonly listen: readonly Address[]
  /** Nodes that are there already. */
  readonly join: readonly Address[]
  /** What only members know, as it is typed. Default: none, and whoever knows the network's name may join. */
  readonly secret?: string | undefined
  /** Default: somebody new. */
  readonly identity?: Identity | undefined
  /** Milliseconds between two rounds in which the table's ring is looked after. Default: the table's, 1 000. */
  readonly interval?: number | undefined
  /** Told of what goes wrong and nobody waits for, until this node leaves: what is broken off by that is no failure. */
  readonly onError: (error: unknown) => void
}

/** A node of the demo's network with the dictionary and the table: the same in every process of `npm run demo` and in `npm run node`. */
export interface Node extends AsyncDisposable {
  readonly mesh: Mesh
  /** What other nodes wrote is checked where it is read. */
  readonly files: Sync<unknown>
  /** Used by every node, held by those that have joined it. */
  readonly table: Chord<unknown>
  /** Resolves when everything has left and nothing is alive any more. */
  close(): Promise<void>
}

/** Starts a node. It is on its way to the nodes it was told of, but need not have reached them. */
export const createNode = async ({
  network,
  listen,
  join,
  secret,
  identity,
  interval,
  onError,
}: NodeOptions): Promise<Node> => {
  const mesh = await createMesh({
    network,
    transports: [tcp()],
    listen,
    seeds: join,
    ...(secret === undefined ? {} : { secret: secretOf(secret) }),
    ...(identity === undefined ? {} : { identity }),
  })
  const files = createSync<unknown>(mesh, { name: dictionary, limits: { keyLength: longestPath } })
  const table = createChord<unknown>(mesh, {
    name: hashTable,
    ...(interval === undefined ? {} : { interval }),
  })
  let leaving = false
  const tell = (error: unknown) => {
    if (!leaving) onError(error)
  }
  mesh.on('error', tell).on('peer:connect', contact => {
    // Rings that meet become one
    table.meet(contact).catch(tell)
  })
  files.on('error', tell)
  table.on('error', tell)
  const close = async () => {
    leaving = true
    await table.close()
    await files.close()
    await mesh.close()
  }
  return { mesh, files, table, close, [Symbol.asyncDispose]: close }
}

/**
 * Gets into the network through the addresses, and waits for what the others hold. Of the table it then knows members, and has not joined it.
 *
 * @returns why some of the addresses did not answer. @throws the first reason if none did; what `ready` of the dictionary throws
 */
export const enter = async (
  { mesh, files, table }: Node,
  addresses: readonly Address[],
  options: WaitOptions = {},
): Promise<readonly unknown[]> => {
  const { signal } = options
  const attempts = await Promise.allSettled(addresses.map(address => mesh.connect(address, { signal })))
  const failures = attempts.flatMap(attempt =>
    attempt.status === 'rejected' ? [attempt.reason as unknown] : [],
  )
  if (failures.length === addresses.length) throw failures[0]
  const met = attempts.flatMap(attempt => (attempt.status === 'fulfilled' ? [attempt.value] : []))
  await Promise.all(met.map(contact => table.meet(contact, options)))
  await files.ready(options)
  return failures
}

/** Hands on what this node holds of the table. @throws what `unjoin` throws, but where nobody else is there who could take it */
export const leaveTable = async ({ table }: Node, options: WaitOptions = {}): Promise<void> => {
  try {
    await table.unjoin(options)
  } catch (error) {
    if (!P2PError.is(error, 'P2P_LAST_MEMBER')) throw error
  }
}
