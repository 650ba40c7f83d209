import type { Transport } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { limitsFrom, positive } from '../limits.ts'
import type { TcpContext } from './connection.ts'
import { dial, readBuffer } from './dial.ts'
import { listen, type ListenSettings } from './listener.ts'
import { tcpLimits, type TcpOptions } from './options.ts'
import { Turn } from './turn.ts'

/**
 * TCP over IPv4 and IPv6. Addresses are `tcp://HOST:PORT`; port 0 asks a listener for any free port. Both ends send without Nagle's delay.
 *
 * @throws RangeError for a limit that is not above 0
 * @example
 * const transport = tcp()
 * const listener = await transport.listen('tcp://127.0.0.1:0', connection => connection.onData(() => {}))
 * const connection = await transport.dial(listener.address)
 */
export const tcp = (options: TcpOptions = {}): Transport => {
  const { clock = systemClock, onRefused } = options
  const context: TcpContext = {
    ...limitsFrom(options),
    clock,
    turn: new Turn(),
  }
  const settings: ListenSettings = {
    maxConnections: positive('maxConnections', options.maxConnections ?? tcpLimits.maxConnections),
    backlog: positive('backlog', options.backlog ?? tcpLimits.backlog),
    exclusive: options.exclusive ?? false,
    ipv6Only: options.ipv6Only ?? false,
    ...(onRefused && { onRefused }),
  }
  const buffer = readBuffer()
  return {
    scheme: 'tcp',
    dial: (address, waitOptions) => dial(address, context, buffer, waitOptions),
    listen: (address, accept, waitOptions) => listen(address, accept, context, settings, waitOptions),
  }
}
