import type { Address, Clock, Transport, WaitOptions } from '@p2p/interfaces'
import { badAddress } from '../errors.ts'
import { tcp } from '../tcp.ts'
import { tls } from '../tls.ts'
import { type DatagramTransport, udp } from '../udp/transport.ts'
import { unix } from '../unix.ts'
import type { Via, ViaOption } from '../via.ts'
import { ConnectionPipe } from './connection-pipe.ts'
import { listenWith } from './connection-server.ts'
import { SocketPipe } from './datagram-pipe.ts'
import { PipeError } from './errors.ts'
import { checkOptions, type Pipe, type PipeOptions } from './pipe.ts'
import { SenderServer } from './sender-server.ts'
import type { PipeServer, ServerOptions } from './server.ts'

/** Something that can be dialled or listened with. */
export type AnyTransport = Transport | DatagramTransport

/** Which transports there are. */
export interface TransportOptions {
  /**
   * Transports with options of your own (`tls({cert, key})`, `tcp({backlog})`, `udp({reuseAddress})`), or further ones (`memory`). The first one with the
   * scheme of the address is taken; behind them stand `tcp`, `tls`, `udp`, `unix`, `ws` and `wss` as they are by default. `ws` and `wss` need the package `ws`.
   */
  readonly transports?: readonly AnyTransport[]
}

/** Options of {@link connect} and {@link bind}. */
export interface ConnectOptions<T = Uint8Array>
  extends PipeOptions<T>, TransportOptions, WaitOptions, ViaOption {}

/** Options of {@link listen}. */
export interface ListenOptions<T = Uint8Array>
  extends ServerOptions<T>, TransportOptions, WaitOptions, ViaOption {
  /**
   * Whether a server at a wildcard of IPv6 leaves IPv4 alone, as far as the transports are not given.
   *
   * @default false
   */
  readonly ipv6Only?: boolean
}

/**
 * Opens a pipe to an address: `tcp://…`, `tls://…`, `ws://…`, `wss://…`, `unix://…`, `udp://…`. Default deadline 10 000 ms.
 *
 * Over UDP nothing is sent by this: that nobody is there shows as an `error` event (`P2P_CONNECTION_REFUSED`) after something was sent, if at all. The pipe
 * hears that address only.
 *
 * @throws PipeError `P2P_NO_TRANSPORT`; an error of the transport
 * @example
 * const pipe = await connect('tcp://127.0.0.1:7000', { framing: lengthPrefixed(), codec: text() })
 * pipe.send('hello')
 * const { data } = await pipe.recv()
 */
export const connect = async <T = Uint8Array>(
  address: Address,
  options: ConnectOptions<T> = {},
): Promise<Pipe<T>> => {
  const transport = await transportFor(address, options)
  checkOptions(options, !('bind' in transport))
  if ('bind' in transport) return new SocketPipe(await transport.connect(address, waitOf(options)), options)
  return new ConnectionPipe(await transport.dial(address, waitOf(options)), options)
}

/**
 * One pipe of UDP for everybody: it hears all senders, `send` needs to be told where, and `message.reply` knows. Default deadline 10 000 ms.
 *
 * @throws TransportError `P2P_BAD_ADDRESS`, `P2P_ADDRESS_IN_USE`, …
 */
export const bind = async <T = Uint8Array>(
  address: Address,
  options: ConnectOptions<T> = {},
): Promise<Pipe<T>> => {
  const transport = await transportFor(address, options)
  if (!('bind' in transport))
    throw badAddress('udp', address, 'only a socket for datagrams is one pipe for everybody: use listen')
  checkOptions(options, false)
  return new SocketPipe(await transport.bind(address, waitOf(options)), options)
}

/**
 * Listens at an address; each client is a pipe. Port 0 asks for any free port. Default deadline 10 000 ms.
 *
 * @throws PipeError `P2P_NO_TRANSPORT`; an error of the transport, such as `P2P_ADDRESS_IN_USE`
 * @example
 * const server = await listen('tcp://127.0.0.1:7000')
 * for await (const pipe of server) pipe.on('message', message => message.reply(message.data))
 */
export const listen = async <T = Uint8Array>(
  address: Address,
  options: ListenOptions<T> = {},
): Promise<PipeServer<T>> => {
  const transport = await transportFor(address, options)
  checkOptions(options, !('bind' in transport))
  if (!('bind' in transport)) return listenWith(transport, address, options, waitOf(options))
  return new SenderServer(await transport.bind(address, waitOf(options)), options, options.ipv6Only ?? false)
}

const waitOf = ({ signal, timeout }: WaitOptions): WaitOptions => ({ signal, timeout })

/** What chooses a transport. */
interface Choice extends TransportOptions, ViaOption {
  readonly clock?: Clock
  readonly ipv6Only?: boolean
}

const transportFor = async (address: Address, choice: Choice): Promise<AnyTransport> => {
  const scheme = address.slice(0, Math.max(address.indexOf('://'), 0))
  const given = choice.transports?.find(transport => transport.scheme === scheme)
  if (given !== undefined) return given
  const { clock, ipv6Only, via } = choice
  if (clock !== undefined || ipv6Only === true || via !== undefined) {
    const options = { ...(clock && { clock }), ...(ipv6Only === true && { ipv6Only }), ...(via && { via }) }
    return make(scheme, address, options)
  }
  let transport = defaults.get(scheme)
  if (transport === undefined) {
    transport = await make(scheme, address, {})
    defaults.set(scheme, transport)
  }
  return transport
}

/** The transports without options: they hold nothing but a buffer to read into, which is worth sharing. */
const defaults = new Map<string, AnyTransport>()

const make = async (
  scheme: string,
  address: Address,
  options: { readonly clock?: Clock; readonly ipv6Only?: boolean; readonly via?: Via },
): Promise<AnyTransport> => {
  switch (scheme) {
    case 'tcp':
      return tcp(options)
    case 'tls':
      return tls(options)
    case 'udp':
      return udp(options)
    case 'unix':
      return unix(options)
    case 'ws':
    case 'wss':
      return webSockets(scheme, options)
    default: {
      const shown = JSON.stringify(address.slice(0, 300))
      throw new PipeError('P2P_NO_TRANSPORT', `no transport for ${shown}: give one in the option transports`)
    }
  }
}

const webSockets = async (
  scheme: 'ws' | 'wss',
  options: { readonly clock?: Clock; readonly via?: Via },
): Promise<Transport> => {
  // Only who uses them needs the package `ws`.
  const made = await import('../ws.ts').catch((cause: unknown) => {
    throw new PipeError('P2P_NO_TRANSPORT', `${scheme} needs the package ws: npm install ws`, { cause })
  })
  return made[scheme](options)
}
