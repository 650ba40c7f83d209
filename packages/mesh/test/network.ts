import type { Address, Transport } from '@p2p/interfaces'
import { SeededRandom, VirtualClock } from '@p2p/simulation'
import { createMemoryNetwork, type MemoryNetwork } from '@p2p/transport/memory'
import { createMesh, type Mesh, type MeshOptions, plaintext } from '../src/index.ts'

/** Nodes of one process on a clock that moves when it is told to: everything but the machine is as in production. */
export class TestNetwork implements AsyncDisposable {
  readonly clock: VirtualClock = new VirtualClock()
  readonly random: SeededRandom
  readonly memory: MemoryNetwork
  readonly nodes: Mesh[] = []
  readonly #latency: number
  readonly #options: Partial<MeshOptions>
  #names = 0

  /**
   * @param latency in milliseconds; with 0 messages arrive without the clock
   * @param options of every node. Links are plain unless others are given: where protection is not what is tested it would only take time
   */
  constructor(
    seed: number | string = 1,
    latency = 1,
    options: Partial<MeshOptions> = { security: plaintext() },
  ) {
    this.#options = options
    this.random = new SeededRandom(seed)
    this.#latency = latency
    this.memory = createMemoryNetwork({ clock: this.clock, latency })
  }

  /** A transport of this network, in which things can be made to go wrong. */
  transport(): Transport {
    return this.memory.transport()
  }

  /** A node of its own, not connected to any other. */
  async add(options: Partial<MeshOptions> = {}): Promise<Mesh> {
    const name = `node-${this.#names++}`
    const mesh = await this.run(
      createMesh({
        network: 'test',
        transports: [this.transport()],
        listen: [`memory://${name}`],
        clock: this.clock,
        random: this.random.fork(name),
        ...this.#options,
        ...options,
      }),
    )
    this.nodes.push(mesh)
    return mesh
  }

  /** This many nodes more, each of which knows the first one only. */
  async grow(count: number, options: Partial<MeshOptions> = {}): Promise<Mesh[]> {
    const added: Mesh[] = []
    for (let index = 0; index < count; index++) {
      const mesh = await this.add(options)
      added.push(mesh)
      const [first] = this.nodes
      if (first !== undefined && first !== mesh) await this.run(mesh.connect(addressOf(first)))
    }
    await this.settle()
    return added
  }

  /** Lets what is on its way arrive. */
  async settle(): Promise<void> {
    await this.clock.advance(20 + 500 * this.#latency)
  }

  /** Moves the clock until the promise is settled. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const watched = promise.finally(() => (settled = true))
    watched.catch(() => undefined)
    await this.clock.runUntil(() => settled)
    return watched
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run(Promise.all(this.nodes.map(node => node.close())))
  }
}

/** Where a node listens. */
export const addressOf = (mesh: Mesh): Address => {
  const [address] = mesh.addresses
  if (address === undefined) throw new Error('the node listens nowhere')
  return address
}

/** The element at this place, which must be there. */
export const at = <T>(items: readonly T[], index: number): T => {
  const item = items[index]
  if (item === undefined) throw new Error(`there are ${items.length} items, none at ${index}`)
  return item
}
