import { spawn } from 'node:child_process'
import { add, type Port, type Tally, type Wire } from '../pair/port.ts'
import { peer } from '../peers.ts'

/** What its client is used for here. */
interface Client {
  publish(subject: string, message: Uint8Array): void
  subscribe(subject: string, options: { callback: (error: Error | null) => void }): unknown
  flush(): Promise<void>
}
interface Nats {
  readonly connect: (options: { readonly servers: string }) => Promise<Client>
}

const subject = 'bench'
/** Bytes after which who publishes waits for the server: the client itself buffers without end. */
const mark = 2 ** 20

const connected = async (servers: string): Promise<Client> =>
  (await peer<Nats>('@nats-io/transport-node')).connect({ servers })

const portOf = (client: Client): Port => {
  let tally: Tally | undefined
  client.subscribe(subject, {
    callback: () => {
      if (tally !== undefined) add(tally, 1)
    },
  })
  return {
    burst: async (message, count) => {
      let bytes = 0
      for (let sent = 0; sent < count; sent++) {
        client.publish(subject, message)
        bytes += message.length
        if (bytes < mark) continue
        bytes = 0
        await client.flush()
      }
    },
    count: given => {
      tally = given
    },
  }
}

/** The server of Debian's package. It ends with this process. */
const server = (): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn('nats-server', ['-a', '127.0.0.1', '-p', '-1'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    process.on('exit', () => child.kill())
    let log = ''
    child.on('error', () =>
      reject(new Error('there is no nats-server here; it is the Debian package of that name')),
    )
    child.on('exit', () => reject(new Error(`nats-server has ended: ${log}`)))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text
      const [, address] = /client connections on (\S+)\n/.exec(log) ?? []
      if (address !== undefined) resolve(address)
    })
  })

/** Publish and subscribe through a server, which is a third process. */
export const nats: Wire = {
  listen: async accept => {
    const address = await server()
    const client = await connected(address)
    // Only the other end subscribes.
    accept(portOf({ ...bound(client), subscribe: () => undefined }))
    return address
  },
  dial: async address => {
    const client = await connected(address)
    const port = portOf(client)
    await client.flush()
    return port
  },
}

const bound = (client: Client): Client => ({
  publish: (to, message) => client.publish(to, message),
  subscribe: (to, options) => client.subscribe(to, options),
  flush: () => client.flush(),
})
