import type { Address, Connection, Transport, WaitOptions } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'
import { badAddress, TransportError } from '../../errors.ts'
import { limitsFrom, positive } from '../../limits.ts'
import { Turn } from '../../turn.ts'
import { MessageConnection, type MessageContext } from '../connection.ts'
import { wsLimitsFrom } from '../limits.ts'
import { type BrowserWsOptions, receiveLimit } from './options.ts'
import type { PlatformWebSocketClass } from './platform.ts'
import { BrowserSocket } from './socket.ts'

/**
 * The platform's WebSocket. Addresses are `ws://HOST:PORT/PATH`; without a path it is `/`. It dials; to listen is `P2P_NOT_SUPPORTED`.
 *
 * @throws RangeError for a limit that is not above 0
 */
export const ws = (options: BrowserWsOptions = {}): Transport => transport('ws', options)

/** The same over TLS: `wss://HOST:PORT/PATH`. The browser decides which certificates it trusts. */
export const wss = (options: BrowserWsOptions = {}): Transport => transport('wss', options)

const transport = (scheme: 'ws' | 'wss', options: BrowserWsOptions): Transport => {
  const { clock = systemClock } = options
  const context: MessageContext = {
    ...limitsFrom(options),
    clock,
    // There is no telling here when the promises of a turn are done: what is written without waiting in between goes together.
    turn: new Turn(end => queueMicrotask(end)),
    maxPayload: wsLimitsFrom(options).maxPayload,
    receiveLimit: positive('receiveLimit', options.receiveLimit ?? receiveLimit),
  }
  return {
    scheme,
    dial: (address, waitOptions) => dial(scheme, address, context, options.WebSocket, waitOptions),
    listen: address => listen(scheme, address),
  }
}

const grammar =
  /^wss?:\/\/(?:\[[\da-f:.]+\]|[^\s:/?#@[\]\\%]+):([1-9]\d{0,4})(?:\/[\w\-.~!$&'()*+,;=:@%/]*)?$/i

/** The address as the platform writes it. */
const parse = (scheme: string, address: Address): Address => {
  const port = Number(grammar.exec(address)?.[1])
  const mistake = badAddress(scheme, address, `write ${scheme}://HOST:PORT/PATH, an IPv6 address in brackets`)
  if (!address.startsWith(`${scheme}://`) || !(port <= 65_535)) throw mistake
  try {
    // The port is put back where the platform leaves it out because it is the usual one.
    const { hostname, pathname } = new URL(address)
    return `${scheme}://${hostname}:${port}${pathname}` as Address
  } catch {
    throw mistake
  }
}

let anonymous = 0

const dial = async (
  scheme: string,
  address: Address,
  context: MessageContext,
  given: PlatformWebSocketClass | undefined,
  { signal, timeout = context.connectTimeout }: WaitOptions = {},
): Promise<Connection> => {
  const remote = parse(scheme, address)
  const WebSocket = given ?? (globalThis as { WebSocket?: PlatformWebSocketClass }).WebSocket
  if (WebSocket === undefined) throw new TransportError('P2P_NOT_SUPPORTED', 'this platform has no WebSocket')
  const what = `a connection to ${address}`
  const { clock } = context
  return wait<Connection>({ clock, what, signal, timeout }, ({ resolve, reject }) => {
    let connection: Connection | undefined
    const socket = new WebSocket(remote)
    socket.binaryType = 'arraybuffer'
    const onOpen = () => {
      forget()
      const ends = { direction: 'outbound', local: `${scheme}://~${++anonymous}`, remote } as const
      connection = new MessageConnection(ends, context, self => new BrowserSocket(socket, self, clock))
      resolve(connection)
    }
    // By design a page is not told why (WHATWG WebSockets, section 3.2).
    const onClose = () => {
      reject(
        new TransportError('P2P_CONNECTION_REFUSED', `dialling ${address}: the platform does not say why`),
      )
    }
    const forget = () => {
      socket.removeEventListener('open', onOpen)
      socket.removeEventListener('close', onClose)
    }
    socket.addEventListener('open', onOpen)
    socket.addEventListener('close', onClose)
    socket.addEventListener('error', () => undefined)
    return () => {
      if (connection !== undefined) return
      forget()
      socket.close()
    }
  })
}

const listen = async (scheme: string, address: Address): Promise<never> => {
  throw new TransportError(
    'P2P_NOT_SUPPORTED',
    `to listen at ${address}: a browser cannot listen for ${scheme}`,
  )
}
