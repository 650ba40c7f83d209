import type { Address, Connection, Transport, WaitOptions } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'
import { dialable, parseEndpoint } from '../endpoint.ts'
import { limitsFrom } from '../limits.ts'
import { Joining } from '../socket/joining.ts'
import { SocketConnection, type SocketContext } from '../socket/connection.ts'
import { listenSettings } from '../tcp/server.ts'
import { endsOf, localEnd, openSocket } from '../tcp/socket.ts'
import { Turn } from '../turn.ts'
import type { Via } from '../via.ts'
import { secure } from './client.ts'
import { listen } from './listener.ts'
import { type Security, securityFrom, type TlsOptions } from './options.ts'
import { tlsError } from './tls-error.ts'

/**
 * TLS over TCP, with certificates. Addresses are `tls://HOST:PORT`; who dials checks that the certificate is of that host and of an authority that
 * it trusts.
 *
 * @throws TransportError `P2P_CERTIFICATE_UNUSABLE`
 * @throws RangeError for a limit that is not above 0
 * @example
 * const server = tls({ cert, key })
 * const listener = await server.listen('tls://0.0.0.0:4444', connection => connection.onData(() => {}))
 * const connection = await tls({ ca }).dial('tls://example.org:4444')
 */
export const tls = (options: TlsOptions = {}): Transport => {
  const { clock = systemClock, via } = options
  const context: SocketContext = {
    ...limitsFrom(options),
    clock,
    turn: new Turn(),
    joining: new Joining(),
    errorOf: tlsError,
  }
  const settings = listenSettings(options)
  const security = securityFrom(options)
  return {
    scheme: 'tls',
    dial: (address, waitOptions) => dial(address, context, security, via, waitOptions),
    listen: (address, accept, waitOptions) =>
      listen(address, accept, context, settings, security, waitOptions),
  }
}

const dial = async (
  address: Address,
  context: SocketContext,
  security: Security,
  via: Via | undefined,
  { signal, timeout = context.connectTimeout }: WaitOptions = {},
): Promise<Connection> => {
  const endpoint = dialable(address, parseEndpoint('tls', address))
  const from = localEnd(via, address, endpoint)
  const what = `a connection to ${address}`
  return wait<Connection>({ clock: context.clock, what, signal, timeout }, ({ resolve, reject: failed }) => {
    let connection: SocketConnection | undefined
    const connected = () =>
      secure(address, endpoint.host, tcp, security, {
        connected: socket => {
          connection = new SocketConnection({ socket, tcp }, endsOf('tls', socket, 'outbound'), context)
          resolve(connection)
        },
        failed,
      })
    const tcp = openSocket(address, endpoint, from, { connected, failed })
    return () => {
      if (connection === undefined) tcp.destroy()
    }
  })
}
