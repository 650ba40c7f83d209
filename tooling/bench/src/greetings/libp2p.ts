import { node } from '../wires/libp2p.ts'
import { peer } from '../peers.ts'
import { type Greeting, hello } from './greeting.ts'

const protocol = '/bench/greeting/1'

let made: ReturnType<typeof node> | undefined
const dialler = (): ReturnType<typeof node> => (made ??= node('noise', []))

/** A stream of libp2p with noise and yamux, each time over a new connection. */
export const greetingByLibp2p: Greeting = {
  answer: async () => {
    const listener = await node('noise', ['/ip4/127.0.0.1/tcp/0'])
    await listener.handle(protocol, stream => {
      stream.addEventListener('message', ({ data }) => stream.send(data.subarray()))
    })
    return String(listener.getMultiaddrs()[0])
  },
  greet: async address => {
    const { multiaddr } = await peer<{ multiaddr: (address: string) => unknown }>('@multiformats/multiaddr')
    const own = await dialler()
    const there = multiaddr(address)
    const stream = await own.dialProtocol(there, protocol)
    const back = new Promise<void>(resolve => stream.addEventListener('message', () => resolve()))
    stream.send(hello)
    await back
    return () => own.hangUp(there)
  },
}
