import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { TransportError } from '../../errors.ts'
import { systemCode, transportError } from '../../socket/system-error.ts'
import type { MessageConnection, MessageSocket } from '../connection.ts'

const unacceptable = 1_003

/** A WebSocket of the `ws` package for a connection. */
export const attach = (socket: WebSocket, stream: Socket, connection: MessageConnection): MessageSocket => {
  const what = `the connection to ${connection.remote}`
  socket.pause()
  // Without another type of binary data asked for it is a Buffer.
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) connection.received(new Uint8Array(data.buffer, data.byteOffset, data.length))
    else connection.refuse(new TransportError('P2P_PROTOCOL_ERROR', `${what}: text has come`), unacceptable)
  })
  socket.on('error', cause => connection.refuse(wsError(what, cause)))
  socket.on('close', code => connection.socketClosed(code))
  return {
    send: (message, sent) =>
      socket.send(message, { binary: true }, error => {
        // Of a write that was under way when the stream broke Node.js says that it has succeeded.
        if (!error && !stream.destroyed) sent()
      }),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: code => socket.close(code),
    terminate: () => socket.terminate(),
  }
}

/** The coded error for one of the system's, of HTTP, or of WebSockets. */
export const wsError = (what: string, cause: Error): TransportError => {
  const error = transportError(what, cause)
  const isProtocol = error.code === 'P2P_CONNECTION_FAILED' || systemCode(cause).startsWith('WS_ERR_')
  return isProtocol ? new TransportError('P2P_PROTOCOL_ERROR', `${what}: ${cause.message}`, { cause }) : error
}
