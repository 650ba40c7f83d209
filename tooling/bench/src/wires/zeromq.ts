import { add, type Port, type Tally, type Wire } from '../pair/port.ts'
import { peer } from '../peers.ts'

/** What zeromq is used for here. */
interface Dealer extends AsyncIterable<readonly [Buffer]> {
  readonly lastEndpoint: string | null
  bind(address: string): Promise<void>
  connect(address: string): void
  send(message: Uint8Array): Promise<void>
}
interface Zeromq {
  readonly Dealer: new () => Dealer
}

const portOf = (socket: Dealer): Port => {
  let tally: Tally | undefined
  const read = async (): Promise<void> => {
    for await (const message of socket) if (tally !== undefined) add(tally, message.length)
  }
  void read()
  return {
    burst: async (message, count) => {
      for (let sent = 0; sent < count; sent++) await socket.send(message)
    },
    count: given => {
      tally = given
    },
  }
}

/** A pair of dealers over TCP. */
export const zeromq: Wire = {
  listen: async accept => {
    const { Dealer } = await peer<Zeromq>('zeromq')
    const socket = new Dealer()
    await socket.bind('tcp://127.0.0.1:*')
    accept(portOf(socket))
    return socket.lastEndpoint ?? ''
  },
  dial: async address => {
    const { Dealer } = await peer<Zeromq>('zeromq')
    const socket = new Dealer()
    socket.connect(address)
    return portOf(socket)
  },
}
