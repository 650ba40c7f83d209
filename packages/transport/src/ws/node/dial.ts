import type { Socket } from 'node:net'
import type { Address, Connection, WaitOptions } from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import { WebSocket } from 'ws'
import { dialable } from '../../endpoint.ts'
import { localEnd, openSocket } from '../../tcp/socket.ts'
import { secure } from '../../tls/client.ts'
import type { Security } from '../../tls/options.ts'
import type { Via } from '../../via.ts'
import { MessageConnection, type MessageContext } from '../connection.ts'
import { formatWsAddress, parseWsAddress, wsEnds, type WsEndpoint, type WsScheme } from './address.ts'
import { attach, wsError } from './socket.ts'

/** Opens a connection to `ws://HOST:PORT/PATH`; with `security`, to `wss://…`. */
export const dial = async (
  address: Address,
  context: MessageContext,
  security: Security | undefined,
  via: Via | undefined,
  { signal, timeout = context.connectTimeout }: WaitOptions = {},
): Promise<Connection> => {
  const scheme = security === undefined ? 'ws' : 'wss'
  const endpoint = dialable(address, parseWsAddress(scheme, address))
  const from = localEnd(via, address, endpoint)
  const what = `a connection to ${address}`
  return wait<Connection>({ clock: context.clock, what, signal, timeout }, ({ resolve, reject: failed }) => {
    let connection: Connection | undefined
    const shakeHands = (socket: Socket) => {
      const webSocket = new WebSocket(urlOf(scheme, endpoint), {
        createConnection: () => socket,
        perMessageDeflate: false,
        maxPayload: context.maxPayload,
      })
      webSocket.once('error', cause => failed(wsError(`dialling ${address}`, cause)))
      webSocket.once('open', () => {
        const ends = wsEnds(scheme, endpoint.path, socket, 'outbound')
        connection = new MessageConnection(ends, context, self => attach(webSocket, socket, self))
        resolve(connection)
      })
      socket.resume()
    }
    const connected = () => {
      if (security === undefined) shakeHands(tcp)
      else secure(address, endpoint.host, tcp, security, { connected: shakeHands, failed })
    }
    const tcp = openSocket(address, endpoint, { allowHalfOpen: false, ...from }, { connected, failed })
    return () => {
      if (connection === undefined) tcp.destroy()
    }
  })
}

/** For the request's first lines: the scope of an address means something on this machine only, and URLs have none. */
const urlOf = (scheme: WsScheme, { host, ...rest }: WsEndpoint) =>
  formatWsAddress(scheme, { ...rest, host: host.split('%')[0] ?? host })
