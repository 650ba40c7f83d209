import type { Address, WaitOptions } from '@p2p/interfaces'
import { createMesh, type Identity, type Mesh } from '@p2p/mesh'
import { createSync, type Sync } from '@p2p/sync'
import { tcp } from '@p2p/transport/tcp'
import { secretOf } from './secret.ts'

/** The dictionary `path → {size, sha256, modified}` that all nodes share. */
const dictionary = 'files'

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
}

/** A node of the demo's network with the dictionary: the same in every process of `npm run demo` and in `npm run node`. */
export interface Node extends AsyncDisposable {
  readonly mesh: Mesh
  /** What other nodes wrote is checked where it is read. */
  readonly files: Sync<unknown>
  /** Resolves when everything has left and nothing is alive any more. */
  close(): Promise<void>
}

/** Starts a node. It is on its way to the nodes it was told of, but need not have reached them. */
export const createNode = async ({ network, listen, join, secret, identity }: NodeOptions): Promise<Node> => {
  const mesh = await createMesh({
    network,
    transports: [tcp()],
    listen,
    seeds: join,
    ...(secret === undefined ? {} : { secret: secretOf(secret) }),
    ...(identity === undefined ? {} : { identity }),
  })
  const files = createSync<unknown>(mesh, { name: dictionary, limits: { keyLength: longestPath } })
  const close = async () => {
    await files.close()
    await mesh.close()
  }
  return { mesh, files, close, [Symbol.asyncDispose]: close }
}

/**
 * Gets into the network through the addresses, and waits for what the others hold.
 *
 * @returns why some of the addresses did not answer. @throws the first reason if none did; what `ready` of the dictionary throws
 */
export const enter = async (
  { mesh, files }: Node,
  addresses: readonly Address[],
  options: WaitOptions = {},
): Promise<readonly unknown[]> => {
  const { signal } = options
  const attempts = await Promise.allSettled(addresses.map(address => mesh.connect(address, { signal })))
  const failures = attempts.flatMap(attempt =>
    attempt.status === 'rejected' ? [attempt.reason as unknown] : [],
  )
  if (failures.length === addresses.length) throw failures[0]
  await files.ready(options)
  return failures
}
