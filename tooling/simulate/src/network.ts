import type { Address } from '@p2p/interfaces'
import { createMesh, identityFromKey, type Mesh, plaintext } from '@p2p/mesh'
import { type Machine, type MediumOptions, type SimulatedHost, Simulation } from '@p2p/simulation'
import { createSync, type Sync } from '@p2p/sync'

/** What runs on each host: the production code of mesh, and of sync on top of it. */
export interface Node {
  readonly mesh: Mesh
  readonly dictionary: Sync
}

/** A host with a node on it. `app` is the node while it is up. */
export type NodeHost = SimulatedHost<Node, Map<string, unknown>>

/** What a network is drawn from. */
export interface NetworkOptions {
  /** Default 1. */
  readonly seed?: number
  /** Delay, loss and the like. Default: 5 to 80 ms between each two. */
  readonly network?: MediumOptions
  /** Milliseconds of a lease of the dictionary, or `false`. Default 30 s. */
  readonly lease?: number | false
}

/** Nodes on hosts that can fail, and the time and the wires between them. */
export interface SimulatedNodes {
  readonly simulation: Simulation
  readonly hosts: readonly NodeHost[]
  /** The nodes that are up. */
  readonly nodes: readonly Node[]
  /** The sizes of the parts into which neighbours divide the nodes that are up, the largest first: what both ends call a neighbour counts. */
  readonly parts: readonly number[]
}

const addressOf = (name: string): Address => `sim://${name}:1`

const bootAt =
  (seeds: readonly string[], lease: number | false) => async (machine: Machine<Map<string, unknown>>) => {
    const { name, clock, random, store, transport } = machine
    let key = store.get('key') as Uint8Array | undefined
    if (key === undefined) store.set('key', (key = random.fill(new Uint8Array(32))))
    const mesh = await createMesh({
      network: 'simulated',
      transports: [transport],
      listen: [addressOf(name)],
      seeds: seeds.filter(each => each !== name).map(addressOf),
      identity: identityFromKey(key),
      // What is simulated is the network and not its cryptography
      security: plaintext(),
      signed: false,
      clock,
      random,
    })
    const leasing = lease === false ? lease : { duration: lease }
    const dictionary = createSync(mesh, { name: 'simulated', leasing, clock, random: random.fork('sync') })
    return { mesh, dictionary }
  }

/** Sizes of the components of the graph of neighbours. */
const sizes = (nodes: readonly Node[]): number[] => {
  const neighbours = new Map(nodes.map(({ mesh }) => [mesh.id, new Set(mesh.peers.map(({ id }) => id))]))
  const left = new Set(neighbours.keys())
  const found: number[] = []
  for (const first of left) {
    const part = [first]
    left.delete(first)
    // The list grows meanwhile
    for (const id of part)
      for (const other of neighbours.get(id) ?? [])
        if (left.has(other) && neighbours.get(other)?.has(id) === true && left.delete(other)) part.push(other)
    found.push(part.length)
  }
  return found.toSorted((one, two) => two - one)
}

/**
 * So many nodes `n0`, `n1`, … that have found each other through the first two, on a network of their own. The same seed gives the same run.
 *
 * @param count 1 or more
 * @throws SimulationFailure if they are not one network within ten minutes of virtual time
 */
export const network = async (count: number, options: NetworkOptions = {}): Promise<SimulatedNodes> => {
  const { seed = 1, network: medium = { latency: { min: 5, max: 80 } }, lease = 30_000 } = options
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`a network of ${count} nodes`)
  const simulation = new Simulation({ seed, network: medium })
  const names = Array.from({ length: count }, (_, index) => `n${index}`)
  const boot = bootAt(names.slice(0, 2), lease)
  const hosts = names.map(name => simulation.host<Node>(name, boot))
  const made: SimulatedNodes = {
    simulation,
    hosts,
    get nodes() {
      return hosts.flatMap(({ up, app }) => (up && app !== undefined ? [app] : []))
    },
    get parts() {
      return sizes(this.nodes)
    },
  }
  await simulation.ready()
  await simulation.runUntil(() => made.parts.length === 1)
  return made
}
