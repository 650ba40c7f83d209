import type { Transport } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { limitsFrom } from '../../limits.ts'
import { listenSettings } from '../../tcp/server.ts'
import { type Security, securityFrom } from '../../tls/options.ts'
import { Turn } from '../../turn.ts'
import type { MessageContext } from '../connection.ts'
import { wsLimitsFrom } from '../limits.ts'
import { dial } from './dial.ts'
import { listen, type WsListenSettings } from './listener.ts'
import type { WsOptions, WssOptions } from './options.ts'

/**
 * WebSockets over TCP. Addresses are `ws://HOST:PORT/PATH`; without a path it is `/`.
 *
 * @throws RangeError for a limit that is not above 0
 * @example
 * const transport = ws()
 * const listener = await transport.listen('ws://127.0.0.1:0/p2p', connection => connection.onData(() => {}))
 * const connection = await transport.dial(listener.address)
 */
export const ws = (options: WsOptions = {}): Transport => transport(options, undefined)

/**
 * WebSockets over TLS: `wss://HOST:PORT/PATH`, with certificates as `tls()` has them.
 *
 * @throws TransportError `P2P_CERTIFICATE_UNUSABLE`
 * @throws RangeError for a limit that is not above 0
 */
export const wss = (options: WssOptions = {}): Transport => transport(options, securityFrom(options))

const transport = (options: WsOptions, security: Security | undefined): Transport => {
  const { clock = systemClock, via } = options
  const { maxPayload, handshakeTimeout } = wsLimitsFrom(options)
  const context: MessageContext = {
    ...limitsFrom(options),
    clock,
    turn: new Turn(),
    maxPayload,
    // `ws` reads no further while it is paused: what is held is the rest of one read.
    receiveLimit: Infinity,
  }
  const settings: WsListenSettings = { ...listenSettings(options), handshakeTimeout }
  return {
    scheme: security === undefined ? 'ws' : 'wss',
    dial: (address, waitOptions) => dial(address, context, security, via, waitOptions),
    listen: (address, accept, waitOptions) =>
      listen(address, accept, context, settings, security, waitOptions),
  }
}
