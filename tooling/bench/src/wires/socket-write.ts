import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { TwoWayPort, Wire } from '../pair/port.ts'

/** One message in flight needs no framing: what comes is one. */
const portOf = (socket: Socket): TwoWayPort => ({
  burst: () => Promise.reject(new Error('it is for one message at a time')),
  send: message => void socket.write(message),
  count: () => undefined,
  each: onMessage => {
    socket.removeAllListeners('data')
    socket.on('data', onMessage)
  },
})

/** A bare `socket.write` for each message, and nothing else. */
export const socketWrite: Wire = {
  listen: accept =>
    new Promise(resolve => {
      const server = createServer({ noDelay: true }, socket => accept(portOf(socket)))
      server.listen(0, '127.0.0.1', () => resolve(String((server.address() as AddressInfo).port)))
    }),
  dial: address =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: Number(address), noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => resolve(portOf(socket)))
    }),
}
