import {
  SeededRandom,
  SimulatedNetwork,
  VirtualClock,
  type NetworkHost,
  type MediumOptions,
} from '@p2p/simulation'
import { createMesh, type Mesh, type MeshOptions, plaintext } from '../src/index.ts'

/** A node and the machine that it runs on. */
export interface SimulatedNode {
  readonly host: NetworkHost
  readonly mesh: Mesh
  /** Bodies of the broadcasts that its application got. */
  readonly heard: unknown[]
}

/** Nodes on a network that loses, delays and falls apart, all from a seed. */
export class SimulatedMesh {
  readonly clock: VirtualClock = new VirtualClock()
  readonly random: SeededRandom
  readonly network: SimulatedNetwork
  readonly nodes: SimulatedNode[] = []
  #names = 0

  constructor(seed: number, medium: MediumOptions = {}) {
    this.random = new SeededRandom(seed)
    this.network = new SimulatedNetwork({ clock: this.clock, random: this.random.fork('network'), ...medium })
  }

  /** A node that is told to find the first ones. */
  async start(name = `n${this.#names++}`, options: Partial<MeshOptions> = {}): Promise<SimulatedNode> {
    const host = this.network.host(name)
    const starting = createMesh({
      network: 'simulated',
      transports: [host.transport],
      listen: [`sim://${name}:1`],
      seeds: name === 'n0' ? [] : ['sim://n0:1'],
      clock: host.clock,
      random: this.random.fork(`${name}@${this.clock.monotonic()}`),
      // What is tested here is the network and not its cryptography
      security: plaintext(),
      ...options,
    })
    let mesh: Mesh | undefined
    void starting.then(made => (mesh = made))
    await this.clock.runUntil(() => mesh !== undefined)
    const node = { host, mesh: await starting, heard: [] as unknown[] }
    node.mesh.handle('/news', ({ body }) => void node.heard.push(body))
    this.nodes.push(node)
    return node
  }

  /** This many nodes, at most a tenth of a second apart, and time for them to settle. */
  async grow(count: number, settle = 20_000): Promise<SimulatedNode[]> {
    for (let index = 0; index < count; index++) {
      await this.start()
      await this.clock.advance(this.random.next() * 100)
    }
    await this.clock.advance(settle)
    return this.nodes
  }

  /** The parts into which links between neighbours divide the nodes that are up. */
  components(): SimulatedNode[][] {
    const left = new Map(this.nodes.filter(({ host }) => host.up).map(node => [node.mesh.id, node]))
    const parts: SimulatedNode[][] = []
    for (const node of left.values()) {
      const part: SimulatedNode[] = []
      const queue = [node]
      left.delete(node.mesh.id)
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        part.push(next)
        for (const { id } of next.mesh.peers) {
          const neighbour = left.get(id)
          if (neighbour === undefined) continue
          left.delete(id)
          queue.push(neighbour)
        }
      }
      parts.push(part)
    }
    return parts
  }
}
