import { type AddressInfo, createServer, type DropArgument, type Server } from 'node:net'
import type { Address, CloseReason, Connection, Listener, WaitOptions } from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import { TransportError } from '../errors.ts'
import { asError } from '../queued-connection.ts'
import { formatTcpAddress, parseTcpAddress } from './address.ts'
import { socketMark, TcpConnection, type TcpContext } from './connection.ts'
import type { TcpOptions } from './options.ts'
import { reachable } from './reachable.ts'
import { transportError } from './system-error.ts'

/** What listeners need beside the context of their connections. */
export interface ListenSettings
  extends
    Required<Pick<TcpOptions, 'maxConnections' | 'backlog' | 'exclusive' | 'ipv6Only'>>,
    Pick<TcpOptions, 'onRefused'> {}

class TcpListener implements Listener {
  readonly address: Address
  readonly reachable: readonly Address[]
  readonly closed: Promise<CloseReason>
  readonly #server: Server
  #resolveClosed!: (reason: CloseReason) => void
  #closing: Promise<void> | undefined

  constructor(server: Server, ipv6Only: boolean) {
    const { address: host, port } = server.address() as AddressInfo
    this.address = formatTcpAddress({ host, port })
    this.reachable = reachable({ host, port }, ipv6Only)
    this.#server = server
    this.closed = new Promise(resolve => (this.#resolveClosed = resolve))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /**
   * The server's own `close` event waits for the accepted connections, which live on. The address is free at once; the handle is gone at the end
   * of this pass of the event loop, so that the next pass is after it.
   */
  async #close(): Promise<void> {
    this.#server.close()
    await pass()
    await pass()
    this.#resolveClosed({})
  }
}

const pass = () => new Promise<void>(resolve => setImmediate(resolve))

/** Accepts connections at `tcp://HOST:PORT`. */
export const listen = async (
  address: Address,
  accept: (connection: Connection) => void,
  context: TcpContext,
  settings: ListenSettings,
  options: WaitOptions = {},
): Promise<Listener> => {
  const { host, port } = parseTcpAddress(address)
  const { signal, timeout = context.connectTimeout } = options
  const { maxConnections, backlog, exclusive, ipv6Only, onRefused } = settings
  const what = `to listen at ${address}`
  return wait<Listener>({ clock: context.clock, what, signal, timeout }, ({ resolve, reject }) => {
    let listener: Listener | undefined
    const server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      pauseOnConnect: true,
      highWaterMark: socketMark,
    })
    server.maxConnections = maxConnections
    server.on('connection', socket => {
      // Gone again before it was accepted: its ends have no names any more.
      if (socket.remoteAddress === undefined) {
        socket.destroy()
        onRefused?.(
          new TransportError('P2P_CONNECTION_RESET', `a connection to ${address} was broken at once`),
        )
        return
      }
      const connection = new TcpConnection(socket, 'inbound', context, false)
      try {
        accept(connection)
      } catch (error) {
        connection.abort(asError(error))
      }
    })
    server.on('drop', dropped => {
      const message = `a connection from ${source(dropped)} was turned away: ${maxConnections} are open`
      onRefused?.(new TransportError('P2P_CONNECTION_LIMIT', message))
    })
    server.on('error', cause => {
      const error = transportError(`listening at ${address}`, cause)
      if (listener === undefined) reject(error)
      else onRefused?.(error)
    })
    server.listen({ host, port, backlog, exclusive, ipv6Only }, () => {
      listener = new TcpListener(server, ipv6Only)
      resolve(listener)
    })
    return () => {
      if (listener === undefined) server.close()
    }
  })
}

const source = ({ remoteAddress: host, remotePort: port }: DropArgument = {}) =>
  host === undefined || port === undefined ? 'somewhere' : formatTcpAddress({ host, port })
