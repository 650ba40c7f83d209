import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import type { Address, WaitOptions } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { wait, type Waiter } from '@p2p/interfaces/wait'
import { dialable, type Endpoint } from '../endpoint.ts'
import { positive } from '../limits.ts'
import { transportError } from '../socket/system-error.ts'
import { bindingFor, type LocalEnd, sourceFor } from '../via.ts'
import { parseUdpAddress } from './address.ts'
import { udpLimits, type UdpOptions } from './options.ts'
import { type DatagramSocket, type UdpContext, UdpSocket } from './socket.ts'

/** Makes sockets for datagrams. */
export interface DatagramTransport {
  /** `udp`. */
  readonly scheme: string
  /**
   * A socket at an address of this machine, that hears everybody. Port 0 asks for any free port. Default deadline 10 000 ms.
   *
   * @throws an error of the family: `P2P_BAD_ADDRESS`, `P2P_ADDRESS_IN_USE`, `P2P_ADDRESS_NOT_AVAILABLE`, `P2P_NOT_PERMITTED`, …
   */
  bind(address: Address, options?: WaitOptions): Promise<DatagramSocket>
  /**
   * A socket that sends to one address and hears only it. Nothing is sent: that nobody is there shows later, if at all. Default deadline 10 000 ms.
   *
   * @throws an error of the family: `P2P_BAD_ADDRESS`, `P2P_HOST_UNKNOWN`, `P2P_HOST_UNREACHABLE`, …
   */
  connect(address: Address, options?: WaitOptions): Promise<DatagramSocket>
}

/**
 * UDP over IPv4 and IPv6. Addresses are `udp://HOST:PORT`.
 *
 * @throws RangeError for a limit that is not above 0
 * @example
 * const socket = await udp().bind('udp://127.0.0.1:0')
 * socket.onDatagram((data, from) => socket.send(data, from))
 */
export const udp = (options: UdpOptions = {}): DatagramTransport => {
  const { clock = systemClock, via } = options
  const limit = (name: keyof typeof udpLimits) => positive(name, options[name] ?? udpLimits[name])
  const context: UdpContext = {
    highWaterMark: limit('highWaterMark'),
    queueLimit: limit('queueLimit'),
    connectTimeout: limit('connectTimeout'),
    closeTimeout: limit('closeTimeout'),
    clock,
  }
  const open = (
    address: Address,
    outbound: boolean,
    { signal, timeout = context.connectTimeout }: WaitOptions,
  ) => {
    const wanted = parseUdpAddress(address)
    if (outbound) dialable(address, wanted)
    const endpoint = via === undefined || outbound ? wanted : bindingFor(via, wanted)
    const from = via !== undefined && outbound ? sourceFor(via, address, wanted) : undefined
    const what = `a socket ${outbound ? 'towards' : 'at'} ${address}`
    return wait<DatagramSocket>({ clock, what, signal, timeout }, waiter =>
      opening({ address, endpoint, outbound, from, options, context }, waiter),
    )
  }
  return {
    scheme: 'udp',
    bind: async (address, waitOptions = {}) => open(address, false, waitOptions),
    connect: async (address, waitOptions = {}) => open(address, true, waitOptions),
  }
}

interface Opening {
  readonly address: Address
  readonly endpoint: Endpoint
  readonly outbound: boolean
  /** Where to send from, if that matters. */
  readonly from: LocalEnd | undefined
  readonly options: UdpOptions
  readonly context: UdpContext
}

/** Opens a socket for whom `waiter` tells; returns what gives it up. */
const opening = (
  { address, endpoint, outbound, from, options, context }: Opening,
  { resolve, reject }: Waiter<DatagramSocket>,
): (() => void) => {
  let socket: Socket | undefined
  let given = false
  let ended = false
  const fail = (cause: Error) => reject(transportError(`${outbound ? 'towards' : 'at'} ${address}`, cause))

  const start = (host: string, family: number) => {
    if (ended) return
    const ofIPv6 = family === 6
    const opened = createSocket({
      type: ofIPv6 ? 'udp6' : 'udp4',
      ipv6Only: ofIPv6 && (options.ipv6Only ?? false),
      reuseAddr: options.reuseAddress ?? false,
      // Only IP addresses come here: an answer at once keeps datagrams in order and saves a tick for each.
      lookup: (name, _options, callback) => callback(null, name, family),
    })
    socket = opened
    opened.once('error', fail)
    const ready = (remote?: Endpoint) => {
      opened.off('error', fail)
      try {
        if (options.broadcast === true) opened.setBroadcast(true)
        if (options.receiveBuffer !== undefined) opened.setRecvBufferSize(options.receiveBuffer)
        if (options.sendBuffer !== undefined) opened.setSendBufferSize(options.sendBuffer)
        given = true
        resolve(new UdpSocket(opened, ofIPv6, remote, context))
      } catch (error) {
        given = false
        fail(error as Error)
      }
    }
    const connected = (error?: Error) => {
      if (error) fail(error)
      else {
        const { address: remoteHost, port } = opened.remoteAddress()
        ready({ host: remoteHost, port })
      }
    }
    const { port } = endpoint
    const connect = () => opened.connect(port, host, connected)
    if (from !== undefined) opened.bind({ address: from.host, exclusive: true }, connect)
    else if (outbound) connect()
    else opened.bind({ port, address: host, exclusive: options.exclusive ?? false }, () => ready())
  }

  const family = isIP(endpoint.host)
  if (family > 0) start(endpoint.host, family)
  else {
    lookup(endpoint.host, from?.family ?? 0, (error, host, found) => {
      if (error) fail(error)
      else start(host, found)
    })
  }
  return () => {
    ended = true
    if (given || socket === undefined) return
    // It may be on its way to be bound, and an error of that concerns nobody any more.
    socket.on('error', () => undefined)
    socket.close()
  }
}
