import { systemClock, systemRandom } from '@p2p/interfaces/system'
import { MeshError } from './errors.ts'
import { createIdentity } from './identity.ts'
import { defaultLimits, type MeshLimits } from './limits.ts'
import type { Mesh, MeshOptions } from './mesh.ts'
import { transportOf } from './link/transport-of.ts'
import { MeshNode } from './node.ts'
import { noise } from './security.ts'
import { Signing } from './signing.ts'
import { checkAddresses } from './wire/contact.ts'

/**
 * A node: listening, and on its way to its seeds, when the promise resolves. It need not have found anybody by then: see `connect`, `peers` and the event `peer:connect`.
 *
 * @throws `P2P_BAD_OPTION` (also of `@p2p/noise`, for a secret that is none, or is there and `undefined`), `P2P_BAD_ADDRESS`, `P2P_UNKNOWN_SCHEME`, `P2P_ADDRESS_IN_USE` and the transport's other errors; then nothing is left behind
 */
export const createMesh = async (options: MeshOptions): Promise<Mesh> => {
  const { network, transports, listen = [], announce, seeds = [], secret, admit, history = false } = options
  const { clock = systemClock, random = systemRandom } = options
  if (typeof network !== 'string' || network.length === 0 || !network.isWellFormed()) {
    throw new MeshError('P2P_BAD_OPTION', 'a network is named by a text that is not empty')
  }
  checkAddresses(typeof announce === 'object' ? announce : [])
  for (const seed of seeds) transportOf(transports, seed)
  const { identity = createIdentity(random) } = options
  // A variable of the environment that is not set, most likely: whoever meant to have a secret is not to be open to all
  if ('secret' in options && secret === undefined) {
    throw new MeshError(
      'P2P_BAD_OPTION',
      'the secret is undefined; for a network that is open to all, leave it out',
    )
  }
  if (secret !== undefined && options.security !== undefined) {
    throw new MeshError('P2P_BAD_OPTION', 'a secret is for the default security only')
  }
  const security =
    options.security ??
    noise({ identity, network, clock, random, ...(secret === undefined ? {} : { secret }) })
  // Who knows the secret is trusted; and where links are open to everybody, who wants no protection there needs none here
  const { signed = secret === undefined && security.name !== 'plaintext' } = options
  const node = new MeshNode({
    network,
    transports,
    security,
    signed,
    signing: signed ? new Signing(identity, network) : undefined,
    admit,
    clock,
    random,
    seeds,
    announce,
    history,
    identity,
    limits: checkLimits({ ...defaultLimits, ...options.limits }),
    schedule: endOfTurn,
  })
  try {
    for (const address of listen) await node.listen(address)
  } catch (error) {
    await node.close()
    throw error
  }
  node.start()
  return node
}

const settled = Promise.resolve()

/** As `queueMicrotask`, which makes an object for the async hooks of Node.js each time. */
const endOfTurn = (task: () => void): void => void settled.then(task)

const checkLimits = (limits: MeshLimits): MeshLimits => {
  for (const [name, value] of Object.entries(limits) as [string, unknown][]) {
    if (!Number.isSafeInteger(value) || (value as number) < 1) {
      throw new MeshError(
        'P2P_BAD_OPTION',
        `the limit ${name} must be a whole number above 0, not ${String(value)}`,
      )
    }
  }
  return limits
}
