import { peer } from '../peers.ts'
import type { OpenTable } from './table.ts'
import { writingOf } from './value.ts'

/** What is used of libp2p and its table here. */
interface Node {
  readonly services: { readonly dht: Dht }
  getMultiaddrs(): readonly unknown[]
  dial(address: unknown): Promise<unknown>
  stop(): Promise<void>
}
interface Dht {
  put(key: Uint8Array, value: Uint8Array): AsyncIterable<unknown>
  get(key: Uint8Array): AsyncIterable<{ readonly name: string; readonly value?: Uint8Array }>
  readonly routingTable: { readonly size: number }
  refreshRoutingTable(): Promise<void>
}
type Factory<Name extends string> = Readonly<Record<Name, (options?: object) => unknown>>

/** Nodes that each new one dials by itself; it finds the others through them. */
const dialled = 6
/** Nodes that a routing table is to know before keys are stored: as many as hold one. */
const bucket = 20
const mostRefreshes = 10

/** js-libp2p's Kademlia over TCP, without encryption, every node a server. */
export const openKadDht: OpenTable = async count => {
  // libp2p needs it, and Node.js 20 does not have it
  const promise = Promise as { withResolvers?: unknown }
  promise.withResolvers ??= () => {
    const made: Record<string, unknown> = {}
    made['promise'] = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }))
    return made
  }
  const { createLibp2p } = await peer<{ createLibp2p: (options: object) => Promise<Node> }>('libp2p')
  const { tcp } = await peer<Factory<'tcp'>>('@libp2p/tcp')
  const { yamux } = await peer<Factory<'yamux'>>('@libp2p/yamux')
  const { plaintext } = await peer<Factory<'plaintext'>>('@libp2p/plaintext')
  const { identify } = await peer<Factory<'identify'>>('@libp2p/identify')
  const { ping } = await peer<Factory<'ping'>>('@libp2p/ping')
  const { kadDHT, passthroughMapper } = await peer<Factory<'kadDHT' | 'passthroughMapper'>>('@libp2p/kad-dht')

  const start = async (known: readonly Node[]): Promise<Node> => {
    const node = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [plaintext()],
      streamMuxers: [yamux()],
      // By default five connections a second from one host, and all of these nodes are one
      connectionManager: { inboundConnectionThreshold: 10_000, maxIncomingPendingConnections: 1_000 },
      services: {
        dht: kadDHT({
          protocol: '/bench/kad/1.0.0',
          clientMode: false,
          peerInfoMapper: passthroughMapper,
          validators: { bench: () => undefined },
          selectors: { bench: (_key: unknown, records: Uint8Array[]) => newest(records) },
        }),
        identify: identify(),
        ping: ping(),
      },
    })
    for (const other of known) await node.dial(other.getMultiaddrs()[0])
    return node
  }
  const nodes = [await start([])]
  const at = (index: number): Node => nodes[index] as Node
  while (nodes.length < count) {
    // Spread over those that are there
    const some = Array.from({ length: dialled }, (_, step) => at(Math.floor((step * nodes.length) / dialled)))
    nodes.push(await start([...new Set(some)]))
  }
  // Before that a key may be stored with nodes that others do not take for the nearest
  const isSettled = ({ services }: Node) => services.dht.routingTable.size >= Math.min(bucket, count - 1)
  for (let tries = 0; tries === 0 || (tries < mostRefreshes && !nodes.every(isSettled)); tries++)
    for (const { services } of nodes) await services.dht.refreshRoutingTable()

  const keyOf = (key: string): Uint8Array => new TextEncoder().encode(`/bench/${key}`)
  return {
    get: async (node, key) => {
      try {
        for await (const { name, value } of at(node).services.dht.get(keyOf(key)))
          if (name === 'VALUE' && value !== undefined) return new TextDecoder().decode(value)
      } catch (error) {
        if ((error as Error).name !== 'NotFoundError') throw error
      }
      return undefined
    },
    put: async (node, key, value) => {
      for await (const _ of at(node).services.dht.put(keyOf(key), new TextEncoder().encode(value))) continue
    },
    replace: async index => {
      await at(index).stop()
      nodes[index] = await start(Array.from({ length: dialled }, (_, step) => at((index + 1 + step) % count)))
    },
  }
}

/** The index of the record that was written last. */
const newest = (records: readonly Uint8Array[]): number => {
  const writings = records.map(record => writingOf(new TextDecoder().decode(record)))
  return writings.indexOf(Math.max(...writings))
}
