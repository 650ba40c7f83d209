import type { Transport } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { limitsFrom } from '../limits.ts'
import { Joining } from '../socket/joining.ts'
import type { SocketContext } from '../socket/connection.ts'
import { listenSettings } from '../tcp/server.ts'
import { Turn } from '../turn.ts'
import { dial } from './dial.ts'
import { listen } from './listener.ts'
import { securityFrom, type TlsOptions } from './options.ts'
import { hasSocketBeneath } from './own-socket.ts'
import { tlsError } from './tls-error.ts'

/** What Node.js hands out at a time: a record of TLS, RFC 8446, section 5.1. */
const recordLength = 16_384

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
  const buffer = hasSocketBeneath(security.context) ? new Uint8Array(recordLength) : undefined
  return {
    scheme: 'tls',
    dial: (address, waitOptions) => dial(address, context, security, buffer, via, waitOptions),
    listen: (address, accept, waitOptions) =>
      listen(address, accept, context, settings, security, waitOptions),
  }
}
