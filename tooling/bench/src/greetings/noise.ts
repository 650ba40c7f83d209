import type { Address, Connection } from '@p2p/interfaces'
import { tcp } from '@p2p/transport/tcp'
import { secured } from '../wires/noise.ts'
import { type Greeting, hello } from './greeting.ts'

const transport = tcp()
const noise = secured()

const echo = (connection: Connection): void =>
  connection.onData(chunk => connection.write(Uint8Array.from(chunk)))

/** Does not wait for the listener's word before it writes: what it writes can be read only by who has proven to be there. */
export const greetingByNoise: Greeting = {
  answer: async () => {
    const accept = (connection: Connection): void => void noise.secure(connection).then(echo)
    return (await transport.listen('tcp://127.0.0.1:0', accept)).address
  },
  greet: async address => {
    const connection = await noise.secure(await transport.dial(address as Address), { confirm: false })
    const back = new Promise<void>(resolve => connection.onData(() => resolve()))
    connection.write(hello.slice())
    await back
    return () => connection.close()
  },
}
