import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Address, Connection, Listener, WaitOptions } from '@p2p/interfaces'
import { WebSocketServer } from 'ws'
import { Handshakes } from '../../socket/handshakes.ts'
import { admit } from '../../socket/listener.ts'
import { type ListenSettings, serve } from '../../tcp/server.ts'
import type { Security } from '../../tls/options.ts'
import { guard, serverOptions } from '../../tls/shaking.ts'
import { MessageConnection, type MessageContext } from '../connection.ts'
import { parseWsAddress, wsEnds } from './address.ts'
import { attach } from './socket.ts'

/** What listeners for WebSockets need beside the context of their connections. */
export interface WsListenSettings extends ListenSettings {
  readonly handshakeTimeout: number
}

/** Listens at `ws://HOST:PORT/PATH`; with `security`, at `wss://…`. */
export const listen = async (
  address: Address,
  accept: (connection: Connection) => void,
  context: MessageContext,
  settings: WsListenSettings,
  security: Security | undefined,
  { signal, timeout = context.connectTimeout }: WaitOptions = {},
): Promise<Listener> => {
  const scheme = security === undefined ? 'ws' : 'wss'
  const { path, ...endpoint } = parseWsAddress(scheme, address)
  const { clock } = context
  const { handshakeTimeout, onRefused } = settings
  const handshakes = new Handshakes({ clock, handshakeTimeout, onRefused })
  const server = security === undefined ? createHttpServer() : secureServer(address, security, handshakes)
  server.on('request', (_request, response) => {
    response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end()
  })
  const webSockets = new WebSocketServer({
    noServer: true,
    path,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: context.maxPayload,
  })
  server.on('upgrade', (request, socket: Socket, head) => {
    webSockets.handleUpgrade(request, socket, head, webSocket => {
      const ends = wsEnds(scheme, path, socket, 'inbound')
      const connection = new MessageConnection(ends, context, self => attach(webSocket, socket, self))
      if (handshakes.finish(socket) === undefined) connection.abort()
      else admit(connection, accept)
    })
  })
  const onSocket = (socket: Socket) => handshakes.begin(socket)
  const onClose = () => handshakes.close()
  const service = { scheme, address, endpoint, path, clock, onSocket, onClose }
  return serve(server, service, settings, { signal, timeout })
}

const secureServer = (address: Address, security: Security, handshakes: Handshakes): Server => {
  const server = createHttpsServer(serverOptions(address, security))
  const mayGoOn = guard(server, address, security, handshakes)
  server.on('secureConnection', socket => void mayGoOn(socket))
  return server
}
