import { add, type Port, type Tally, type Wire } from '../pair/port.ts'
import { peer } from '../peers.ts'

/** What libp2p is used for here. */
interface Node {
  handle(protocol: string, handler: (stream: Stream) => void): Promise<void>
  dialProtocol(address: unknown, protocol: string): Promise<Stream>
  getMultiaddrs(): readonly { toString(): string }[]
  hangUp(address: unknown): Promise<void>
}
interface Stream {
  send(message: Uint8Array): boolean
  onDrain(): Promise<void>
  addEventListener(
    event: 'message',
    listener: (event: { readonly data: { readonly byteLength: number; subarray(): Uint8Array } }) => void,
  ): void
}
type Factory<Name extends string> = Readonly<Record<Name, () => unknown>>

const protocol = '/bench/1'

/** A stream has no messages: how many have come follows from their size. */
const portOf = (stream: Stream): Port => {
  let tally: Tally | undefined
  let bytes = 0
  stream.addEventListener('message', ({ data }) => {
    if (tally === undefined) return
    bytes += data.byteLength
    const messages = Math.floor(bytes / tally.size)
    bytes -= messages * tally.size
    add(tally, messages)
  })
  return {
    burst: async (message, count) => {
      for (let sent = 0; sent < count; sent++) if (!stream.send(message)) await stream.onDrain()
    },
    count: given => {
      tally = given
      bytes = 0
      // A stream is there for the other end once something was sent.
      stream.send(new Uint8Array(0))
    },
  }
}

/** A node of libp2p that speaks TCP and yamux. */
export const node = async (encrypter: 'plaintext' | 'noise', listen: readonly string[]): Promise<Node> => {
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
  const encrypters = await peer<Factory<typeof encrypter>>(`@libp2p/${encrypter}`)
  return createLibp2p({
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [encrypters[encrypter]()],
    streamMuxers: [yamux()],
    // Otherwise it resets more than five connections a second from one host
    connectionManager: { inboundConnectionThreshold: 10_000 },
  })
}

const over = (encrypter: 'plaintext' | 'noise'): Wire => ({
  listen: async accept => {
    const listener = await node(encrypter, ['/ip4/127.0.0.1/tcp/0'])
    await listener.handle(protocol, stream => accept(portOf(stream)))
    return String(listener.getMultiaddrs()[0])
  },
  dial: async address => {
    const { multiaddr } = await peer<{ multiaddr: (address: string) => unknown }>('@multiformats/multiaddr')
    const dialler = await node(encrypter, [])
    return portOf(await dialler.dialProtocol(multiaddr(address), protocol))
  },
})

/** A stream of libp2p over TCP and yamux. */
export const libp2pPlaintext: Wire = over('plaintext')
export const libp2pNoise: Wire = over('noise')
