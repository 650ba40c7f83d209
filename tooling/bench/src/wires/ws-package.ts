import type { AddressInfo } from 'node:net'
import { type WebSocket as Socket, WebSocket, WebSocketServer } from 'ws'
import { add, type TwoWayPort, type Wire } from '../pair/port.ts'

/** Bytes that a sender has buffered before it waits. */
const mark = 2 ** 20

const portOf = (socket: Socket): TwoWayPort => ({
  burst: async (message, count) => {
    for (let sent = 0; sent < count; sent++) {
      if (socket.bufferedAmount < mark) socket.send(message)
      else await new Promise(resolve => socket.send(message, resolve))
    }
  },
  send: message => socket.send(message),
  count: tally => {
    socket.removeAllListeners('message')
    socket.on('message', () => add(tally, 1))
  },
  each: onMessage => {
    socket.removeAllListeners('message')
    socket.on('message', (data: Buffer) => onMessage(data))
  },
})

/** The `ws` package, a message at a time. */
export const wsPackage: Wire = {
  listen: accept =>
    new Promise(resolve => {
      const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
      server.on('connection', socket => accept(portOf(socket)))
      server.on('listening', () => resolve(String((server.address() as AddressInfo).port)))
    }),
  dial: address =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${address}`)
      socket.once('error', reject)
      socket.once('open', () => resolve(portOf(socket)))
    }),
}
