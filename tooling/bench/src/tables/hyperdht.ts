import { createHash } from 'node:crypto'
import { peer } from '../peers.ts'
import type { OpenTable } from './table.ts'

/** What is used of hyperdht here. */
interface Node {
  fullyBootstrapped(): Promise<void>
  address(): { readonly port: number }
  mutablePut(keyPair: KeyPair, value: Buffer, options: { readonly seq: number }): Promise<unknown>
  mutableGet(publicKey: Uint8Array): Promise<{ readonly value: Uint8Array } | null>
  destroy(options?: { readonly force: boolean }): Promise<void>
}
interface KeyPair {
  readonly publicKey: Uint8Array
}
interface HyperDht {
  readonly default: {
    new (options: object): Node
    keyPair(seed: Buffer): KeyPair
  }
}

/** hyperdht over UDP, every node a full one. A key is a pair of keys, as for everybody who wants to change a value. */
export const openHyperdht: OpenTable = async count => {
  const { default: Dht } = await peer<HyperDht>('hyperdht')
  const start = async (known: readonly Node[]): Promise<Node> => {
    const bootstrap = known.map(node => ({ host: '127.0.0.1', port: node.address().port }))
    const node = new Dht({ ephemeral: false, firewalled: false, host: '127.0.0.1', port: 0, bootstrap })
    await node.fullyBootstrapped()
    return node
  }
  const nodes = [await start([])]
  const at = (index: number): Node => nodes[index] as Node
  while (nodes.length < count) nodes.push(await start([at(0)]))
  const pairs = new Map<string, KeyPair>()
  const pairOf = (key: string): KeyPair => {
    const pair = pairs.get(key) ?? Dht.keyPair(createHash('sha256').update(key).digest())
    pairs.set(key, pair)
    return pair
  }
  let seq = 0
  return {
    get: async (node, key) => {
      const found = await at(node).mutableGet(pairOf(key).publicKey)
      return found === null ? undefined : Buffer.from(found.value).toString()
    },
    put: async (node, key, value) => {
      await at(node).mutablePut(pairOf(key), Buffer.from(value), { seq: ++seq })
    },
    replace: async (index, how) => {
      await at(index).destroy({ force: how === 'crash' })
      const others = [1, 2, 3].map(step => at((index + step) % count))
      nodes[index] = await start(others)
    },
  }
}
