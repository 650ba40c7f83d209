import type { Socket } from 'node:net'
import type { Address, Connection } from '@p2p/interfaces'
import { type Endpoint, formatEndpoint, parseEndpoint } from '../../endpoint.ts'
import { badAddress } from '../../errors.ts'
import type { Ends } from '../../queued-connection.ts'

/** The schemes of WebSockets. */
export type WsScheme = 'ws' | 'wss'

/** Where a WebSocket is offered. */
export interface WsEndpoint extends Endpoint {
  /** Begins with a slash. */
  readonly path: string
}

// Characters of a path in RFC 3986: no query, no fragment.
const path = /^(?:\/[\w\-.~!$&'()*+,;=:@%/]*)?$/

/** Takes `ws://HOST:PORT/PATH` apart. @throws TransportError `P2P_BAD_ADDRESS` */
export const parseWsAddress = (scheme: WsScheme, address: Address): WsEndpoint => {
  const slash = address.indexOf('/', scheme.length + 3)
  const end = slash < 0 ? address.length : slash
  const rest = address.slice(end)
  if (!path.test(rest)) throw badAddress(scheme, address, 'behind the port only a path may follow')
  return { ...parseEndpoint(scheme, address.slice(0, end) as Address), path: rest || '/' }
}

/** `ws://HOST:PORT/PATH`. */
export const formatWsAddress = (scheme: WsScheme, { path, ...endpoint }: WsEndpoint): Address =>
  `${formatEndpoint(scheme, endpoint)}${path}` as Address

/** The two ends of a WebSocket; who dialled has no path of its own. */
export const wsEnds = (
  scheme: WsScheme,
  path: string,
  socket: Socket,
  direction: Connection['direction'],
): Ends => {
  const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = socket
  const inbound = direction === 'inbound'
  const local = { host: localAddress, port: localPort, path: inbound ? path : '/' }
  const remote = { host: remoteAddress, port: remotePort, path: inbound ? '/' : path }
  return { direction, local: formatWsAddress(scheme, local), remote: formatWsAddress(scheme, remote) }
}
