import type { Address, Connection, Listener, Transport, WaitOptions } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { ConnectionPipe } from './connection-pipe.ts'
import { BaseServer, type ServerOptions } from './server.ts'

/** A listener of any transport as a server of pipes. */
export class ConnectionServer<T> extends BaseServer<T> {
  readonly address: Address
  readonly reachable: readonly Address[]
  readonly #listener: Listener

  constructor(listener: Listener, options: ServerOptions<T>) {
    super(options, options.clock ?? systemClock)
    this.address = listener.address
    this.reachable = listener.reachable
    this.#listener = listener
  }

  /** Takes a connection that the listener has accepted. */
  accepted(connection: Connection, options: ServerOptions<T>): void {
    this.admit(new ConnectionPipe(connection, options))
  }

  protected async end(): Promise<void> {
    await this.#listener.close()
  }
}

/** Listens with a transport. */
export const listenWith = async <T>(
  transport: Transport,
  address: Address,
  options: ServerOptions<T>,
  waitOptions: WaitOptions,
): Promise<ConnectionServer<T>> => {
  // Some transport may have clients before it says that it listens.
  const early: Connection[] = []
  let accept = (connection: Connection): void => {
    early.push(connection)
  }
  const listener = await transport.listen(address, connection => accept(connection), waitOptions)
  const server = new ConnectionServer(listener, options)
  accept = connection => server.accepted(connection, options)
  for (const connection of early) accept(connection)
  return server
}
