import type { Transport } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { limitsFrom } from '../limits.ts'
import type { SocketContext } from '../socket/connection.ts'
import { readBuffer } from '../socket/read-buffer.ts'
import { Turn } from '../turn.ts'
import { dial } from './dial.ts'
import { listen } from './listener.ts'
import type { TcpOptions } from './options.ts'
import { listenSettings } from './server.ts'

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
  const { clock = systemClock, via } = options
  const context: SocketContext = { ...limitsFrom(options), clock, turn: new Turn() }
  const settings = listenSettings(options)
  const buffer = readBuffer()
  return {
    scheme: 'tcp',
    dial: (address, waitOptions) => dial(address, context, buffer, via, waitOptions),
    listen: (address, accept, waitOptions) => listen(address, accept, context, settings, waitOptions),
  }
}
