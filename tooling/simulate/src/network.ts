import { createMesh, type Mesh } from '@p2p/mesh'
import { type Machine, type MediumOptions, type SimulatedHost, Simulation } from '@p2p/simulation'
import { createSync, type Sync } from '@p2p/sync'
import type { Store } from './world/life.ts'
import { meshOptions } from './world/mesh-options.ts'
import { parts } from './world/topology.ts'

/** What runs on each host: the production code of mesh, and of sync on top of it. */
export interface Node {
  readonly mesh: Mesh
  readonly dictionary: Sync
}

/** A host with a node on it. `app` is the node while it is up. */
export type NodeHost = SimulatedHost<Node, Store>

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

const bootAt =
  (names: readonly string[], lease: number | false) =>
  async (machine: Machine<Store>): Promise<Node> => {
    const mesh = await createMesh(meshOptions(machine, names))
    const leasing = lease === false ? lease : { duration: lease }
    const { clock, random } = machine
    const dictionary = createSync(mesh, { name: 'simulated', leasing, clock, random: random.fork('sync') })
    return { mesh, dictionary }
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
  const boot = bootAt(names, lease)
  const hosts = names.map(name => simulation.host<Node>(name, boot))
  const made: SimulatedNodes = {
    simulation,
    hosts,
    get nodes() {
      return hosts.flatMap(({ up, app }) => (up && app !== undefined ? [app] : []))
    },
    get parts() {
      return parts(this.nodes)
        .map(({ length }) => length)
        .toSorted((one, two) => two - one)
    },
  }
  await simulation.ready()
  await simulation.runUntil(() => made.parts.length === 1)
  return made
}
