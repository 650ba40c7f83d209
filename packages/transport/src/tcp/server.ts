import type { AddressInfo, DropArgument, Server, Socket } from 'node:net'
import type { Address, Clock, Listener, WaitOptions } from '@p2p/interfaces'
import { type Endpoint, formatEndpoint } from '../endpoint.ts'
import { TransportError } from '../errors.ts'
import { positive } from '../limits.ts'
import { openListener } from '../socket/listener.ts'
import { tcpLimits, type TcpOptions } from './options.ts'
import { bindingFor } from '../via.ts'
import { reachable } from './reachable.ts'

/** What listeners need beside the context of their connections. */
export interface ListenSettings
  extends
    Required<Pick<TcpOptions, 'maxConnections' | 'backlog' | 'exclusive' | 'ipv6Only'>>,
    Pick<TcpOptions, 'onRefused' | 'via'> {}

/** @throws RangeError for a limit that is not above 0 */
export const listenSettings = (options: TcpOptions): ListenSettings => ({
  maxConnections: positive('maxConnections', options.maxConnections ?? tcpLimits.maxConnections),
  backlog: positive('backlog', options.backlog ?? tcpLimits.backlog),
  exclusive: options.exclusive ?? false,
  ipv6Only: options.ipv6Only ?? false,
  ...(options.onRefused && { onRefused: options.onRefused }),
  ...(options.via && { via: options.via }),
})

/** What to listen at, and for whom. */
export interface Service {
  readonly scheme: string
  readonly address: Address
  readonly endpoint: Endpoint
  readonly clock: Clock
  /** What follows the port in the addresses of the listener. */
  readonly path?: string
  /** Gets each socket that was accepted. */
  readonly onSocket: (socket: Socket) => void
  readonly onClose?: () => void
}

/** Makes a server of TCP, or of something above it, listen. */
export const serve = (
  server: Server,
  service: Service,
  settings: ListenSettings,
  options: WaitOptions,
): Promise<Listener> => {
  const { scheme, address, endpoint, clock, path = '', onSocket, onClose } = service
  const { maxConnections, backlog, exclusive, ipv6Only, onRefused, via } = settings
  server.maxConnections = maxConnections
  server.on('connection', (socket: Socket) => {
    if (socket.remoteAddress !== undefined) {
      onSocket(socket)
      return
    }
    // Gone again before it was accepted: its ends have no names any more.
    socket.destroy()
    const message = `a connection to ${address} was broken at once`
    onRefused?.(new TransportError('P2P_CONNECTION_RESET', message))
  })
  server.on('drop', dropped => {
    const message = `a connection from ${source(scheme, dropped)} was turned away: ${maxConnections} are open`
    onRefused?.(new TransportError('P2P_CONNECTION_LIMIT', message))
  })
  const format = (there: Endpoint): Address => `${formatEndpoint(scheme, there)}${path}` as Address
  const place = () => {
    const { address: host, port } = server.address() as AddressInfo
    const others = reachable({ host, port }, ipv6Only)
    return { address: format({ host, port }), reachable: others.map(format) }
  }
  const { host: ownHost, port: ownPort } = via === undefined ? endpoint : bindingFor(via, endpoint)
  const at = { host: ownHost, port: ownPort, backlog, exclusive, ipv6Only }
  return openListener(server, { address, at, clock, place, onRefused, ...(onClose && { onClose }) }, options)
}

const source = (scheme: string, { remoteAddress: host, remotePort: port }: DropArgument = {}) =>
  host === undefined || port === undefined ? 'somewhere' : formatEndpoint(scheme, { host, port })
