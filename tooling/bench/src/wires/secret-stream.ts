import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { add, type Port, type Tally, type Wire } from '../pair/port.ts'
import { peer } from '../peers.ts'

/** What is used of the three packages here. */
interface Stream {
  readonly opened: Promise<boolean>
  on(event: 'error', listener: (error: Error) => void): void
  once(event: 'drain', listener: () => void): void
}
interface SecretStream {
  readonly default: new (isInitiator: boolean, socket: Socket) => Stream
}
interface Protomux {
  readonly default: new (stream: Stream) => {
    createChannel(options: { readonly protocol: string }): Channel
  }
}
interface Channel {
  addMessage(options: { encoding: unknown; onmessage(message: Uint8Array): void }): {
    send(message: Uint8Array): boolean
  }
  open(): void
  fullyOpened(): Promise<boolean>
}
interface Encodings {
  readonly default: { readonly buffer: unknown }
}

const portOf = async (isInitiator: boolean, socket: Socket): Promise<Port> => {
  const { default: SecretStream } = await peer<SecretStream>('@hyperswarm/secret-stream')
  const { default: Protomux } = await peer<Protomux>('protomux')
  const { default: encodings } = await peer<Encodings>('compact-encoding')
  socket.setNoDelay(true)
  const stream = new SecretStream(isInitiator, socket)
  // The other process ends without ceremony when all is measured.
  stream.on('error', () => undefined)
  const channel = new Protomux(stream).createChannel({ protocol: 'bench' })
  let tally: Tally | undefined
  const message = channel.addMessage({
    encoding: encodings.buffer,
    onmessage: () => {
      if (tally !== undefined) add(tally, 1)
    },
  })
  channel.open()
  await channel.fullyOpened()
  return {
    burst: async (bytes, count) => {
      for (let sent = 0; sent < count; sent++) {
        if (!message.send(bytes)) await new Promise<void>(resolve => stream.once('drain', resolve))
      }
    },
    count: given => {
      tally = given
    },
  }
}

/** A channel of protomux over a secret stream, over TCP. */
export const secretStream: Wire = {
  listen: accept =>
    new Promise(resolve => {
      const server = createServer(socket => void portOf(false, socket).then(accept))
      server.listen(0, '127.0.0.1', () => resolve(String((server.address() as AddressInfo).port)))
    }),
  dial: async address => portOf(true, connect(Number(address), '127.0.0.1')),
}
