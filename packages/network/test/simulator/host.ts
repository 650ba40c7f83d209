import { WaitError } from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import { type Endpoint, NetworkError, sameEndpoint, toEndpoint } from '../../src/index.ts'
import type { Sockets, TcpServer, TcpSocket, UdpSocket } from '../../src/nat.ts'
import type { Packet, Realm, Receiver, Segment } from './realm.ts'

type MessageListener = (bytes: Uint8Array, from: Endpoint) => void

interface Connection {
  state: 'opening' | 'open' | 'closed'
  readonly socket: TcpSocket
  opened: () => void
  refused: () => void
  take: (bytes: Uint8Array | undefined) => void
}

/** Milliseconds after which a SYN is sent again (RFC 6298). */
const synAgain = [1_000, 3_000, 7_000]

/** A machine with one or more addresses in a realm, and sockets like this package's own. */
export class Host implements Receiver {
  readonly addresses: readonly string[]
  readonly sockets: Sockets
  readonly #realm: Realm
  readonly #bound = new Map<string, Set<MessageListener>>()
  readonly #servers = new Map<string, (socket: TcpSocket) => void>()
  readonly #connections = new Map<string, Connection>()

  constructor(realm: Realm, ...addresses: readonly [string, ...string[]]) {
    this.#realm = realm
    this.addresses = addresses
    for (const address of addresses) realm.join(address, this)
    this.sockets = {
      udp: async local => this.#udp(local),
      source: async ({ family }) => {
        const found = addresses.find(address => toEndpoint(address, 0).family === family)
        if (found !== undefined) return found
        throw new NetworkError('P2P_HOST_UNREACHABLE', 'no route')
      },
      connect: (local, to, options) => this.#connect(local, to, options),
      listen: async (local, accept) => this.#listen(local, accept),
    }
  }

  /** Sockets that are open. */
  get open(): number {
    return this.#bound.size + this.#servers.size + this.#connections.size
  }

  receive(packet: Packet): void {
    const key = `${packet.to.address} ${packet.to.port}`
    if (packet.protocol === 'udp') {
      for (const listener of this.#bound.get(key) ?? []) listener(packet.data.slice(), packet.from)
    } else this.#segment(packet, packet.segment)
  }

  #port(taken: (port: number) => boolean) {
    for (;;) {
      const port = 32_768 + this.#realm.random.integer(28_232)
      if (!taken(port)) return port
    }
  }

  #udp(wanted: Endpoint): UdpSocket {
    const isTaken = (port: number) => this.#bound.has(`${wanted.address} ${port}`)
    if (wanted.port !== 0 && isTaken(wanted.port)) throw new NetworkError('P2P_ADDRESS_IN_USE', 'taken')
    const local = { ...wanted, port: wanted.port === 0 ? this.#port(isTaken) : wanted.port }
    const key = `${local.address} ${local.port}`
    const listeners = new Set<MessageListener>()
    this.#bound.set(key, listeners)
    const close = async () => {
      if (this.#bound.get(key) === listeners) this.#bound.delete(key)
    }
    return {
      local,
      pinned: 'address',
      send: async (bytes, to) => {
        if (this.#bound.get(key) !== listeners) throw new NetworkError('P2P_SOCKET_CLOSED', 'closed')
        this.#realm.send({ protocol: 'udp', from: local, to, data: bytes.slice() })
      },
      onMessage: listener => {
        listeners.add(listener)
        return { [Symbol.dispose]: () => void listeners.delete(listener) }
      },
      close,
      [Symbol.asyncDispose]: close,
    }
  }

  #say(from: Endpoint, to: Endpoint, segment: Segment) {
    this.#realm.send({ protocol: 'tcp', from, to, segment })
  }

  #connection(local: Endpoint, remote: Endpoint): Connection {
    const key = `${local.address} ${local.port} ${remote.address} ${remote.port}`
    if (this.#connections.has(key)) throw new NetworkError('P2P_ADDRESS_NOT_AVAILABLE', 'taken')
    let listener: ((bytes: Uint8Array | undefined) => void) | undefined
    const waiting: (Uint8Array | undefined)[] = []
    const close = async () => {
      if (connection.state === 'open') this.#say(local, remote, { type: 'fin' })
      connection.state = 'closed'
      if (this.#connections.get(key) === connection) this.#connections.delete(key)
    }
    const connection: Connection = {
      state: 'opening',
      opened: () => undefined,
      refused: () => undefined,
      take: bytes => {
        if (listener === undefined) waiting.push(bytes)
        else listener(bytes)
      },
      socket: {
        local,
        remote,
        write: data => this.#say(local, remote, { type: 'data', data: data.slice() }),
        onData: next => {
          listener = next
          if (next !== undefined) for (const bytes of waiting.splice(0)) next(bytes)
        },
        unread: bytes => waiting.unshift(bytes),
        close,
        [Symbol.asyncDispose]: close,
      },
    }
    this.#connections.set(key, connection)
    return connection
  }

  async #connect(
    wanted: Endpoint,
    to: Endpoint,
    options: Parameters<Sockets['connect']>[2] = {},
  ): Promise<TcpSocket> {
    const { clock } = this.#realm
    const local = { ...wanted, port: wanted.port === 0 ? this.#port(() => false) : wanted.port }
    const connection = this.#connection(local, to)
    const syn = () => this.#say(local, to, { type: 'syn' })
    const timers = synAgain.map(delay => clock.after(delay, syn))
    try {
      return await wait({ clock, what: 'a connection', timeout: 10_000, ...options }, waiter => {
        connection.opened = () => waiter.resolve(connection.socket)
        connection.refused = () => waiter.reject(new NetworkError('P2P_CONNECTION_REFUSED', 'refused'))
        syn()
        return () => {
          for (const timer of timers) timer[Symbol.dispose]()
        }
      })
    } catch (error) {
      if (!(error instanceof NetworkError || WaitError.is(error))) throw error
      await connection.socket.close()
      throw error
    }
  }

  #listen(wanted: Endpoint, accept: (socket: TcpSocket) => void): TcpServer {
    const local = { ...wanted, port: wanted.port === 0 ? this.#port(() => false) : wanted.port }
    const key = `${local.address} ${local.port}`
    this.#servers.set(key, accept)
    const close = async () => void this.#servers.delete(key)
    return { local, close, [Symbol.asyncDispose]: close }
  }

  #segment({ from, to }: Packet, segment: Segment) {
    const connection = [...this.#connections.values()].find(
      ({ socket }) => sameEndpoint(socket.local, to) && sameEndpoint(socket.remote, from),
    )
    const open = (each: Connection) => {
      if (each.state !== 'opening') return
      each.state = 'open'
      each.opened()
    }
    if (connection === undefined) {
      const accept = this.#servers.get(`${to.address} ${to.port}`)
      if (segment.type === 'syn' && accept !== undefined) {
        const accepted = this.#connection(to, from)
        open(accepted)
        this.#say(to, from, { type: 'syn-ack' })
        accept(accepted.socket)
      } else if (segment.type !== 'rst') this.#say(to, from, { type: 'rst' })
      return
    }
    switch (segment.type) {
      case 'syn':
        // Both called at once (RFC 9293, 3.5): each takes the other's call for the answer
        this.#say(to, from, { type: 'syn-ack' })
        open(connection)
        break
      case 'syn-ack':
        open(connection)
        break
      case 'data':
        connection.take(segment.data)
        break
      default:
        if (connection.state === 'opening') connection.refused()
        else connection.take(undefined)
        void connection.socket.close()
    }
  }
}
